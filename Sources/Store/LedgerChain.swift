package import FleetModel

/// Walking the ledger's hash chain.
package enum LedgerChain {
    package enum Finding: Equatable, Sendable {
        case intact(entries: Int, head: String)
        /// The first bad entry and what is wrong with it.
        case broken(sequence: Int, problem: String)
    }

    /// Checks numbering, links, hashes and that each body is the canonical text of its content, page by page.
    package static func verify(_ store: some LedgerStore) async throws(StoreError) -> Finding {
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
            }
            if entries.count < 1000 { return .intact(entries: sequence, head: previousHash) }
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
