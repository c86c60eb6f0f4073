package import FleetModel

/// What an election says of itself, for the log and for a standing that is barred.
package enum ElectionRemark: Sendable, Equatable {
    /// Nothing is dispatched for the first while: someone from before may be acting until then.
    case elected(Tenure, waits: Duration)
    case steppedDown(Term, StepDownReason)
    case resigns(Term)
    case overthrew(Blocker, sessions: Int)
    case mayNotOverthrow(Blocker, String)
    case foreignLock(pid: Int32, name: String)
    case cannotStand(SeatError)
}

/// Why a term was given up.
package enum StepDownReason: Sendable, Equatable {
    /// No heartbeat was confirmed in time: the process stood still, or the database did.
    case lapsed
    case lost(BeatLoss)
    /// The session ended, or an exchange on it failed.
    case broken(SeatError)
    case refusedByStore(String)
}

extension ElectionRemark: CustomStringConvertible {
    package var description: String {
        switch self {
        case .elected(let tenure, let waits):
            "leads as of epoch \(tenure.term.epoch) (\(tenure.reason.rawValue))"
                + (waits > .zero
                    ? "; nothing is begun for \(waits.inMilliseconds) ms, the rest of the lease before" : "")
        case .steppedDown(let term, let reason): "stepped down from epoch \(term.epoch): \(reason)"
        case .resigns(let term): "gives epoch \(term.epoch) back"
        case .overthrew(let blocker, let sessions): "ended \(sessions) sessions: \(blocker)"
        case .mayNotOverthrow(let blocker, let reason):
            "cannot end what keeps the lock, \(blocker): \(reason); end its process or its session by hand"
        case .foreignLock(let pid, let name):
            "the lock of the election is held by server process \(pid) (`\(name)`), which is no instance's session"
        case .cannotStand(let error): "\(error)"
        }
    }
}

extension StepDownReason: CustomStringConvertible {
    package var description: String {
        switch self {
        case .lapsed: "no heartbeat was confirmed in time"
        case .lost(let loss): "\(loss)"
        case .broken(let error): "\(error)"
        case .refusedByStore(let reason): reason
        }
    }
}

extension BeatLoss: CustomStringConvertible {
    package var description: String {
        switch self {
        case .displaced(let term): "`\(term.holder)` has epoch \(term.epoch)"
        case .otherDatabase: "the database is another than the term was taken on"
        case .otherSession:
            "the session's server process changed under it; `STATE_DB_URI` must not lead through a pooler in "
                + "transaction mode"
        case .noRow: "the rows of this leadership are gone from the database"
        }
    }
}

extension SeatError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unreachable(let message), .refused(let message): message
        }
    }
}

extension Blocker: CustomStringConvertible {
    package var description: String {
        switch self {
        case .instance(let id, let age, let lease):
            "the heartbeat of `\(id)` is \(age.inMilliseconds) ms old with a lease of \(lease.inMilliseconds) ms"
        case .forsaken(let pid, let name): "server process \(pid) is a session that `\(name)` has replaced"
        case .row(let id): "an open transaction of `\(id)`, which led before, keeps the row of the leader"
        case .foreign(let pid, let name): "server process \(pid) (`\(name)`) is no instance's session"
        }
    }
}
