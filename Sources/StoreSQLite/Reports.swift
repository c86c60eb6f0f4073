internal import FleetModel
internal import GRDB
package import Store

extension SQLiteStore {
    package func reports(_ query: ListQuery) async throws(StoreError) -> Page<TickReport> {
        var sql = ListSQL(columns: "id, at, body", table: "reports")
        if let since = query.since { sql.filter("at >= ?", [since.milliseconds]) }
        return try await page(sql, .time("at"), query) { row in
            let body = try StoredBody(table: "reports", id: row["id"], text: row["body"])
            return TickReport(id: row["id"], at: WallTime(milliseconds: row["at"]), body: body.object)
        }
    }
}

extension TickReport {
    func insert(_ db: Database) throws {
        try db.run(
            "INSERT INTO reports (id, at, body) VALUES (?, ?, ?)",
            [id, at.milliseconds, JSONValue.object(body).text])
    }
}
