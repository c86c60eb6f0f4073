package import FleetModel

/// Whether this process leads: asked by the loop at each tick, and by the executor right before each command.
///
/// docs/leadership.md has the protocol. Two kinds exist: `SoleCandidacy` for the embedded store, whose owner always
/// leads, and `Elector`, which stands for election against the other instances on the same database.
package protocol Candidacy: Sendable {
    /// Never waits.
    var standing: Standing { get }

    /// `standing`, after having tried to better it where that takes no election: what each tick begins with.
    func stand() async -> Standing

    /// Whether a command may be begun under `term` now: it is the term held, its trust window is open, and what was
    /// left of the previous leader's lease has passed. Never waits. A wake follows when a `false` may have become
    /// `true`.
    func mayDispatch(_ term: Term) -> Bool

    /// The store refused `term` as stale: it is given up, and stood for again.
    func lose(_ term: Term, reason: String)

    /// Stands for election until cancelled, and has each change of `standing` wake the loop. Returns at once where
    /// there is nothing to run.
    func run() async

    /// Gives the term back, so that another may lead at once; for the end of the process, when nothing runs any more.
    func resign() async
}

package enum Standing: Sendable, Equatable {
    case leading(Tenure)
    /// Another leads, as far as is known; nil while nobody does.
    case following(Term?)
    /// Neither: without a database nobody can tell. The text says why.
    case barred(String)

    package var tenure: Tenure? {
        if case .leading(let tenure) = self { tenure } else { nil }
    }
}

/// One term of this process, and how it came to it.
package struct Tenure: Sendable, Equatable {
    package var term: Term
    package var since: WallTime
    package var reason: ElectionReason

    package init(term: Term, since: WallTime, reason: ElectionReason) {
        self.term = term
        self.since = since
        self.reason = reason
    }
}

/// Why leadership changed: a small closed set, since it labels a metric. docs/leadership.md says what each means.
package enum ElectionReason: String, Sendable, CaseIterable {
    /// This process owns the embedded store.
    case sole
    /// Nobody led before.
    case first
    /// The leader gave its term back.
    case resigned
    /// The leader's session ended: its process died or its connection broke.
    case released
    /// The leader's heartbeat was older than its lease; its sessions were ended.
    case expired
    /// This process had lost its own term and won the next one.
    case regained
    /// The database is another than before, or was promoted: its past may lack what was done (docs/leadership.md).
    case promoted
}
