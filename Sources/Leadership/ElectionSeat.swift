package import FleetModel

/// What an election is held on: one session with the shared database, its lock, and the rows beside it.
///
/// `PostgresSeat` is the real one. Each exchange answers or fails within a bounded time, whatever the network does.
/// One exchange is under way at a time, but for `resign`, `disconnect` and `connect`, which may come in its midst:
/// the last two break it off. Failures are of the exchange; whether its work took effect is then not known.
package protocol ElectionSeat: Sendable {
    /// Ends the session that was there, lock and all, and makes a new one. The stream says what happens on it without
    /// being asked, and ends with it.
    func connect() async throws(SeatError) -> AsyncStream<SeatSignal>

    /// Reports this instance, tries for the lock once per session, and where it is held takes the next term.
    func campaign(_ campaign: Campaign) async throws(SeatError) -> CampaignOutcome

    /// Renews the lease of `term`, if this session still is its holder's.
    func beat(_ term: Term) async throws(SeatError) -> BeatOutcome

    /// Ends the sessions that keep this one from leading, if they still do and still may be ended.
    func overthrow(_ blocker: Blocker) async throws(SeatError) -> OverthrowOutcome

    /// Takes this instance off the list, and gives `term` back so that the next one need not wait.
    func resign(_ term: Term?) async throws(SeatError)

    /// Ends the session; the lock goes with it. Does nothing when there is none.
    func disconnect() async
}

package enum SeatSignal: Sendable, Equatable {
    /// Another instance took a term or gave one back.
    case leadershipMoved
    /// The session has ended by itself; the text says why.
    case broken(String)
}

/// Either way the session is given up and a new one made.
package enum SeatError: Error, Sendable, Equatable {
    /// No session can be had, it broke, or no answer came in time.
    case unreachable(String)
    /// The server said no: tables or rights are missing, it is a standby, or the like.
    case refused(String)
}

/// What a candidate knows that decides how its term is recorded.
package struct Campaign: Sendable, Equatable {
    /// The last term of this process, which it has given up.
    package var ownTerm: Term?
    /// The instance whose sessions this candidate has ended.
    package var overthrown: String?

    package init(ownTerm: Term? = nil, overthrown: String? = nil) {
        self.ownTerm = ownTerm
        self.overthrown = overthrown
    }
}

package enum CampaignOutcome: Sendable, Equatable {
    case won(Won)
    case lost(Lost)
}

package struct Won: Sendable, Equatable {
    package var tenure: Tenure
    /// Whose lease may still run; nil when nobody led before or the term before was given back.
    package var predecessor: Sighting?

    package init(tenure: Tenure, predecessor: Sighting?) {
        self.tenure = tenure
        self.predecessor = predecessor
    }
}

package struct Lost: Sendable, Equatable {
    /// The newest term that was not given back, and its holder's heartbeat.
    package var leader: Sighting?
    package var blocker: Blocker

    package init(leader: Sighting?, blocker: Blocker) {
        self.leader = leader
        self.blocker = blocker
    }
}

/// A leader as the database shows it.
package struct Sighting: Sendable, Equatable {
    package var term: Term
    /// By the database's clock; nil when the newest one may be missing here (`ElectionReason.promoted`).
    package var heartbeat: WallTime?
    /// From the heartbeat to the answer, by the database's clock.
    package var age: Duration
    /// The leader's own.
    package var lease: Duration

    package init(term: Term, heartbeat: WallTime?, age: Duration, lease: Duration) {
        self.term = term
        self.heartbeat = heartbeat
        self.age = age
        self.lease = lease
    }
}

/// What stands between a candidate and the next term.
package enum Blocker: Sendable, Equatable {
    /// The lock is held by the election session of this instance, whose heartbeat is so old.
    case instance(String, heartbeatAge: Duration, lease: Duration)
    /// The lock is held by a session that its instance has replaced by a newer one.
    case forsaken(pid: Int32, name: String)
    /// The lock is this session's, but an open transaction of this instance, the last leader, keeps the row.
    case row(String)
    /// The lock is held by a session that is no instance's.
    case foreign(pid: Int32, name: String)
}

package enum BeatOutcome: Sendable, Equatable {
    case kept
    case lost(BeatLoss)
}

package enum BeatLoss: Sendable, Equatable {
    /// The newest term is another's.
    case displaced(by: Term)
    /// The database is another than the one that the term was taken on.
    case otherDatabase
    /// The statement ran in another server process than the one with the lock: a pooler is in between.
    case otherSession
    /// The row of the leader, or of this instance, is not there.
    case noRow
}

package enum OverthrowOutcome: Sendable, Equatable {
    /// How many sessions were ended; 0 when they were gone, or alive again after all.
    case ended(Int)
    /// The server does not let this role end them.
    case notPermitted(String)
}
