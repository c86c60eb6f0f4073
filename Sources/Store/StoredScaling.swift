package import FleetModel

// What the autoscaler's tables hold, from their rows and into their bodies. Numbers stand in the bodies, as JSON.

extension ScalingMemoryChange {
    package static let columns = "service, dry_run, at, body"

    /// What was not written for so long is of a service that is no longer scaled.
    package static func oldestKept(at now: WallTime) -> WallTime { now.adding(seconds: -30 * 86_400) }

    package init(row: some StoredRow) throws(StoreError) {
        let service = try row.text("service")
        let body = try StoredBody(table: "scaling_state", id: service, text: row.text("body"))
        let key = ScalingKey(service: service, dryRun: try row.flag("dry_run"))
        self.init(key: key, memory: try ScalingMemory(stored: body))
    }

    package var storedBody: String {
        func time(_ time: WallTime?) -> JSONValue { time?.stored ?? .null }
        let streak: JSONValue =
            memory.streak.map { streak in
                [
                    "direction": .string(streak.direction.rawValue), "samples": .integer(streak.samples),
                    "counted_at": streak.countedAt.stored,
                ]
            } ?? .null
        let outside: JSONValue =
            memory.outside.map { ["replicas": .integer($0.replicas), "noticed_at": $0.noticedAt.stored] } ?? .null
        let body: JSONValue = [
            "streak": streak, "newest_sample_at": time(memory.newestSampleAt), "lost_since": time(memory.lostSince),
            "replicas": JSONValue(memory.replicas), "outside": outside,
        ]
        return body.canonical
    }
}

extension ScalingMemory {
    fileprivate init(stored body: StoredBody) throws(StoreError) {
        self.init(
            newestSampleAt: try body.optionalTime("newest_sample_at"), lostSince: try body.optionalTime("lost_since"),
            replicas: body.object["replicas"]?.integer)
        if body.object["streak"]?.isNull == false {
            let part = try body.part("streak")
            streak = ScalingStreak(
                direction: try part.word("direction"), samples: try part.integer("samples"),
                countedAt: try part.time("counted_at"))
        }
        if body.object["outside"]?.isNull == false {
            let part = try body.part("outside")
            outside = OutsideScaling(replicas: try part.integer("replicas"), noticedAt: try part.time("noticed_at"))
        }
    }
}

extension ScalingPoint {
    package static let columns = "service, at, dry_run, body"

    package static func oldestKept(at now: WallTime) -> WallTime { now.adding(seconds: -keptSeconds) }

    package init(row: some StoredRow) throws(StoreError) {
        let service = try row.text("service")
        let body = try StoredBody(table: "scaling_points", id: service, text: row.text("body"))
        self.init(
            service: service, at: try row.time("at"), value: body.object["value"]?.number,
            current: body.object["current"]?.integer, desired: body.object["desired"]?.integer,
            verdict: try body.string("verdict"), reason: try body.string("reason"), dryRun: try row.flag("dry_run"))
    }

    package var storedBody: String {
        let body: JSONValue = [
            "value": value.map { .number($0) } ?? .null, "current": JSONValue(current),
            "desired": JSONValue(desired), "verdict": .string(verdict), "reason": .string(reason),
        ]
        return body.canonical
    }
}

extension SignalSample {
    package static let gaugeColumns = "service, signal, at, body"

    package static func oldestGaugeKept(at now: WallTime) -> WallTime { now.adding(seconds: -86_400) }

    package init(row: some StoredRow) throws(StoreError) {
        let service = try row.text("service")
        let body = try StoredBody(table: "gauges", id: service, text: row.text("body"))
        self.init(
            service: service, signal: try row.text("signal"),
            value: try body.require("value", body.object["value"]?.number), unit: try body.string("unit"),
            aggregation: try body.word("aggregation"),
            source: try body.require("source", SignalSource(stored: try body.string("source"))),
            at: try row.time("at"))
    }

    package var storedGauge: String {
        let body: JSONValue = [
            "value": .number(value), "unit": .string(unit), "aggregation": .string(aggregation.rawValue),
            "source": .string(source.stored),
        ]
        return body.canonical
    }

    /// The positions of those to be kept of one request: of each service and signal the newest, of equals the first.
    /// In the order of service and signal, in which all writers lock the rows.
    package static func newest(_ samples: [SignalSample]) -> [Int] {
        var newest: [String: Int] = [:]
        for (index, sample) in samples.enumerated() {
            let key = sample.service + "\n" + sample.signal
            if let other = newest[key], samples[other].at >= sample.at { continue }
            newest[key] = index
        }
        return newest.sorted { $0.key < $1.key }.map(\.value)
    }
}

extension SignalSource {
    /// `pushed:` stands before a name of any form.
    fileprivate var stored: String {
        switch self {
        case .pushed(let name): "pushed:" + name
        case .prometheus, .own, .supposed: description
        }
    }

    fileprivate init?(stored: String) {
        switch stored {
        case "prometheus": self = .prometheus
        case "muster": self = .own
        case "supposed": self = .supposed
        default:
            guard stored.hasPrefix("pushed:") else { return nil }
            self = .pushed(by: String(stored.dropFirst(7)))
        }
    }
}
