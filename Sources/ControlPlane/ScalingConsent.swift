internal import Autoscaler
internal import FleetModel

/// Whether what the autoscaler once asked for is still what it would ask for: held against the newest evaluation.
enum ScalingConsent {
    /// Nil while it holds or nothing can be said; else why it ended.
    static func ended(_ approval: Approval, _ inputs: TickInputs) -> Verdict {
        let target = approval.proposal.target
        guard let spec = inputs.desired[target] else { return .ended("`\(target)` is no longer in the registry") }
        guard spec.scaling != nil else { return .ended("`\(target)` has no valid `scaling:` block any more") }
        guard inputs.settings.autoscalerEnabled else {
            return .ended("the autoscaler is switched off (`FLEET_AUTOSCALER`)")
        }
        guard let evaluation = inputs.scaling.evaluation[target] else { return .unclear }
        switch evaluation.verdict {
        case .proposed(let index):
            // A pending one is brought up to date by the gate; a granted one was granted as it stands.
            let current = inputs.scaling.evaluation.proposals[index]
            if approval.status == .approved, current.consentDigest != approval.proposal.consentDigest {
                return .ended("changed since it was granted: \(current.reason)")
            }
            return .holds
        case .stopped(let guardian): return verdict(guardian, approval, inputs)
        }
    }

    enum Verdict {
        case holds
        case unclear
        case ended(String)
    }

    private static func verdict(_ guardian: ScalingGuard, _ approval: Approval, _ inputs: TickInputs) -> Verdict {
        switch guardian {
        // Nothing is known that speaks for or against it: it neither goes nor is carried out.
        case .unobserved, .noData, .busy, .coolingDown, .stabilizing, .budgetUsedUp: .unclear
        case .withinDeadband, .atTarget:
            .ended("the load no longer asks for it after \(inputs.now.seconds(since: approval.createdAt)) s")
        case .down, .absent, .stopped, .notScalable, .otherRuntime, .held, .zeroByHand, .outOfBounds, .paused,
            .scaledByPerson,
            .scaledOutside:
            .ended("no longer proposed: \(guardian)")
        }
    }

    /// Why a planned scaling that nobody has begun is not to begin any more: the entry or the service is another one.
    /// The value it was planned for is not asked again, or a scaling would never outlast the next sample.
    static func endedReason(_ action: Action, _ inputs: TickInputs) -> String? {
        guard let spec = inputs.desired[action.proposal.target] else {
            return "`\(action.proposal.target)` is no longer in the registry"
        }
        guard spec.digest == action.proposal.desiredDigest else {
            return "changed since it was planned: the registry entry is another one now"
        }
        guard let seen = inputs.snapshot[action.proposal.target], seen.condition.word != "unknown" else { return nil }
        return seen.evidence == action.proposal.evidence
            ? nil : "changed since it was planned: what was observed is another thing now (\(seen.evidence))"
    }
}
