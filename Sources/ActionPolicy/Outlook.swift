internal import FleetModel

/// When the same proposal would be let through with nothing but the time changed.
struct Outlook {
    let proposal: Proposal
    let policy: Policy
    let ledger: LedgerView
    let hold: Hold?

    /// The first time at or after `start`; nil when time alone will not do it.
    ///
    /// A rule that expires hands over to the next one that matches, so each is asked about its own time only: a
    /// freeze that ends at noon lets through at noon what the rule behind it lets through.
    func earliest(from start: WallTime) -> WallTime? {
        var time = start
        while true {
            let rule = RuleInForce(policy, index: policy.indexOfRule(matching: proposal, at: time))
            let admitted = earliest(from: time, under: rule)
            guard let expires = rule.expires, admitted.map({ $0 >= expires }) ?? true else { return admitted }
            time = expires
        }
    }

    /// Budgets and holds only free themselves as time goes by, so the last of them settles the time from which the
    /// window is looked for.
    private func earliest(from start: WallTime, under rule: RuleInForce) -> WallTime? {
        guard rule.tier == .auto || rule.tier == .autoNotify else { return nil }
        let checks = Checks(proposal.key, rule: rule, ledger: ledger, hold: hold, now: start)
        guard let rateFrees = checks.rate.freesAt, let blastFrees = checks.blast.freesAt else { return nil }
        var time = max(rateFrees, blastFrees)
        if let hold = checks.hold {
            guard let until = hold.until else { return nil }
            time = max(time, until)
        }
        guard let window = checks.window else { return time }
        return window.nextOpening(after: time)
    }
}
