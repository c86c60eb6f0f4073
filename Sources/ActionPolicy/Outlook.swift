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
            let rule = RuleInForce(policy, for: proposal, at: time)
            let admitted = earliest(from: time, under: rule)
            guard let expires = rule.expires, admitted.map({ $0 >= expires }) ?? true else { return admitted }
            time = expires
        }
    }

    /// Steps from check to check until one time passes them all. One step is not enough: by the time that the rate
    /// limit frees itself or the window opens, the target's own last spend may have left the blast radius, and then
    /// the target has to find room in it anew. That happens once, so a few steps suffice.
    private func earliest(from start: WallTime, under rule: RuleInForce) -> WallTime? {
        guard rule.tier == .auto || rule.tier == .autoNotify else { return nil }
        var time = start
        while true {
            let checks = Checks(proposal.key, rule: rule, ledger: ledger, hold: hold, now: time)
            guard let rateFrees = checks.rate.freesAt, let blastFrees = checks.blast.freesAt else { return nil }
            var next = max(rateFrees, blastFrees)
            if let hold = checks.reported.hold {
                guard let until = hold.until else { return nil }
                next = max(next, until)
            }
            if let window = rule.window {
                guard let opening = window.nextOpening(after: next) else { return nil }
                next = opening
            }
            if next == time { return time }
            time = next
        }
    }
}
