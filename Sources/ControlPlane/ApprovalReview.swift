internal import ActionPolicy
package import FleetModel

/// What becomes of an open approval in a tick.
package enum ApprovalFate: Sendable {
    /// Still as it was; a granted one may be waiting for evidence.
    case stays
    case expires
    /// What was consented to no longer holds.
    case withdrawn(String)
    /// Granted, and everything consented to still holds.
    case carriedOut(Verdict)
}

/// Consent is for what was seen: holds each open approval against the plan, the holds and the policy of this tick.
///
/// A source that fails to answer neither withdraws an approval nor carries one out.
package enum ApprovalReview {
    package static func fate(of approval: Approval, _ inputs: TickInputs) -> ApprovalFate {
        guard approval.status == .pending || (approval.status == .approved && approval.actionID == nil) else {
            return .stays
        }
        if inputs.now >= approval.expiresAt { return approval.status == .pending ? .expires : .withdrawn(tooLate) }
        if approval.dryRun != inputs.settings.isDryRun {
            return .withdrawn("asked for while the actuator was `\(approval.dryRun ? "dryrun" : "docker")`")
        }
        if let hold = inputs.hold(for: approval.proposal) {
            return .withdrawn(hold.asReason)
        }
        let consent =
            approval.proposal.source == .manual ? manualConsent(approval, inputs) : plannedConsent(approval, inputs)
        switch consent {
        case .ended(let reason): return .withdrawn(reason)
        case .unclear: return .stays
        case .holds: return judge(approval, inputs)
        }
    }

    private static let tooLate = "granted, but it could not be carried out before it expired"

    private enum Consent {
        case holds
        /// No evidence either way: wait.
        case unclear
        case ended(String)
    }

    private static func judge(_ approval: Approval, _ inputs: TickInputs) -> ApprovalFate {
        guard approval.status == .approved else {
            let verdict = Gate.verdict(approval.proposal, inputs)
            return verdict.tier == .forbidden ? .withdrawn("newly forbidden: rule `\(verdict.rule.id)`") : .stays
        }
        let people = approval.votes.filter { $0.decision == .approved }.map(\.by)
        let verdict = ActionPolicy.decideApproved(
            approval.proposal, by: people, policy: inputs.policy, ledger: inputs.ledger,
            hold: inputs.hold(for: approval.proposal), now: inputs.now)
        return verdict.kind == .deny ? .withdrawn("no longer allowed: \(verdict.reason)") : .carriedOut(verdict)
    }

    /// What the loop proposed by itself holds while the plan still proposes the very same. A pending one that the
    /// plan proposes in another shape is replaced by the gate, not here.
    private static func plannedConsent(_ approval: Approval, _ inputs: TickInputs) -> Consent {
        let proposal = approval.proposal
        guard let outcome = inputs.outcome(of: proposal.target) else {
            return .ended("`\(proposal.target)` is no longer in the registry")
        }
        switch outcome {
        case .unknown, .waiting, .inFlight: return .unclear
        case .held(let hold): return .ended(hold.asReason)
        case .inSync:
            return .ended("recovered after \(inputs.now.seconds(since: approval.createdAt)) s")
        case .blocked(let cause): return .ended("no longer proposed: \(cause)")
        case .proposed(let index):
            let current = inputs.plan.proposals[index]
            if current.kind != proposal.kind { return .ended("changed: `\(current.kind)` is proposed instead") }
            if approval.status == .approved, current.consentDigest != proposal.consentDigest {
                return .ended("changed since it was asked for: \(current.reason)")
            }
            return .holds
        }
    }

    /// What a person asked for holds while the entry and the thing that runs are the ones they saw.
    private static func manualConsent(_ approval: Approval, _ inputs: TickInputs) -> Consent {
        let proposal = approval.proposal
        if proposal.kind == .redeployStack {
            let isSame = (inputs.desired.entry(for: proposal)?.digest ?? "") == proposal.desiredDigest
            return isSame ? .holds : .ended("changed: the docker host is another one now")
        }
        guard let spec = inputs.desired[proposal.target] else {
            return .ended("`\(proposal.target)` is no longer in the registry")
        }
        guard spec.digest == proposal.desiredDigest else {
            return .ended("changed: the registry entry is another one now")
        }
        guard let seen = inputs.snapshot[proposal.target] else { return .unclear }
        if case .unknown(.sourceFailed) = seen.condition { return .unclear }
        let isSameThing = identity(seen.evidence) == identity(proposal.evidence) || proposal.evidence.isEmpty
        return isSameThing ? .holds : .ended("changed: another container or service stands there now")
    }

    /// Runtime and id: the first two words of `Observation.evidence`.
    private static func identity(_ evidence: String) -> [Substring] {
        Array(evidence.split(separator: " ").prefix(2))
    }
}
