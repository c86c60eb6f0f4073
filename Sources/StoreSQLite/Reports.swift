internal import FleetModel
internal import GRDB
package import Store

extension SQLiteStore {
    package func reports(_ query: ListQuery) async throws(StoreError) -> Page<TickReport> {
        try await page(.reports(query), query) { (row) throws(StoreError) in try TickReport(row: row) }
    }
}

extension TickReport {
    func insert(_ db: Database) throws {
        try db.run("INSERT INTO reports (\(TickReport.columns)) VALUES (?, ?, ?)", [id, at.milliseconds, storedBody])
    }
}
