package import FleetModel
internal import PostgresClient
package import Store

extension PostgresStore {
    package func approvals(_ query: ListQuery) async throws(StoreError) -> Page<Approval> {
        try await page(.approvals(query), query) { (row) throws(StoreError) in try Approval(row: row) }
    }

    package func approval(id: String) async throws(StoreError) -> Approval? {
        try await read { db in
            try db.query("SELECT \(Approval.columns) FROM approvals WHERE id = $1", [.text(id)])
                .record { (row) throws(StoreError) in try Approval(row: row) }
        }
    }

    package func vote(approvalID: String, _ vote: Vote, allowOwnProposal: Bool) async throws(StoreError) -> (
        Approval, VoteOutcome
    )? {
        let instance = instance
        return try await write { db in
            let rows = try db.query(
                "SELECT \(Approval.columns) FROM approvals WHERE id = $1 FOR UPDATE", [.text(approvalID)])
            guard var approval = try rows.record({ (row) throws(StoreError) in try Approval(row: row) }) else {
                return nil
            }
            let outcome = approval.count(vote, allowOwnProposal: allowOwnProposal)
            if outcome == .counted {
                Rows.update(approval, db)
                db.finish(.approval, by: instance)
            }
            return (approval, outcome)
        }
    }
}
