package import FleetModel

/// What is posted to `POST /api/fleet/signals`, held against the registry. Pure: each item is either a sample or has a
/// reason why it is none.
package struct PushedSignals: Sendable {
    package struct Item: Sendable {
        package var service: String?
        package var signal: String?
        package var outcome: Result<SignalSample, Refusal>
    }

    package struct Refusal: Error, Equatable, Sendable, CustomStringConvertible {
        package var description: String
    }

    /// So many samples in one request.
    package static let mostItems = 1000

    package private(set) var items: [Item]

    /// `body` is one sample, or `{"signals": [sample, …]}`. Throws when it is neither.
    package init(
        _ body: JSONObject, by person: String, desired: DesiredState, reader: SignalReader, now: WallTime
    ) throws(Refusal) {
        let values: [JSONValue]
        if let list = body["signals"] {
            guard body.names == ["signals"], let array = list.array, !array.isEmpty else {
                throw Refusal(description: "`signals` must be a list of samples, and stand alone")
            }
            values = array
        } else {
            values = [.object(body)]
        }
        guard values.count <= PushedSignals.mostItems else {
            throw Refusal(description: "at most \(PushedSignals.mostItems) samples are taken at once")
        }
        items = values.map { value in
            Item(
                service: value["service"]?.string?.escapedForDisplay(maximumLength: 80),
                signal: value["signal"]?.string?.escapedForDisplay(maximumLength: 80),
                outcome: PushedSignals.sample(value, by: person, desired, reader, now))
        }
    }

    package var samples: [SignalSample] { items.compactMap { try? $0.outcome.get() } }

    private static let fields: Set = ["service", "signal", "value", "unit", "aggregation", "at"]

    private static func sample(
        _ value: JSONValue, by person: String, _ desired: DesiredState, _ reader: SignalReader, _ now: WallTime
    ) -> Result<SignalSample, Refusal> {
        func refuse(_ text: String) -> Result<SignalSample, Refusal> { .failure(Refusal(description: text)) }
        guard let object = value.object else { return refuse("a sample must be an object") }
        if let unknown = object.names.first(where: { !fields.contains($0) }) {
            return refuse("unknown field `\(unknown.escapedForDisplay(maximumLength: 80))`")
        }
        guard let service = object["service"]?.string, let signal = object["signal"]?.string else {
            return refuse("`service` and `signal` are required")
        }
        guard desired.index(of: service) != nil else { return refuse("the service is not in the registry") }
        guard let definition = desired.signals[signal] else { return refuse("no such signal is defined") }
        guard reader.isPushed(definition) else { return refuse("the signal is read from Prometheus here") }
        guard let number = object["value"]?.number else { return refuse("`value` must be a number") }
        var at = now
        if let text = object["at"] {
            guard let time = text.string.flatMap({ WallTime(rfc3339: $0) }) else {
                return refuse("`at` must be a time such as `2026-01-31T06:00:00Z`")
            }
            at = time
        }
        var sample = SignalSample(
            service: service, signal: signal, value: number, unit: definition.unit,
            aggregation: definition.aggregation, source: .pushed(by: person), at: at)
        if let unit = object["unit"] { sample.unit = unit.string ?? "?" }
        if let aggregation = object["aggregation"] {
            guard let known = aggregation.string.flatMap(SignalAggregation.init(rawValue:)) else {
                return refuse("`aggregation` must be `fleet_total` or `per_replica`")
            }
            sample.aggregation = known
        }
        if let problem = definition.problem(with: sample, service: service, now: now) {
            return refuse(problem.description.escapedForDisplay(maximumLength: 200))
        }
        return .success(sample)
    }
}
