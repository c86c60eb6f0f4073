internal import FleetModel
internal import GRDB
package import Store

extension SQLiteStore {
    package func overrides() async throws(StoreError) -> [StoredOverride] {
        try await read { db in
            try db.rows(
                "SELECT \(StoredOverride.columns) FROM overrides ORDER BY priority DESC, created_at, id"
            ).map { try StoredOverride(row: $0) }
        }
    }

    package func add(_ override: StoredOverride) async throws(StoreError) {
        try await write { db in
            do {
                try db.run(
                    "INSERT INTO overrides (\(StoredOverride.columns)) VALUES (?, ?, ?, ?)",
                    [override.id, override.priority, override.createdAt.milliseconds, override.storedBody])
            } catch let error as DatabaseError where error.resultCode == .SQLITE_CONSTRAINT {
                throw StoreError.conflict("there is an override `\(override.id)` already")
            }
        }
    }

    package func removeOverride(id: String) async throws(StoreError) -> Bool {
        try await write { db in
            try db.run("DELETE FROM overrides WHERE id = ?", [id])
            return db.changesCount > 0
        }
    }
}
