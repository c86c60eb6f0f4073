package import FleetModel

/// The one gate: every proposal, whoever makes it, becomes an action, an approval or nothing by this function.
///
/// It reads nothing but its arguments, so a decision can be replayed from the ledger. Rules and order are the
/// contract's (Policy).
package enum ActionPolicy {
    /// Judges one proposal at `now`. Never lets through what no rule and no default lets through.
    ///
    /// - Parameters:
    ///   - ledger: the spends of the scope that the action would run in. The caller records each allowed spend in it
    ///     before it asks about the next proposal of the same tick.
    ///   - hold: the hold that covers the target, if there is one; it counts while it is in force.
    package static func decide(
        _ proposal: Proposal, policy: Policy, ledger: LedgerView, hold: Hold?, now: WallTime
    ) -> Verdict {
        let rule = RuleInForce(policy, for: proposal, at: now)
        let checks = Checks(proposal.key, rule: rule, ledger: ledger, hold: hold, now: now)
        let (kind, reason) = judge(tier: rule.tier, checks)
        let earliest =
            kind.allows
            ? now : Outlook(proposal: proposal, policy: policy, ledger: ledger, hold: hold).earliest(from: now)
        return Verdict(
            kind: kind, reason: reason, tier: rule.tier, rule: rule.reference, approvalsNeeded: rule.approvals,
            checks: checks.reported, earliest: earliest)
    }

    /// Judges a proposal that people have approved, when its action is about to be dispatched. Budgets and windows
    /// do not stop what a person said yes to, but their numbers are reported and the spend counts. A hold stops it,
    /// and so does a rule that forbids it by now.
    package static func decideApproved(
        _ proposal: Proposal, by people: [String], policy: Policy, ledger: LedgerView, hold: Hold?, now: WallTime
    ) -> Verdict {
        let rule = RuleInForce(policy, for: proposal, at: now)
        let checks = Checks(proposal.key, rule: rule, ledger: ledger, hold: hold, now: now)
        let (kind, reason): (VerdictKind, VerdictReason) =
            if let hold = checks.reported.hold {
                (.deny, .held(hold))
            } else if rule.tier == .forbidden {
                (.deny, .tier(.forbidden))
            } else if people.isEmpty {
                (.deny, .failedClosed("the approval names nobody who approved"))
            } else {
                (.allow, .approved(by: people))
            }
        return Verdict(
            kind: kind, reason: reason, tier: rule.tier, rule: rule.reference, approvalsNeeded: rule.approvals,
            checks: checks.reported, earliest: kind.allows ? now : nil)
    }

    /// The rule that judges this proposal at `now`; nil where the defaults do.
    package static func matchingRule(for proposal: Proposal, policy: Policy, now: WallTime) -> PolicyRule? {
        policy.indexOfRule(matching: proposal, at: now).map { policy.rules[$0] }
    }

    /// The contract's order. Budgets and windows settle nothing where a person is asked anyway.
    private static func judge(tier: Tier, _ checks: Checks) -> (VerdictKind, VerdictReason) {
        if let hold = checks.reported.hold { return (.deny, .held(hold)) }
        switch tier {
        case .forbidden: return (.deny, .tier(tier))
        case .approvalRequired: return (.queueApproval, .tier(tier))
        case .auto, .autoNotify:
            if checks.rate.isUsedUp {
                return (.deny, .rateLimitUsedUp(checks.reported.rateLimit, used: checks.rate.used))
            }
            if checks.blast.isUsedUp {
                return (.queueApproval, .blastRadiusUsedUp(checks.reported.blastRadius, used: checks.blast.used))
            }
            if !checks.reported.windowOpen, let window = checks.reported.window {
                return (.queueApproval, .outsideWindow(window))
            }
            return (tier == .auto ? .allow : .allowNotify, .tier(tier))
        }
    }
}
