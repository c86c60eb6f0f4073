package import FleetModel
internal import GRDB
package import Store

extension SQLiteStore {
    @discardableResult
    package func commit(_ commit: TickCommit, term: Term) async throws(StoreError) -> Int {
        let decisions = commit.decisions.map(PreparedDecision.init)
        return try await write { db in
            let meta = try Meta(db)
            try meta.require(term)
            guard meta.ledgerHead == commit.ledgerHead else { throw StoreError.ledgerMoved(head: meta.ledgerHead) }
            // What ends comes first: it makes room for a new approval of the same key, a new action on the same target.
            for cancellation in commit.cancelledActions {
                try cancel(cancellation, at: commit.at, term: term, db)
            }
            for change in commit.approvalChanges { try apply(change, at: commit.at, db) }
            for id in commit.seenApprovals { try countSeen(id, at: commit.at, db) }
            for approval in commit.newApprovals { try approval.insert(db) }
            for action in commit.newActions { try action.insert(db) }
            let head = try Ledger.append(decisions, to: meta, db)
            for answer in commit.submissionAnswers { try answer.write(db) }
            if let report = commit.report { try report.insert(db) }
            try db.run("DELETE FROM last_denials WHERE at < ?", [commit.oldestDenialKept.milliseconds])
            return head
        }
    }
}

private func cancel(_ cancellation: Cancellation, at now: WallTime, term: Term, _ db: Database) throws {
    guard var action = try Action.fetch(db, id: cancellation.actionID) else {
        throw StoreError.conflict("there is no action `\(cancellation.actionID)`")
    }
    try action.requirePlanned()
    try end(&action, ActionOutcome(.cancelled, cancellation.detail), at: now, term: term, db)
}

private func apply(_ change: ApprovalChange, at now: WallTime, _ db: Database) throws {
    guard var approval = try Approval.fetch(db, id: change.id) else {
        throw StoreError.conflict("there is no approval `\(change.id)`")
    }
    try approval.apply(change, at: now)
    try approval.update(db)
}

private func countSeen(_ id: String, at now: WallTime, _ db: Database) throws {
    try db.run(
        "UPDATE approvals SET seen_count = seen_count + 1, last_seen_at = ? WHERE id = ? AND status = 'pending'",
        [now.milliseconds, id])
    guard db.changesCount == 1 else { throw StoreError.conflict("approval `\(id)` is no longer pending") }
}
