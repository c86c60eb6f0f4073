package import FleetModel
internal import GRDB
package import Store

extension SQLiteStore {
    package func holds() async throws(StoreError) -> [Hold] {
        try await read { db in try Hold.fetchAll(db) }
    }

    package func place(_ hold: Hold) async throws(StoreError) {
        try await write { db in
            try db.run(
                "INSERT OR REPLACE INTO holds (scope, body) VALUES (?, ?)",
                [hold.scope.description, hold.storedBody])
        }
    }

    package func lift(_ scope: Hold.Scope) async throws(StoreError) -> Bool {
        try await write { db in
            try db.run("DELETE FROM holds WHERE scope = ?", [scope.description])
            return db.changesCount > 0
        }
    }
}
