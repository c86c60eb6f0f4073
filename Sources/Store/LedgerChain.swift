internal import FleetModel

/// Walking the ledger's hash chain.
package enum LedgerChain {
    package enum Finding: Equatable, Sendable {
        case intact(entries: Int, head: String)
        /// The first bad entry and what is wrong with it.
        case broken(sequence: Int, problem: String)
    }

    /// Checks numbering, links, hashes and that each body is the canonical text of its content, page by page.
    ///
    /// The end is held against the head that the store keeps, read first: entries appended meanwhile are checked too.
    package static func verify(_ store: some LedgerStore) async throws(StoreError) -> Finding {
        let head = try await store.ledgerHead()
        var previousHash = LedgerEntry.genesis
        var sequence = 0
        while true {
            let entries = try await store.entries(after: sequence, limit: 1000)
            for entry in entries {
                if let problem = problem(entry, after: sequence, previousHash: previousHash) {
                    return .broken(sequence: entry.sequence, problem: problem)
                }
                sequence = entry.sequence
                previousHash = entry.hash
                if sequence == head.sequence, entry.hash != head.hash {
                    return .broken(sequence: sequence, problem: "its hash is not the one kept for the ledger's end")
                }
            }
            if entries.isEmpty, sequence < head.sequence {
                return .broken(
                    sequence: sequence + 1, problem: "it is missing; the ledger goes to entry \(head.sequence)")
            }
            if entries.isEmpty { return .intact(entries: sequence, head: previousHash) }
        }
    }

    private static func problem(_ entry: LedgerEntry, after sequence: Int, previousHash: String) -> String? {
        guard entry.sequence == sequence + 1 else {
            return "entry \(sequence + 1) is missing; the next one is \(entry.sequence)"
        }
        guard entry.previousHash == previousHash else {
            return "its `prev_hash` is not the hash of entry \(sequence)"
        }
        let expected = LedgerEntry.hash(sequence: entry.sequence, body: entry.body, previousHash: previousHash)
        guard entry.hash == expected else { return "its content does not have the hash recorded for it" }
        return nil
    }
}
