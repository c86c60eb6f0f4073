import FleetModel
import GRDB
import Store
import StoreSQLite
import Testing

/// What an editor of the file could do, and that the walk along the chain finds it.
@Suite struct SQLiteTamperingTests {
    struct Edit: Sendable, CustomTestStringConvertible {
        var note: String
        var sql: String
        /// The first bad entry.
        var sequence: Int
        var testDescription: String { note }
    }

    static let edits: [Edit] = [
        Edit(
            note: "a word of a body changed",
            sql: "UPDATE decisions SET body = replace(body, 'svc-4', 'svc-x') WHERE sequence = 5", sequence: 5),
        Edit(
            note: "a space added to a body", sql: "UPDATE decisions SET body = body || ' ' WHERE sequence = 9",
            sequence: 9),
        Edit(note: "an entry deleted", sql: "DELETE FROM decisions WHERE sequence = 4", sequence: 5),
        Edit(note: "the first entry deleted", sql: "DELETE FROM decisions WHERE sequence = 1", sequence: 2),
        Edit(note: "the last entry deleted", sql: "DELETE FROM decisions WHERE sequence = 10", sequence: 10),
        Edit(note: "all entries deleted", sql: "DELETE FROM decisions", sequence: 1),
        Edit(
            note: "an entry deleted and the later ones renumbered",
            sql: """
                DELETE FROM decisions WHERE sequence = 4;
                UPDATE decisions SET sequence = sequence - 1 WHERE sequence > 4
                """, sequence: 4),
        Edit(
            note: "two bodies swapped",
            sql: """
                UPDATE decisions SET body = (SELECT body FROM decisions AS o WHERE o.sequence = 5 - decisions.sequence)
                WHERE sequence IN (2, 3)
                """, sequence: 2),
        Edit(
            note: "two entries swapped whole",
            sql: """
                UPDATE decisions SET sequence = 100 WHERE sequence = 2;
                UPDATE decisions SET sequence = 2 WHERE sequence = 3;
                UPDATE decisions SET sequence = 3 WHERE sequence = 100
                """, sequence: 2),
        Edit(
            note: "a hash changed", sql: "UPDATE decisions SET hash = replace(hash, 'a', 'b') WHERE sequence = 7",
            sequence: 7),
        Edit(
            note: "the last hash changed in both places",
            sql: """
                UPDATE decisions SET hash = replace(hash, 'a', 'b') WHERE sequence = 10;
                UPDATE meta SET ledger_hash = (SELECT hash FROM decisions WHERE sequence = 10)
                """, sequence: 10),
        Edit(
            note: "the kept head's hash changed", sql: "UPDATE meta SET ledger_hash = replace(ledger_hash, 'a', 'b')",
            sequence: 10),
        Edit(
            note: "a verdict changed where budgets are counted from",
            sql: "UPDATE decisions SET verdict = 'deny' WHERE sequence = 6", sequence: 6),
        Edit(
            note: "a time changed where budgets are counted from",
            sql: "UPDATE decisions SET at = at - 1 WHERE sequence = 6", sequence: 6),
        Edit(
            note: "a scope changed where budgets are counted from",
            sql: "UPDATE decisions SET dry_run = 1 WHERE sequence = 6", sequence: 6),
        Edit(
            note: "a target changed where budgets are counted from",
            sql: "UPDATE decisions SET target = 'other' WHERE sequence = 6", sequence: 6),
        Edit(
            note: "an action's id changed where refunds are found by",
            sql: "UPDATE decisions SET action_id = NULL WHERE sequence = 6", sequence: 6),
    ]

    @Test(arguments: edits)
    func `an edit of the ledger is found and named`(edit change: Edit) async throws {
        let directory = try TemporaryDirectory()
        let store = try SQLiteStore(directory: directory.path, now: Rows.start)
        var rows = Rows()
        let term = try await store.acquireTerm(holder: "a", at: rows.now)
        let spends = (0..<10).map { rows.spend(target: "svc-\($0)") }
        try await store.tick(term) { commit in
            commit.decisions = spends.map(\.0)
            commit.newActions = spends.map(\.1)
        }
        await store.close()
        try await edit(directory, change.sql)

        let again = try SQLiteStore(directory: directory.path, now: Rows.start)
        let finding = try await LedgerChain.verify(again)
        await again.close()
        guard case .broken(change.sequence, _) = finding else {
            Issue.record("found \(finding), expected entry \(change.sequence) to be named")
            return
        }
    }

    struct BadRow: Sendable, CustomTestStringConvertible {
        var table: String
        var sql: String
        var testDescription: String { sql }
    }

    static let badRows: [BadRow] = [
        BadRow(table: "approvals", sql: "UPDATE approvals SET body = '{}'"),
        BadRow(table: "approvals", sql: "UPDATE approvals SET body = 'not json'"),
        BadRow(table: "approvals", sql: "UPDATE approvals SET body = '[]'"),
        BadRow(table: "approvals", sql: "UPDATE approvals SET body = json_set(body, '$.tier', 'lax')"),
        BadRow(table: "approvals", sql: "UPDATE approvals SET body = json_set(body, '$.votes', json('[1]'))"),
        BadRow(table: "approvals", sql: "UPDATE approvals SET body = json_set(body, '$.rule.origin', 'nowhere')"),
        BadRow(table: "approvals", sql: "UPDATE approvals SET body = json_set(body, '$.resolution', 7)"),
        BadRow(table: "actions", sql: "UPDATE actions SET body = json_set(body, '$.commands', json('[\"a\"]'))"),
        BadRow(table: "actions", sql: "UPDATE actions SET body = json_remove(body, '$.params')"),
        BadRow(table: "holds", sql: "UPDATE holds SET scope = 'planet'"),
        BadRow(table: "overrides", sql: "UPDATE overrides SET body = json_set(body, '$.rule', 1)"),
        BadRow(table: "last_decisions", sql: "UPDATE last_decisions SET verdict = 'maybe'"),
    ]

    @Test(arguments: badRows)
    func `a row that makes no sense is named`(bad: BadRow) async throws {
        let directory = try TemporaryDirectory()
        let store = try SQLiteStore(directory: directory.path, now: Rows.start)
        var rows = Rows()
        let term = try await store.acquireTerm(holder: "a", at: rows.now)
        _ = try await store.planApproved(&rows, target: "web", term)
        let decision = rows.decision(rows.proposal(target: "web"))
        try await store.tick(term) { $0.decisions = [decision] }
        try await store.place(Hold(scope: .fleet, reason: "r", by: "ana", at: rows.now))
        try await store.add(
            StoredOverride(id: "o", priority: 1, body: JSONObject(), createdBy: "ana", createdAt: rows.now))
        await store.close()
        try await edit(directory, bad.sql)

        let again = try SQLiteStore(directory: directory.path, now: Rows.start)
        let refusal = await refusal { _ = try await again.workingSet() }
        if case .corrupt(let message) = refusal {
            #expect(message.hasPrefix("table `\(bad.table)`, row `"))
        } else {
            Issue.record("reading gave \(String(describing: refusal))")
        }
        await again.close()
    }
}
