internal import FleetModel

/// What the rule that matches says, with the defaults where it is silent; the defaults alone where none matches.
struct RuleInForce {
    let tier: Tier
    let rateLimit: RateLimit
    let blastRadius: BlastRadius
    let window: MaintenanceWindow?
    let approvals: Int
    let expires: WallTime?
    let reference: RuleReference

    init(_ policy: Policy, for proposal: Proposal, at now: WallTime) {
        guard let index = policy.indexOfRule(matching: proposal, at: now) else {
            tier = policy.defaults.tier
            rateLimit = policy.defaults.rateLimit
            blastRadius = policy.defaults.blastRadius
            window = nil
            approvals = 1
            expires = nil
            reference = .defaults
            return
        }
        // Field by field, so that the rule is not copied as a whole.
        tier = policy.rules[index].tier
        rateLimit = policy.rules[index].rateLimit ?? policy.defaults.rateLimit
        blastRadius = policy.rules[index].blastRadius ?? policy.defaults.blastRadius
        window = policy.rules[index].window
        approvals = policy.rules[index].approvals
        expires = policy.rules[index].expires
        reference = RuleReference(id: policy.rules[index].id, origin: policy.rules[index].origin)
    }
}

/// Every check of one decision, measured whether or not it settles the matter.
struct Checks {
    /// The numbers as the ledger keeps them; its hold is one that is in force.
    let reported: DecisionChecks
    let rate: BudgetUse
    let blast: BudgetUse

    init(_ key: ActionKey, rule: RuleInForce, ledger: LedgerView, hold: Hold?, now: WallTime) {
        (rate, blast) = ledger.use(of: key, rateLimit: rule.rateLimit, blastRadius: rule.blastRadius, now: now)
        reported = DecisionChecks(
            hold: hold.flatMap { $0.isInForce(at: now) ? $0 : nil }, rateUsed: rate.used, rateLimit: rule.rateLimit,
            blastUsed: blast.used, blastRadius: rule.blastRadius, window: rule.window,
            windowOpen: rule.window?.contains(now) ?? true)
    }
}
