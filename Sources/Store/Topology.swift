package import FleetModel

/// One Muster process on this store, as it last reported itself.
package struct Instance: Sendable, Equatable {
    /// `host/pid/…`, the `holder` of its terms.
    package var id: String
    package var version: String
    package var startedAt: WallTime
    /// By the store's clock.
    package var heartbeatAt: WallTime
    package var isLeader: Bool

    package init(id: String, version: String, startedAt: WallTime, heartbeatAt: WallTime, isLeader: Bool) {
        self.id = id
        self.version = version
        self.startedAt = startedAt
        self.heartbeatAt = heartbeatAt
        self.isLeader = isLeader
    }
}

/// One change of leadership.
package struct ElectionRecord: Sendable, Equatable {
    package var term: Term
    package var at: WallTime
    /// `ElectionReason` as text, and what was seen: who led before, how old its heartbeat was.
    package var reason: String
    package var detail: String

    package init(term: Term, at: WallTime, reason: String, detail: String) {
        self.term = term
        self.at = at
        self.reason = reason
        self.detail = detail
    }
}

package struct Topology: Sendable, Equatable {
    /// In the order of their ids; those that have not reported for a day are left out.
    package var instances: [Instance]
    /// The newest elections, newest first, at most 20.
    package var elections: [ElectionRecord]
    /// The term in force; nil when it was given back or never taken.
    package var leader: Term?

    package init(instances: [Instance] = [], elections: [ElectionRecord] = [], leader: Term? = nil) {
        self.instances = instances
        self.elections = elections
        self.leader = leader
    }
}

package protocol TopologyStore: Sendable {
    func topology() async throws(StoreError) -> Topology
}

/// Something that another process on the same store did. Carries no facts: what happened is read anew.
package enum StoreNotice: String, Sendable, CaseIterable {
    /// A vote.
    case approval
    /// A submission.
    case proposal
    case hold
    case policy
    /// An event was taken in (issue 4).
    case event
    /// Gauges were pushed.
    case signal
    /// A term was given back or taken.
    case leader
    /// The loop committed: decisions, approvals, actions, outcomes.
    case change
}

package protocol NoticeStore: Sendable {
    /// What other processes did since the call, the newest of each kind; also `change` once after a connection that
    /// may have missed some was made anew. A store that one process owns has nothing to tell. Ends with `close`.
    func notices() -> AsyncStream<StoreNotice>
}
