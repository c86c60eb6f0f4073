package import FleetModel

extension ScalingEvaluation {
    /// For `GET /api/fleet/services/{name}/scaling` and the page. Numbers that were not needed are null.
    package var json: JSONValue {
        let numbers = arithmetic
        let guardian: JSONValue =
            if case .stopped(let guardian) = verdict { .string(guardian.description) } else { .null }
        return .object(
            JSONObject(unique: [
                ("service", .string(service)), ("verdict", .string(verdict.word)), ("reason", guardian),
                ("value", sample.map { .number($0.value) } ?? .null), ("unit", JSONValue(sample?.unit)),
                ("sampled_at", JSONValue(sample?.at)), ("basis", JSONValue(numbers?.basis.rawValue)),
                ("current", JSONValue(numbers?.current)), ("effective", JSONValue(numbers?.effective)),
                ("per_replica", numbers?.perReplica.map { .number($0) } ?? .null),
                ("target", numbers.map { .number($0.target) } ?? .null),
                ("wanted", JSONValue(numbers?.wanted)), ("min", JSONValue(numbers?.minimum)),
                ("max", JSONValue(numbers?.maximum)), ("bounded", JSONValue(numbers?.clamped)),
                ("desired", JSONValue(numbers?.desired)),
                (
                    "streak",
                    memory.streak.map {
                        ["direction": .string($0.direction.rawValue), "samples": .integer($0.samples)]
                    } ?? .null
                ),
                ("lost_since", JSONValue(memory.lostSince)),
            ]))
    }
}
