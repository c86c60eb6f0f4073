package import FleetModel

/// What the autoscaler keeps: gauges that were pushed, and the history that a plot needs. Its memory and the last
/// scalings come with the working set and are written by the tick's commit.
package protocol ScalingStore: Sendable {
    /// Keeps each sample unless one of the same service and signal that is as new or newer is there: a gauge posted
    /// again, or overtaken on its way, changes nothing. Answers which were kept, in the order given.
    ///
    /// Anybody's to call, so it takes no term. Does not raise `revision`: gauges come often and change nothing of what
    /// a working set holds. Gauges older than a day are dropped.
    func keep(gauges: [SignalSample], at now: WallTime) async throws(StoreError) -> [Bool]

    /// The newest gauge of each service and signal that was measured later than `since`.
    func gauges(since: WallTime) async throws(StoreError) -> [SignalSample]

    /// The points of one service from `since` on, oldest first; of more than `limit` the newest.
    func scalingPoints(service: String, since: WallTime, limit: Int) async throws(StoreError) -> [ScalingPoint]
}

/// A service in one scope: dry run keeps its own memory and its own cooldowns.
package struct ScalingKey: Hashable, Sendable {
    package var service: String
    package var dryRun: Bool

    package init(service: String, dryRun: Bool) {
        self.service = service
        self.dryRun = dryRun
    }
}

package struct ScalingMemoryChange: Sendable, Equatable {
    package var key: ScalingKey
    package var memory: ScalingMemory

    package init(key: ScalingKey, memory: ScalingMemory) {
        self.key = key
        self.memory = memory
    }
}

/// One evaluation of one service, as a plot shows it. Kept for a day.
package struct ScalingPoint: Sendable, Equatable {
    package static let keptSeconds = 86_400

    package var service: String
    package var at: WallTime
    package var value: Double?
    package var current: Int?
    package var desired: Int?
    /// `ScalingVerdict.word`
    package var verdict: String
    package var reason: String
    package var dryRun: Bool

    package init(
        service: String, at: WallTime, value: Double?, current: Int?, desired: Int?, verdict: String, reason: String,
        dryRun: Bool
    ) {
        self.service = service
        self.at = at
        self.value = value
        self.current = current
        self.desired = desired
        self.verdict = verdict
        self.reason = reason
        self.dryRun = dryRun
    }
}

/// A pending approval of the autoscaler that a newer evaluation asks for in another shape: it stays the same approval,
/// and the votes that were for something else are gone. Refused as `conflict` unless it is pending with `from` as its
/// proposal's consent digest.
package struct ApprovalUpdate: Sendable, Equatable {
    package var id: String
    package var from: String
    package var proposal: Proposal
    package var tier: Tier
    package var rule: RuleReference
    package var approvalsNeeded: Int
    /// What changed, and how many votes went with it.
    package var resolution: String

    package init(
        id: String, from: String, proposal: Proposal, tier: Tier, rule: RuleReference, approvalsNeeded: Int,
        resolution: String
    ) {
        self.id = id
        self.from = from
        self.proposal = proposal
        self.tier = tier
        self.rule = rule
        self.approvalsNeeded = approvalsNeeded
        self.resolution = resolution
    }
}

extension Approval {
    /// As it is after the update: seen once more, its votes cleared.
    package func updated(_ update: ApprovalUpdate, at now: WallTime) -> Approval {
        var approval = self
        approval.proposal = update.proposal
        approval.tier = update.tier
        approval.rule = update.rule
        approval.approvalsNeeded = update.approvalsNeeded
        approval.votes = []
        approval.resolution = update.resolution
        approval.lastSeenAt = now
        approval.seenCount += 1
        return approval
    }

    /// The same, where it is still what the update was made for.
    package mutating func apply(_ update: ApprovalUpdate, at now: WallTime) throws(StoreError) {
        guard status == .pending, proposal.consentDigest == update.from else {
            throw StoreError.conflict("approval `\(id)` is no longer pending as it was read")
        }
        self = updated(update, at: now)
    }
}

extension Proposal {
    /// Sets how many replicas there are: what cooldowns count from. A person's stop is a scaling to 0.
    package var isScaling: Bool {
        kind == .scaleService || (kind == .stopService && source == .manual)
    }
}
