internal import ActionPolicy
package import FleetModel
internal import Store

/// What the tick does with one proposal of the plan. Every case has its reason in words (`description`).
///
/// Indirect, so that a storm of deferred proposals costs no more than its names.
package indirect enum Judgement: Sendable {
    /// Gated now. `replaces` is the pending approval that this decision takes the place of, and why.
    case decided(Verdict, replaces: Replacement?)
    /// A person has been asked for the same already; the proposal is counted as seen again.
    case pending(Approval, Verdict)
    /// A person has been asked for it in another shape: the same approval now asks for this, its votes cleared.
    case updated(Approval, Verdict, String)
    /// A person has granted it; it is on its way.
    case granted(Approval)
    /// A person denied it a while ago, and nothing observed has changed since.
    case cooling(Approval, until: WallTime)
    /// The same was tried and failed; it is tried again after one interval, not as fast as it fails.
    case backingOff(Action, until: WallTime)
    /// Carried out in dry run already, and nothing observed has changed since: the fleet cannot follow a rehearsal.
    case rehearsed(Action)
    /// Decided before, and the same decision would be made again: nothing new to record.
    case standing(Verdict)
    /// Beyond the storm guard's limit: looked at in a later tick.
    case deferred

    package struct Replacement: Sendable {
        package var approval: Approval
        package var reason: String
    }
}

package struct JudgedProposal: Sendable {
    package var proposal: Proposal
    package var judgement: Judgement
}

/// Puts the plan's proposals through the policy, in the plan's order, until the storm guard's limit.
///
/// Only what is new costs a place under the limit: a proposal that already waits for a person, was denied, or would
/// be decided as before is passed over, so that standing ones never starve the rest.
package enum Gate {
    /// `spent` is what the same tick lets through already, for granted approvals: it counts in the budgets.
    package static func judge(_ inputs: TickInputs, spent: [ActionKey] = []) -> [JudgedProposal] {
        var ledger = inputs.ledger
        for key in spent { ledger.record(key, at: inputs.now) }
        var admitted = 0
        let approvals = Dictionary(
            inputs.working.openApprovals.map { ($0.proposal.key, $0) }, uniquingKeysWith: { first, _ in first })
        return inputs.proposals.map { proposal in
            let open = approvals[proposal.key]
            if admitted == inputs.settings.maximumActions, open == nil, !isKnown(proposal, inputs) {
                return JudgedProposal(proposal: proposal, judgement: .deferred)
            }
            var judgement = judge(proposal, open, inputs, ledger)
            if case .decided(let verdict, _) = judgement {
                if admitted == inputs.settings.maximumActions {
                    judgement = .deferred
                } else {
                    admitted += 1
                    if verdict.kind.allows { ledger.record(proposal.key, at: inputs.now) }
                }
            }
            return JudgedProposal(proposal: proposal, judgement: judgement)
        }
    }

    /// Whether anything was decided or done before that could make the proposal more than merely deferred.
    private static func isKnown(_ proposal: Proposal, _ inputs: TickInputs) -> Bool {
        inputs.working.lastDecisions[proposal.key] != nil || inputs.working.denials[proposal.key] != nil
            || inputs.working.lastActions[proposal.target] != nil
    }

    /// The policy's word on one proposal, with every check.
    package static func verdict(_ proposal: Proposal, _ inputs: TickInputs, ledger: LedgerView? = nil) -> Verdict {
        ActionPolicy.decide(
            proposal, policy: inputs.policy, ledger: ledger ?? inputs.ledger, hold: inputs.hold(for: proposal),
            now: inputs.now)
    }

    private static func judge(
        _ proposal: Proposal, _ open: Approval?, _ inputs: TickInputs, _ ledger: LedgerView
    ) -> Judgement {
        let verdict = verdict(proposal, inputs, ledger: ledger)
        if let open, open.status != .pending { return .granted(open) }
        if let open, open.expiresAt > inputs.now { return judge(proposal, pending: open, verdict) }
        if proposal.source == .autoscaler, inputs.settings.isDryRun,
            let last = inputs.working.lastActions[proposal.target], last.dryRun, last.state == .succeeded,
            last.proposal.consentDigest == proposal.consentDigest
        {
            return .rehearsed(last)
        }
        if let failed = inputs.working.lastActions[proposal.target], failed.state == .failed,
            failed.proposal.consentDigest == proposal.consentDigest, failed.dryRun == inputs.settings.isDryRun,
            let ended = failed.finishedAt
        {
            let until = ended.adding(seconds: inputs.settings.intervalSeconds)
            if inputs.now < until { return .backingOff(failed, until: until) }
        }
        if verdict.kind == .queueApproval, let denial = inputs.working.denials[proposal.key],
            denial.proposal.evidence == proposal.evidence, let deniedAt = denial.resolvedAt
        {
            let until = deniedAt.adding(seconds: inputs.settings.denyCooldownSeconds)
            if inputs.now < until { return .cooling(denial, until: until) }
        }
        if verdict.kind == .deny, let last = inputs.working.lastDecisions[proposal.key], last.verdict == .deny,
            last.policyDigest == inputs.policy.digest, last.dryRun == inputs.settings.isDryRun,
            last.consentDigest == proposal.consentDigest
        {
            return .standing(verdict)
        }
        return .decided(verdict, replaces: nil)
    }

    /// A pending approval stays while a person is still to be asked for the very same thing. It makes way when the
    /// policy now lets the action run or forbids it, or when what would be consented to has changed.
    private static func judge(_ proposal: Proposal, pending open: Approval, _ verdict: Verdict) -> Judgement {
        let isSame = open.proposal.consentDigest == proposal.consentDigest
        if open.proposal.source == .manual, !isSame { return .pending(open, verdict) }
        switch verdict.kind {
        case .allow, .allowNotify:
            let replacement = Judgement.Replacement(
                approval: open, reason: "the policy lets it run now: rule `\(verdict.rule.id)`")
            return .decided(verdict, replaces: replacement)
        case .deny:
            switch verdict.reason {
            case .rateLimitUsedUp where isSame: return .pending(open, verdict)
            default:
                return .decided(
                    verdict, replaces: .init(approval: open, reason: "no longer allowed: \(verdict.reason)"))
            }
        case .queueApproval:
            if isSame { return .pending(open, verdict) }
            // The load moves on while a person thinks: one approval follows it, instead of one after the other.
            if proposal.source == .autoscaler, open.proposal.source == .autoscaler {
                return .updated(open, verdict, changes(from: open.proposal, to: proposal))
            }
            return .decided(
                verdict, replaces: .init(approval: open, reason: changes(from: open.proposal, to: proposal)))
        }
    }

    /// What is different from what the person was asked about.
    private static func changes(from old: Proposal, to new: Proposal) -> String {
        if old.params != new.params {
            return "changed: the parameters are now \(JSONValue.object(new.params).canonical)"
        }
        if old.desiredDigest != new.desiredDigest { return "changed: the registry entry is another one now" }
        return "changed: what was observed is another thing now (\(new.evidence))"
    }
}

extension Judgement: CustomStringConvertible {
    package var description: String {
        switch self {
        case .decided(let verdict, _), .standing(let verdict): verdict.reason.description
        case .pending(let approval, _): "waits for a person: \(approval.id)"
        case .updated(let approval, _, let reason): "waits for a person: \(approval.id), \(reason)"
        case .granted(let approval): "granted, on its way: \(approval.id)"
        case .cooling(let denial, let until):
            "\(denial.resolution ?? "denied"); not asked again before \(until) unless what is observed changes"
        case .backingOff(let action, let until):
            "failed at \(action.finishedAt?.rfc3339 ?? "?") (\(action.id)); tried again after \(until)"
        case .rehearsed(let action):
            "carried out in dry run at \(action.finishedAt?.rfc3339 ?? "?") (\(action.id)); "
                + "nothing observed has changed since"
        case .deferred: "beyond the storm guard's limit for one tick; looked at in a later one"
        }
    }
}
