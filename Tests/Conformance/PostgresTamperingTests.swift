import FleetModel
import PostgresFixture
import Store
import StorePostgres
import Testing

/// The same edits as in SQLite's file, in the words of Postgres: the walk along the chain finds each.
@Suite(.enabled(if: TestDatabase.serverDSN != nil, "\(TestDatabase.reason)"), .timeLimit(.minutes(3)))
struct PostgresTamperingTests {
    @Test(arguments: SQLiteTamperingTests.edits)
    func `an edit of the ledger is found and named`(edit change: SQLiteTamperingTests.Edit) async throws {
        try await Place.with(.postgres) { place in
            guard case .database(let database) = place else { return }
            let store = try PostgresStore(database, poolSize: 1)
            var rows = Rows()
            let term = try await store.acquireTerm(holder: "a", at: rows.now)
            let spends = (0..<10).map { rows.spend(target: "svc-\($0)") }
            try await store.tick(term) { commit in
                commit.decisions = spends.map(\.0)
                commit.newActions = spends.map(\.1)
            }
            let sql = change.sql.replacing("UPDATE meta SET ledger_hash", with: "UPDATE ledger_head SET hash")
                .replacing("replace(ledger_hash,", with: "replace(hash,").replacing(
                    "dry_run = 1", with: "dry_run = true")
            try await PostgresServer.execute(sql.split(separator: ";").map(String.init), dsn: database.dsn)
            let finding = try await LedgerChain.verify(store)
            await store.close()
            guard case .broken(change.sequence, _) = finding else {
                Issue.record("found \(finding), expected entry \(change.sequence) to be named")
                return
            }
        }
    }
}
