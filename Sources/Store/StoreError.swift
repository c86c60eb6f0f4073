/// Why the store did not do what it was asked. Each case says what the caller does about it.
package enum StoreError: Error, Equatable, Sendable {
    /// Not reachable, full, read-only or closed: nothing was written; try again later.
    case unavailable(String)
    /// A newer term exists: step down.
    case staleTerm(current: Int)
    /// The ledger has entries that the decisions were not made from: read again, decide again.
    case ledgerMoved(head: Int)
    /// Something is not in the state expected of it: read again, decide again.
    case conflict(String)
    /// A cursor or id that the store did not hand out: the request is wrong.
    case badRequest(String)
    /// What is stored does not make sense: give up and say so.
    case corrupt(String)
    /// Another process owns the data directory; the text names it.
    case locked(String)
    /// Written by a newer Muster: give up and say so.
    case newerSchema(found: String)
}

extension StoreError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unavailable(let message): "the store is not available: \(message)"
        case .staleTerm(let current): "a newer term exists (epoch \(current))"
        case .ledgerMoved(let head): "the ledger has moved on to entry \(head)"
        case .conflict(let message): message
        case .badRequest(let message): message
        case .corrupt(let message): "the store is corrupt: \(message)"
        case .locked(let holder): "the data directory is in use by \(holder)"
        case .newerSchema(let found): "the store was written by a newer Muster (migration `\(found)`)"
        }
    }
}
