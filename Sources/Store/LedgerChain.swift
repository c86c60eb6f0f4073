package import FleetModel

/// Walking the ledger's hash chain.
package enum LedgerChain {
    package enum Finding: Equatable, Sendable {
        case intact(entries: Int, head: String)
        /// The first bad entry and what is wrong with it.
        case broken(sequence: Int, problem: String)
    }

    /// Checks numbering, links, hashes and that each entry is filed under what its body says, page by page.
    ///
    /// The end is held against the head that the store keeps, read first: entries appended meanwhile are checked too.
    package static func verify(_ store: some LedgerStore) async throws(StoreError) -> Finding {
        let head = try await store.ledgerHead()
        var previousHash = LedgerEntry.genesis
        var sequence = 0
        while true {
            let entries = try await store.entries(after: sequence, limit: 1000)
            if entries.isEmpty { break }
            let filings = try await store.filings(after: sequence, limit: entries.count)
            for (index, entry) in entries.enumerated() {
                let filing = index < filings.count ? filings[index] : nil
                if let problem = problem(entry, after: sequence, previousHash: previousHash)
                    ?? problem(filing, of: entry) ?? problem(entry, end: head)
                {
                    return .broken(sequence: entry.sequence, problem: problem)
                }
                sequence = entry.sequence
                previousHash = entry.hash
            }
        }
        guard sequence >= head.sequence else {
            return .broken(sequence: sequence + 1, problem: "it is missing; the ledger goes to entry \(head.sequence)")
        }
        return .intact(entries: sequence, head: previousHash)
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

    /// Budgets are counted by the filing, the hash is over the body: they must say the same.
    private static func problem(_ filing: LedgerFiling?, of entry: LedgerEntry) -> String? {
        guard let body = try? JSONValue.parse(entry.body, maximumDepth: 64), let expected = LedgerFiling(body) else {
            return "its content is no decision"
        }
        return filing == expected ? nil : "what it is filed under is not what its content says"
    }

    private static func problem(_ entry: LedgerEntry, end head: LedgerHead) -> String? {
        entry.sequence == head.sequence && entry.hash != head.hash
            ? "its hash is not the one kept for the ledger's end" : nil
    }
}

/// What an entry of the ledger is found and counted by, as a store files it beside the body.
package struct LedgerFiling: Sendable, Equatable {
    package var id: String
    package var at: WallTime
    package var kind: String
    package var target: String
    package var verdict: String
    package var dryRun: Bool
    package var approvalID: String?
    package var actionID: String?

    package init(
        id: String, at: WallTime, kind: String, target: String, verdict: String, dryRun: Bool, approvalID: String?,
        actionID: String?
    ) {
        self.id = id
        self.at = at
        self.kind = kind
        self.target = target
        self.verdict = verdict
        self.dryRun = dryRun
        self.approvalID = approvalID
        self.actionID = actionID
    }

    /// From a decision's JSON; nil when it is none.
    package init?(_ body: JSONValue) {
        guard let id = body["id"]?.string, let at = body["at"]?.string.flatMap({ WallTime(rfc3339: $0) }),
            let kind = body["kind"]?.string, let target = body["target"]?.string,
            let verdict = body["decision"]?.string, let dryRun = body["dry_run"]?.bool
        else { return nil }
        self.init(
            id: id, at: at, kind: kind, target: target, verdict: verdict, dryRun: dryRun,
            approvalID: body["approval_id"]?.string, actionID: body["action_id"]?.string)
    }
}
