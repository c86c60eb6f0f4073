/// What the gate counts budgets from: the spends of one scope (real or dry-run) up to a known entry of the ledger.
///
/// A spend is an entry of the ledger that allowed an action, whether by a rule or by a granted approval, and whose
/// action was not cancelled before it was dispatched.
package struct LedgerView: Sendable {
    /// Sequence of the newest entry counted in; 0 for an empty ledger. A commit is refused when the ledger moved on.
    package var head: Int
    private var spends: [ActionKey: [WallTime]]
    private var lastSpendByKind: [ActionKind: [String: WallTime]]

    package init(head: Int, spends: [(key: ActionKey, at: WallTime)] = []) {
        self.head = head
        self.spends = [:]
        self.lastSpendByKind = [:]
        for spend in spends { record(spend.key, at: spend.at) }
    }

    /// Counts one more spend in, so that later proposals of the same tick see it.
    package mutating func record(_ key: ActionKey, at time: WallTime) {
        spends[key, default: []].append(time)
        let last = lastSpendByKind[key.kind, default: [:]][key.target]
        lastSpendByKind[key.kind, default: [:]][key.target] = last.map { max($0, time) } ?? time
    }

    /// Spends of this kind and target later than `now - windowSeconds`, in no order.
    package func spends(_ key: ActionKey, windowSeconds: Int, now: WallTime) -> [WallTime] {
        guard let times = spends[key] else { return [] }
        let start = now.adding(seconds: -windowSeconds)
        return times.filter { $0 > start }
    }

    /// The last spend of each target of this kind later than `now - windowSeconds`.
    package func targets(_ kind: ActionKind, windowSeconds: Int, now: WallTime) -> [String: WallTime] {
        guard let last = lastSpendByKind[kind] else { return [:] }
        let start = now.adding(seconds: -windowSeconds)
        return last.filter { $0.value > start }
    }
}
