internal import FleetModel
internal import GRDB
package import Store

extension SQLiteStore {
    package func overrides() async throws(StoreError) -> [StoredOverride] {
        try await read { db in try StoredOverride.fetchAll(db) }
    }

    package func add(_ override: StoredOverride) async throws(StoreError) {
        try await write { db in
            let body: JSONValue = ["created_by": .string(override.createdBy), "rule": .object(override.body)]
            do {
                try db.run(
                    "INSERT INTO overrides (id, priority, created_at, body) VALUES (?, ?, ?, ?)",
                    [override.id, override.priority, override.createdAt.milliseconds, body.canonical])
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

extension StoredOverride {
    /// In the order in which they come into force: highest priority first, older first among equals.
    static func fetchAll(_ db: Database) throws -> [StoredOverride] {
        try db.rows("SELECT id, priority, created_at, body FROM overrides ORDER BY priority DESC, created_at, id").map {
            row in
            let id: String = row["id"]
            let body = try StoredBody(table: "overrides", id: id, text: row["body"])
            return StoredOverride(
                id: id, priority: row["priority"], body: try body.object("rule"),
                createdBy: try body.string("created_by"), createdAt: WallTime(milliseconds: row["created_at"]))
        }
    }
}
