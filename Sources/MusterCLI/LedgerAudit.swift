package import FleetModel

/// Walks the ledger's hash chain as the API lists it, newest first, and computes every hash anew, so that what the
/// daemon says of its own ledger is not believed but checked.
package struct LedgerAudit: Sendable {
    package enum Finding: Equatable, Sendable {
        case intact(entries: Int, head: String)
        /// The first bad entry, the one with the lowest number, and what is wrong with it.
        case broken(sequence: Int, problem: String)
    }

    /// What the entry above, read just before, says of the next one down; no hash where it could not be read.
    private var expected: (sequence: Int, hash: String?)?
    private var head: (sequence: Int, hash: String)?
    /// Replaced as the walk goes down: the lowest bad number is the first bad entry.
    private var problem: (sequence: Int, text: String)?

    package init() {}

    /// Takes entries in the order of the API: the newest first.
    package mutating func add(_ entries: [JSONValue]) {
        for entry in entries { add(entry) }
    }

    /// Called once all entries were added.
    package func finding() -> Finding {
        if let expected, expected.sequence > 0 {
            return .broken(sequence: 1, problem: "entries 1 to \(expected.sequence) are missing")
        }
        if let problem { return .broken(sequence: problem.sequence, problem: problem.text) }
        return .intact(entries: head?.sequence ?? 0, head: head?.hash ?? LedgerEntry.genesis)
    }

    private mutating func add(_ entry: JSONValue) {
        guard case .object(var body) = entry, let sequence = body["sequence"]?.integer,
            let hash = body["hash"]?.string, let previousHash = body["prev_hash"]?.string
        else {
            let number = expected?.sequence ?? 0
            problem = (number, "the entry has no `sequence`, `hash` or `prev_hash`")
            expected = expected.map { ($0.sequence - 1, nil) }
            return
        }
        if head == nil { head = (sequence, hash) }
        for name in ["sequence", "hash", "prev_hash"] { body[name] = nil }
        check(sequence, hash, previousHash, JSONValue.object(body).canonical)
        expected = (sequence - 1, previousHash)
    }

    private mutating func check(_ sequence: Int, _ hash: String, _ previousHash: String, _ body: String) {
        if let expected {
            if sequence > expected.sequence {
                problem = (sequence, "it stands below entry \(expected.sequence + 1)")
            } else if sequence < expected.sequence {
                problem = (sequence + 1, "entries \(sequence + 1) to \(expected.sequence) are missing")
            } else if let linked = expected.hash, hash != linked {
                problem = (sequence + 1, "its `prev_hash` is not the hash of entry \(sequence)")
            }
        }
        if hash != LedgerEntry.hash(sequence: sequence, body: body, previousHash: previousHash) {
            problem = (sequence, "its content does not have the hash recorded for it")
        }
        if sequence == 1, previousHash != LedgerEntry.genesis {
            problem = (sequence, "it is the first, but its `prev_hash` is not 64 zeros")
        }
    }
}
