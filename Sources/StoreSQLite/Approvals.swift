package import FleetModel
internal import GRDB
package import Store

extension SQLiteStore {
    package func approvals(_ query: ListQuery) async throws(StoreError) -> Page<Approval> {
        var sql = ListSQL(columns: Approval.columns, table: "approvals")
        sql.filter("kind", query.kind)
        sql.filter("target", query.target)
        sql.filter("status", query.state)
        if let since = query.since { sql.filter("created_at >= ?", [since.milliseconds]) }
        return try await page(sql, .time("created_at"), query) { try Approval(row: $0) }
    }

    package func approval(id: String) async throws(StoreError) -> Approval? {
        try await read { db in try Approval.fetch(db, id: id) }
    }

    package func vote(approvalID: String, _ vote: Vote, allowOwnProposal: Bool) async throws(StoreError) -> (
        Approval, VoteOutcome
    )? {
        try await write { db in
            guard var approval = try Approval.fetch(db, id: approvalID) else { return nil }
            // The next tick writes `expired`; until then a vote must not bring it back to life.
            if approval.status == .pending, vote.at >= approval.expiresAt {
                return (approval, .notPending(.expired))
            }
            let outcome = approval.apply(vote, allowOwnProposal: allowOwnProposal)
            if outcome == .counted { try approval.update(db) }
            return (approval, outcome)
        }
    }
}
