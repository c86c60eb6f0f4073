internal import FleetModel

/// What the matching rule says, with the defaults where it is silent; the defaults alone where none matches.
struct RuleInForce {
    let tier: Tier
    let rateLimit: RateLimit
    let blastRadius: BlastRadius
    let window: MaintenanceWindow?
    let approvals: Int
    let expires: WallTime?
    let reference: RuleReference

    init(_ policy: Policy, index: Int?) {
        guard let index else {
            tier = policy.defaults.tier
            rateLimit = policy.defaults.rateLimit
            blastRadius = policy.defaults.blastRadius
            window = nil
            approvals = 1
            expires = nil
            reference = .defaults
            return
        }
        let rule = policy.rules[index]
        tier = rule.tier
        rateLimit = rule.rateLimit ?? policy.defaults.rateLimit
        blastRadius = rule.blastRadius ?? policy.defaults.blastRadius
        window = rule.window
        approvals = rule.approvals
        expires = rule.expires
        reference = RuleReference(id: rule.id, origin: rule.origin)
    }
}

extension Policy {
    /// The first rule whose kind, target and source match and that has not expired; a rule expires at its `expires`.
    func indexOfRule(matching proposal: Proposal, at now: WallTime) -> Int? {
        var kind = proposal.kind.rawValue
        var target = proposal.target
        var source = proposal.source.rawValue
        return kind.withUTF8 { kind in
            target.withUTF8 { target in
                source.withUTF8 { source in
                    rules.firstIndex { rule in
                        rule.kind.matches(utf8: kind) && rule.target.matches(utf8: target)
                            && rule.source.matches(utf8: source) && !(rule.expires.map { now >= $0 } ?? false)
                    }
                }
            }
        }
    }
}

/// Every check of one decision, measured whether or not it settles the matter.
struct Checks {
    let hold: Hold?
    let rate: BudgetUse
    let rateLimit: RateLimit
    let blast: BudgetUse
    let blastRadius: BlastRadius
    let window: MaintenanceWindow?
    let windowOpen: Bool

    init(_ key: ActionKey, rule: RuleInForce, ledger: LedgerView, hold: Hold?, now: WallTime) {
        self.hold = hold.flatMap { $0.isInForce(at: now) ? $0 : nil }
        rateLimit = rule.rateLimit
        blastRadius = rule.blastRadius
        (rate, blast) = ledger.use(of: key, rateLimit: rateLimit, blastRadius: blastRadius, now: now)
        window = rule.window
        windowOpen = rule.window?.contains(now) ?? true
    }

    var reported: DecisionChecks {
        DecisionChecks(
            hold: hold, rateUsed: rate.used, rateLimit: rateLimit, blastUsed: blast.used, blastRadius: blastRadius,
            window: window, windowOpen: windowOpen)
    }
}
