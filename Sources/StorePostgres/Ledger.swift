package import FleetModel
internal import PostgresClient
package import Store

enum Ledger {
    static func head(_ rows: PostgresRows) throws -> LedgerHead {
        guard let row = rows.first, let sequence = row.integer("sequence"), let hash = row.text("hash") else {
            throw StoreError.corrupt("table `ledger_head` has lost its row")
        }
        return LedgerHead(sequence: Int(sequence), hash: hash)
    }

    /// Appends in the given order and moves the head, which the caller holds locked.
    static func append(_ decisions: [PreparedDecision], to head: inout LedgerHead, _ db: PostgresSession) {
        guard !decisions.isEmpty else { return }
        let entries = head.append(decisions)
        db.later(
            """
            INSERT INTO decisions (sequence, id, at, kind, target, verdict, dry_run, approval_id, action_id, prev_hash,
            hash, body) SELECT * FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::text[], $5::text[],
            $6::text[], $7::bool[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[])
            """,
            [
                .bigints(entries.map { Int64($0.sequence) }), .texts(entries.map(\.decision.id)),
                .bigints(entries.map(\.decision.at.milliseconds)),
                .texts(entries.map(\.decision.proposal.kind.rawValue)), .texts(entries.map(\.decision.proposal.target)),
                .texts(entries.map(\.decision.verdict.kind.rawValue)), .bools(entries.map(\.decision.dryRun)),
                .texts(entries.map(\.decision.approvalID)), .texts(entries.map(\.decision.actionID)),
                .texts(entries.map(\.previousHash)), .texts(entries.map(\.hash)), .texts(entries.map(\.prepared.body)),
            ])
        remember(decisions.newestPerKey, db)
        db.later("UPDATE ledger_head SET sequence = $1, hash = $2", [.bigint(head.sequence), .text(head.hash)])
    }

    private static func remember(_ newest: [PreparedDecision], _ db: PostgresSession) {
        let decisions = newest.map(\.decision)
        db.later(
            """
            INSERT INTO last_decisions (\(LastDecision.columns)) SELECT * FROM unnest($1::text[], $2::text[],
            $3::text[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::bigint[], $9::bool[])
            ON CONFLICT (kind, target) DO UPDATE SET id = excluded.id, at = excluded.at, verdict = excluded.verdict,
            policy_digest = excluded.policy_digest, consent_digest = excluded.consent_digest,
            earliest = excluded.earliest, dry_run = excluded.dry_run
            """,
            [
                .texts(decisions.map(\.proposal.kind.rawValue)), .texts(decisions.map(\.proposal.target)),
                .texts(decisions.map(\.id)), .bigints(decisions.map(\.at.milliseconds)),
                .texts(decisions.map(\.verdict.kind.rawValue)), .texts(decisions.map(\.policyDigest)),
                .texts(newest.map(\.consentDigest)), .bigints(decisions.map { $0.verdict.earliest?.milliseconds }),
                .bools(decisions.map(\.dryRun)),
            ])
    }
}

extension PostgresStore {
    package func ledgerHead() async throws(StoreError) -> LedgerHead {
        try await read { db in try Ledger.head(db.query("SELECT sequence, hash FROM ledger_head")) }
    }

    package func ledgerView(since: WallTime, dryRun: Bool) async throws(StoreError) -> LedgerView {
        try await read { db in
            try db.transaction(.snapshot) {
                let answers = try db.batch([
                    PostgresStatement("SELECT sequence, hash FROM ledger_head"),
                    PostgresStatement(
                        """
                        SELECT kind, target, at FROM decisions AS d
                        WHERE verdict IN ('allow', 'allow_notify') AND dry_run = $1 AND at > $2
                        AND NOT EXISTS (SELECT 1 FROM actions WHERE id = d.action_id AND state = 'cancelled')
                        """, [.bool(dryRun), .bigint(since.milliseconds)]),
                ])
                return try LedgerView(head: Ledger.head(answers[0]).sequence, spends: answers[1].lazy.map(Record.init))
            }
        }
    }

    package func decisions(_ query: ListQuery) async throws(StoreError) -> Page<LedgerEntry> {
        var list = ListSQL(columns: LedgerEntry.columns, table: "decisions", order: .sequence)
        list.filter("target", query.target)
        list.filter("kind", query.kind)
        list.filter("verdict", query.state)
        if let since = query.since { list.filter("at >= ?", [.integer(since.milliseconds)]) }
        return try await page(list, query) { (row) throws(StoreError) in try LedgerEntry(row: row) }
    }

    package func decision(id: String) async throws(StoreError) -> LedgerEntry? {
        try await read { db in
            try db.query("SELECT \(LedgerEntry.columns) FROM decisions WHERE id = $1", [.text(id)])
                .record { (row) throws(StoreError) in try LedgerEntry(row: row) }
        }
    }

    package func entries(after sequence: Int, limit: Int) async throws(StoreError) -> [LedgerEntry] {
        try await read { db in
            try db.query(
                "SELECT \(LedgerEntry.columns) FROM decisions WHERE sequence > $1 ORDER BY sequence LIMIT $2",
                [.bigint(sequence), .bigint(limit)]
            ).records { (row) throws(StoreError) in try LedgerEntry(row: row) }
        }
    }

    package func filings(after sequence: Int, limit: Int) async throws(StoreError) -> [LedgerFiling] {
        try await read { db in
            try db.query(
                "SELECT \(LedgerFiling.columns) FROM decisions WHERE sequence > $1 ORDER BY sequence LIMIT $2",
                [.bigint(sequence), .bigint(limit)]
            ).records { (row) throws(StoreError) in try LedgerFiling(row: row) }
        }
    }
}
