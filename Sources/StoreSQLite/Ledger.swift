package import FleetModel
internal import GRDB
package import Store

enum Ledger {
    /// Appends in the given order and moves the head; returns the new head.
    static func append(_ decisions: [PreparedDecision], to meta: Meta, _ db: Database) throws -> Int {
        guard !decisions.isEmpty else { return meta.ledgerHead }
        var head = LedgerHead(sequence: meta.ledgerHead, hash: meta.ledgerHash)
        let insert = try db.cachedStatement(
            sql: """
                INSERT INTO decisions (sequence, id, at, kind, target, verdict, dry_run, approval_id, action_id,
                prev_hash, hash, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """)
        for entry in head.append(decisions) {
            let decision = entry.decision
            try insert.execute(arguments: [
                entry.sequence, decision.id, decision.at.milliseconds, decision.proposal.kind.rawValue,
                decision.proposal.target, decision.verdict.kind.rawValue, decision.dryRun, decision.approvalID,
                decision.actionID, entry.previousHash, entry.hash, entry.prepared.body,
            ])
        }
        for prepared in decisions.newestPerKey { try remember(prepared, db) }
        try db.run("UPDATE meta SET ledger_head = ?, ledger_hash = ?", [head.sequence, head.hash])
        return head.sequence
    }

    private static func remember(_ prepared: PreparedDecision, _ db: Database) throws {
        let decision = prepared.decision
        try db.run(
            """
            INSERT OR REPLACE INTO last_decisions (kind, target, id, at, verdict, policy_digest, consent_digest,
            earliest, dry_run) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                decision.proposal.kind.rawValue, decision.proposal.target, decision.id, decision.at.milliseconds,
                decision.verdict.kind.rawValue, decision.policyDigest, prepared.consentDigest,
                decision.verdict.earliest?.milliseconds, decision.dryRun,
            ])
    }
}

extension SQLiteStore {
    package func ledgerHead() async throws(StoreError) -> LedgerHead {
        try await read { db in
            let meta = try Meta(db)
            return LedgerHead(sequence: meta.ledgerHead, hash: meta.ledgerHash)
        }
    }

    package func ledgerView(since: WallTime, dryRun: Bool) async throws(StoreError) -> LedgerView {
        try await read { db in
            let rows = try db.rows(
                """
                SELECT kind, target, at FROM decisions AS d
                WHERE verdict IN ('allow', 'allow_notify') AND dry_run = ? AND at > ?
                AND NOT EXISTS (SELECT 1 FROM actions WHERE id = d.action_id AND state = 'cancelled')
                """, [dryRun, since.milliseconds])
            return try LedgerView(head: Meta(db).ledgerHead, spends: rows)
        }
    }

    package func decisions(_ query: ListQuery) async throws(StoreError) -> Page<LedgerEntry> {
        var sql = ListSQL(columns: LedgerEntry.columns, table: "decisions", order: .sequence)
        sql.filter("target", query.target)
        // A target names few entries, a kind or a verdict many: `+` keeps SQLite from walking along those instead.
        sql.filter(query.target == nil ? "kind" : "+kind", query.kind)
        sql.filter(query.target == nil ? "verdict" : "+verdict", query.state)
        if let since = query.since {
            // The inner query answers from the index on `at` alone and lets the walk from the newest entry end early;
            // left to itself SQLite looks for the least sequence from the oldest entry on.
            sql.filter(
                """
                at >= ? AND sequence >= (SELECT min(sequence) FROM decisions INDEXED BY decisions_at WHERE at >= ?)
                """,
                [.integer(since.milliseconds), .integer(since.milliseconds)])
        }
        return try await page(sql, query) { (row) throws(StoreError) in try LedgerEntry(row: row) }
    }

    package func decision(id: String) async throws(StoreError) -> LedgerEntry? {
        try await read { db in
            try db.row("SELECT \(LedgerEntry.columns) FROM decisions WHERE id = ?", [id]).map {
                try LedgerEntry(row: $0)
            }
        }
    }

    package func entries(after sequence: Int, limit: Int) async throws(StoreError) -> [LedgerEntry] {
        try await read { db in
            try db.rows(
                "SELECT \(LedgerEntry.columns) FROM decisions WHERE sequence > ? ORDER BY sequence LIMIT ?",
                [sequence, limit]
            ).map { try LedgerEntry(row: $0) }
        }
    }

    package func filings(after sequence: Int, limit: Int) async throws(StoreError) -> [LedgerFiling] {
        try await read { db in
            try db.rows(
                "SELECT \(LedgerFiling.columns) FROM decisions WHERE sequence > ? ORDER BY sequence LIMIT ?",
                [sequence, limit]
            ).map { try LedgerFiling(row: $0) }
        }
    }
}
