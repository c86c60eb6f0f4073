/// What kind of action is asked for. Open: policies may name kinds that no actuator carries out.
package struct ActionKind: RawRepresentable, Hashable, Sendable, Comparable, CustomStringConvertible {
    package let rawValue: String

    package init(rawValue: String) {
        self.rawValue = rawValue
    }

    package static let restartService = ActionKind(rawValue: "restart_service")
    package static let scaleService = ActionKind(rawValue: "scale_service")
    package static let deployService = ActionKind(rawValue: "deploy_service")
    package static let rollbackService = ActionKind(rawValue: "rollback_service")
    package static let stopService = ActionKind(rawValue: "stop_service")
    package static let redeployStack = ActionKind(rawValue: "redeploy_stack")

    /// The kinds that the built-in actuators carry out (contract, Policy).
    package static let builtIn: [ActionKind] = [
        .deployService, .redeployStack, .restartService, .rollbackService, .scaleService, .stopService,
    ]

    /// The parameter of `redeploy_stack` that names the stack's docker host; a service's host stands in the registry.
    package static let hostParameter = "host"

    package static func < (lhs: ActionKind, rhs: ActionKind) -> Bool { lhs.rawValue < rhs.rawValue }

    package var description: String { rawValue }
}

package enum ProposalSource: String, Sendable, CaseIterable {
    case reconciler
    case autoscaler
    case playbook
    case deployWatch = "deploy_watch"
    case manual
}

/// An action's kind and target: what at most one pending approval and one running action exists for.
package struct ActionKey: Hashable, Sendable, Comparable {
    package var kind: ActionKind
    package var target: String

    package init(kind: ActionKind, target: String) {
        self.kind = kind
        self.target = target
    }

    package static func < (lhs: ActionKey, rhs: ActionKey) -> Bool {
        (lhs.target, lhs.kind) < (rhs.target, rhs.kind)
    }
}

/// An action asked for. Nothing has judged it yet.
package struct Proposal: Hashable, Sendable {
    package var kind: ActionKind
    package var target: String
    package var params: JSONObject
    package var source: ProposalSource
    package var reason: String
    /// `ServiceSpec.digest` of the target when the proposal was made; empty for a target that is no service.
    package var desiredDigest: String
    /// `Observation.evidence` of the target when the proposal was made; empty where nothing was seen.
    package var evidence: String
    /// Who asks, for a manual proposal: `local` or a principal's name.
    package var requestedBy: String?

    package init(
        kind: ActionKind, target: String, params: JSONObject = JSONObject(), source: ProposalSource, reason: String,
        desiredDigest: String = "", evidence: String = "", requestedBy: String? = nil
    ) {
        self.kind = kind
        self.target = target
        self.params = params
        self.source = source
        self.reason = reason
        self.desiredDigest = desiredDigest
        self.evidence = evidence
        self.requestedBy = requestedBy
    }

    package var key: ActionKey { ActionKey(kind: kind, target: target) }

    /// SHA-256 over what a person's consent is for: kind, target, params, the desired digest and the evidence.
    package var consentDigest: String {
        let consent: JSONValue = [
            "kind": .string(kind.rawValue), "target": .string(target), "params": .object(params),
            "desired": .string(desiredDigest), "evidence": .string(evidence),
        ]
        return Digest.sha256(consent.canonical)
    }
}
