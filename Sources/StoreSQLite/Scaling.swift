package import FleetModel
internal import GRDB
package import Store

extension SQLiteStore {
    package func keep(gauges: [SignalSample], at now: WallTime) async throws(StoreError) -> [Bool] {
        try await write(raisesRevision: false) { db in
            try db.run("DELETE FROM gauges WHERE at < ?", [now.adding(seconds: -86_400).milliseconds])
            return try gauges.map { sample in
                try db.run(
                    """
                    INSERT INTO gauges (service, signal, at, value, unit, aggregation, source)
                    VALUES (?, ?, ?, ?, ?, ?, ?)
                    ON CONFLICT (service, signal) DO UPDATE SET at = excluded.at, value = excluded.value,
                        unit = excluded.unit, aggregation = excluded.aggregation, source = excluded.source
                    WHERE excluded.at > gauges.at
                    """,
                    [
                        sample.service, sample.signal, sample.at.milliseconds, sample.value, sample.unit,
                        sample.aggregation.rawValue, sample.source.stored,
                    ])
                return db.changesCount == 1
            }
        }
    }

    package func gauges(since: WallTime) async throws(StoreError) -> [SignalSample] {
        try await read { db in
            try db.rows(
                """
                SELECT service, signal, at, value, unit, aggregation, source FROM gauges WHERE at > ?
                ORDER BY service, signal
                """, [since.milliseconds]
            ).map { try SignalSample(row: $0) }
        }
    }

    package func scalingPoints(
        service: String, since: WallTime, limit: Int
    ) async throws(StoreError) -> [ScalingPoint] {
        try await read { db in
            try db.rows(
                """
                SELECT service, at, value, current, desired, verdict, reason, dry_run FROM scaling_points
                WHERE service = ? AND at >= ? ORDER BY at DESC LIMIT ?
                """, [service, since.milliseconds, limit]
            ).reversed().map { row in
                ScalingPoint(
                    service: row[0], at: WallTime(milliseconds: row[1]), value: row[2], current: row[3],
                    desired: row[4], verdict: row[5], reason: row[6], dryRun: row[7])
            }
        }
    }
}

extension SignalSample {
    fileprivate init(row: Row) throws(StoreError) {
        let (service, signal): (String, String) = (row[0], row[1])
        guard let aggregation = SignalAggregation(rawValue: row[5]), let source = SignalSource(stored: row[6]) else {
            throw StoreError.corrupt("table `gauges`, row `\(service)/\(signal)` makes no sense")
        }
        self.init(
            service: service, signal: signal, value: row[3], unit: row[4], aggregation: aggregation, source: source,
            at: WallTime(milliseconds: row[2]))
    }
}

extension ScalingMemoryChange {
    /// What was not written for so long is of a service that is no longer scaled.
    private static let keptSeconds = 30 * 86_400

    func write(_ db: Database, at now: WallTime) throws {
        try db.run("DELETE FROM scaling_state WHERE at < ?", [now.adding(seconds: -Self.keptSeconds).milliseconds])
        try db.run(
            "INSERT OR REPLACE INTO scaling_state (service, dry_run, at, body) VALUES (?, ?, ?, ?)",
            [key.service, key.dryRun, now.milliseconds, memory.stored.canonical])
    }

    static func fetchAll(_ db: Database) throws -> [ScalingKey: ScalingMemory] {
        var memories: [ScalingKey: ScalingMemory] = [:]
        for row in try db.rows("SELECT service, dry_run, body FROM scaling_state") {
            let service: String = row[0]
            let body = try StoredBody(table: "scaling_state", id: service, text: row[2])
            guard let memory = ScalingMemory(stored: .object(body.object)) else {
                throw StoreError.corrupt("table `scaling_state`, row `\(service)` makes no sense")
            }
            memories[ScalingKey(service: service, dryRun: row[1])] = memory
        }
        return memories
    }
}

extension ScalingPoint {
    static func insert(_ points: [ScalingPoint], _ db: Database, at now: WallTime) throws {
        guard !points.isEmpty else { return }
        try db.run("DELETE FROM scaling_points WHERE at < ?", [now.adding(seconds: -keptSeconds).milliseconds])
        for point in points {
            try db.run(
                """
                INSERT OR REPLACE INTO scaling_points
                (service, at, dry_run, value, current, desired, verdict, reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                """,
                [
                    point.service, point.at.milliseconds, point.dryRun, point.value, point.current, point.desired,
                    point.verdict, point.reason,
                ])
        }
    }
}
