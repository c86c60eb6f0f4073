package import FleetModel
internal import GRDB
package import Store

extension SQLiteStore {
    package func approvals(_ query: ListQuery) async throws(StoreError) -> Page<Approval> {
        try await page(.approvals(query), query) { (row) throws(StoreError) in try Approval(row: row) }
    }

    package func approval(id: String) async throws(StoreError) -> Approval? {
        try await read { db in try Approval.fetch(db, id: id) }
    }

    package func vote(approvalID: String, _ vote: Vote, allowOwnProposal: Bool) async throws(StoreError) -> (
        Approval, VoteOutcome
    )? {
        try await write { db in
            guard var approval = try Approval.fetch(db, id: approvalID) else { return nil }
            let outcome = approval.count(vote, allowOwnProposal: allowOwnProposal)
            if outcome == .counted { try approval.update(db) }
            return (approval, outcome)
        }
    }
}
