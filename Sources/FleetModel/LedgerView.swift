/// What the gate counts budgets from: the spends of one scope (real or dry-run) up to a known entry of the ledger.
///
/// A spend is an entry of the ledger that allowed an action, whether by a rule or by a granted approval, and whose
/// action was not cancelled before it was dispatched. A spend made at `t` counts in a window of `w` seconds while
/// `now < t + w`.
package struct LedgerView: Sendable {
    /// Sequence of the newest entry counted in; 0 for an empty ledger. A commit is refused when the ledger moved on.
    package var head: Int
    private var kinds: [ActionKind: KindSpends]

    /// The spends of one kind. `lastByTarget` holds the last element of each list in `byTarget`; both kinds of list
    /// are sorted, so that what lies in a window is counted by bisection.
    fileprivate struct KindSpends: Sendable {
        var byTarget: [String: [WallTime]] = [:]
        var lastByTarget: [WallTime] = []
    }

    package init(head: Int, spends: [(key: ActionKey, at: WallTime)] = []) {
        self.head = head
        self.kinds = [:]
        for spend in spends { record(spend.key, at: spend.at) }
    }

    /// Counts one more spend in, so that later proposals of the same tick see it.
    package mutating func record(_ key: ActionKey, at time: WallTime) {
        kinds[key.kind, default: KindSpends()].record(key.target, at: time)
    }

    /// Spends of this kind and target later than `now - windowSeconds`, oldest first.
    package func spends(_ key: ActionKey, windowSeconds: Int, now: WallTime) -> [WallTime] {
        guard let times = kinds[key.kind]?.byTarget[key.target] else { return [] }
        return Array(times[times.firstIndex(after: now.adding(seconds: -windowSeconds))...])
    }

    /// The last spend of each target of this kind later than `now - windowSeconds`.
    package func targets(_ kind: ActionKind, windowSeconds: Int, now: WallTime) -> [String: WallTime] {
        guard let spends = kinds[kind] else { return [:] }
        let start = now.adding(seconds: -windowSeconds)
        return spends.byTarget.compactMapValues { times in times.last.flatMap { $0 > start ? $0 : nil } }
    }
}

/// How much of one budget is used, and from when on there is room for one spend more.
package struct BudgetUse: Hashable, Sendable {
    package var used: Int
    /// No room for the spend that was asked about.
    package var isUsedUp: Bool
    /// `now` while there is room; nil when the budget is 0 and never has any.
    package var freesAt: WallTime?

    package init(used: Int, isUsedUp: Bool, freesAt: WallTime?) {
        self.used = used
        self.isUsedUp = isUsedUp
        self.freesAt = freesAt
    }
}

extension LedgerView {
    /// Both budgets of one proposal at `now`. The rate limit counts the spends of its kind and target. The blast
    /// radius counts the distinct targets of its kind; a target that is among them already does not add one.
    package func use(
        of key: ActionKey, rateLimit: RateLimit, blastRadius: BlastRadius, now: WallTime
    ) -> (rate: BudgetUse, blast: BudgetUse) {
        guard let spends = kinds[key.kind] else {
            return (
                LedgerView.use([], from: 0, room: rateLimit.maximum, rateLimit.windowSeconds, now),
                LedgerView.use([], from: 0, room: blastRadius.maximumTargets, blastRadius.windowSeconds, now)
            )
        }
        let own = spends.byTarget[key.target] ?? []
        let rateStart = own.firstIndex(after: now.adding(seconds: -rateLimit.windowSeconds))
        let rate = LedgerView.use(own, from: rateStart, room: rateLimit.maximum, rateLimit.windowSeconds, now)

        let blastWindowStart = now.adding(seconds: -blastRadius.windowSeconds)
        let last = spends.lastByTarget
        let blastStart = last.firstIndex(after: blastWindowStart)
        if let ownLast = own.last, ownLast > blastWindowStart {
            return (rate, BudgetUse(used: last.count - blastStart, isUsedUp: false, freesAt: now))
        }
        let room = blastRadius.maximumTargets
        return (rate, LedgerView.use(last, from: blastStart, room: room, blastRadius.windowSeconds, now))
    }

    /// `times[first...]` lie in the window. There is room again once so many of the oldest have left it that fewer
    /// than `room` are in it.
    private static func use(
        _ times: [WallTime], from first: Int, room: Int, _ windowSeconds: Int, _ now: WallTime
    ) -> BudgetUse {
        let used = times.count - first
        if used < room { return BudgetUse(used: used, isUsedUp: false, freesAt: now) }
        let freesAt = room > 0 ? times[times.count - room].adding(seconds: windowSeconds) : nil
        return BudgetUse(used: used, isUsedUp: true, freesAt: freesAt)
    }
}

extension LedgerView.KindSpends {
    fileprivate mutating func record(_ target: String, at time: WallTime) {
        let previous = byTarget[target]?.last
        byTarget[target, default: []].insertSorted(time)
        guard previous.map({ $0 < time }) ?? true else { return }
        if let previous { lastByTarget.remove(at: lastByTarget.firstIndex(after: previous) - 1) }
        lastByTarget.insertSorted(time)
    }
}

extension [WallTime] {
    /// In a sorted array, the index of the first element later than `time`.
    fileprivate func firstIndex(after time: WallTime) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if self[middle] > time { high = middle } else { low = middle + 1 }
        }
        return low
    }

    /// Spends come nearly in order, so the place is nearly always the end.
    fileprivate mutating func insertSorted(_ time: WallTime) {
        if let last, last > time {
            insert(time, at: firstIndex(after: time))
        } else {
            append(time)
        }
    }
}
