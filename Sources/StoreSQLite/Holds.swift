package import FleetModel
internal import GRDB
package import Store

extension SQLiteStore {
    package func holds() async throws(StoreError) -> [Hold] {
        try await read { db in try Hold.fetchAll(db) }
    }

    package func place(_ hold: Hold) async throws(StoreError) {
        try await write { db in
            let body: JSONValue = [
                "reason": .string(hold.reason), "by": .string(hold.by), "at": hold.at.stored,
                "until": hold.until?.stored ?? .null,
            ]
            try db.run(
                "INSERT OR REPLACE INTO holds (scope, body) VALUES (?, ?)", [hold.scope.description, body.canonical])
        }
    }

    package func lift(_ scope: Hold.Scope) async throws(StoreError) -> Bool {
        try await write { db in
            try db.run("DELETE FROM holds WHERE scope = ?", [scope.description])
            return db.changesCount > 0
        }
    }
}

extension Hold {
    /// Also those whose `until` has passed: whether a hold is in force is for its reader to say.
    static func fetchAll(_ db: Database) throws -> [Hold] {
        try db.rows("SELECT scope, body FROM holds ORDER BY scope").map { row in
            let text: String = row["scope"]
            let body = try StoredBody(table: "holds", id: text, text: row["body"])
            return Hold(
                scope: try body.require("scope", Hold.Scope(text)), reason: try body.string("reason"),
                by: try body.string("by"), at: try body.time("at"), until: try body.optionalTime("until"))
        }
    }
}
