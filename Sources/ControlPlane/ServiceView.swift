internal import Autoscaler
package import FleetModel
internal import Store

extension Observation {
    package var json: JSONValue {
        .object(
            JSONObject(unique: [
                ("condition", .string(condition.word)), ("detail", JSONValue(condition.detail)),
                ("source", .string(source.rawValue)), ("at", .string(at.rfc3339)), ("since", .string(since.rfc3339)),
                ("runtime", JSONValue(runtime?.rawValue)), ("id", JSONValue(runtimeID)),
                ("name", JSONValue(runtimeName)), ("image", JSONValue(image)),
                (
                    "replicas",
                    replicas.map { ["running": .integer($0.running), "wanted": .integer($0.wanted)] } ?? .null
                ),
                ("started_at", JSONValue(startedAt)), ("restart_count", JSONValue(restartCount)),
                ("stack", JSONValue(stack)),
            ]))
    }
}

/// One service as `GET /api/fleet/services` shows it: wanted, seen, what follows, and why.
enum ServiceView {
    static func json(index: Int, _ inputs: TickInputs) -> JSONValue {
        let spec = inputs.desired.services[index]
        let outcome = inputs.plan.outcomes[index]
        let observation = inputs.snapshot[spec.name]
        let hold = inputs.holds.hold(service: spec.name, domain: spec.domain)
        return .object(
            JSONObject(unique: [
                ("name", .string(spec.name)), ("domain", JSONValue(spec.domain)), ("desired", spec.json),
                ("observed", observation?.json ?? unobserved), ("divergence", divergence(outcome, inputs)),
                ("hold", hold?.json ?? .null), ("replicas_owner", .string(spec.replicasOwner.rawValue)),
                ("replicas_reason", .string(replicasReason(spec, observation, inputs))),
                ("scaling", inputs.scaling.evaluation[spec.name]?.json ?? .null),
                ("last_action", inputs.working.lastActions[spec.name]?.json ?? .null),
                ("open_action", openAction(spec.name, inputs)), ("line", .integer(spec.line)),
            ]))
    }

    private static let unobserved: JSONValue = [
        "condition": "unknown", "detail": .string(UnknownCause.notObserved.description),
    ]

    private static func divergence(_ outcome: Outcome, _ inputs: TickInputs) -> JSONValue {
        guard case .proposed(let index) = outcome else {
            return ["status": .string(outcome.word), "reason": .string(outcome.description)]
        }
        let proposal = inputs.plan.proposals[index]
        return [
            "status": .string(outcome.word), "reason": .string(proposal.reason),
            "kind": .string(proposal.kind.rawValue), "params": .object(proposal.params),
        ]
    }

    private static func replicasReason(
        _ spec: ServiceSpec, _ observation: Observation?, _ inputs: TickInputs
    ) -> String {
        switch spec.replicasOwner {
        case .autoscaler:
            let bounds = spec.scaling.map { "\($0.minimum)-\($0.maximum)" } ?? ""
            let owner = "the `scaling:` block owns it; the reconciler keeps it within \(bounds)"
            guard let evaluation = inputs.scaling.evaluation[spec.name] else { return owner }
            return "\(owner); \(inputs.scaling.evaluation.reason(of: evaluation))"
        case .registry: return "the registry wants \(spec.replicas ?? 0)"
        case .nobody:
            let wanted = observation?.replicas.map { "; \($0.wanted) run as they were started" } ?? ""
            return "neither `replicas` nor `scaling` is set\(wanted)"
        }
    }

    private static func openAction(_ name: String, _ inputs: TickInputs) -> JSONValue {
        inputs.working.openActions.first { $0.proposal.target == name }?.json ?? .null
    }
}
