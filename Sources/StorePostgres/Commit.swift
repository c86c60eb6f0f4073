package import FleetModel
internal import PostgresClient
package import Store

extension PostgresStore {
    /// Two round trips: one that locks and reads what the commit is checked against, one that writes and commits.
    @discardableResult
    package func commit(_ commit: TickCommit, term: Term) async throws(StoreError) -> Int {
        let decisions = commit.decisions.map(PreparedDecision.init)
        let instance = instance
        return try await write { db in
            var found = try Found(commit, term: term, db)
            guard found.head.sequence == commit.ledgerHead else {
                throw StoreError.ledgerMoved(head: found.head.sequence)
            }
            // What ends comes first: it makes room for a new approval of the same key, a new action on the same target.
            for cancellation in commit.cancelledActions { try found.cancel(cancellation, at: commit.at, term: term) }
            for change in commit.approvalChanges { try found.apply(change, at: commit.at) }
            for id in commit.seenApprovals { try found.requirePending(id) }
            for answer in commit.submissionAnswers { try found.requireUnanswered(answer.id) }
            for action in found.changedActions { Rows.update(action, db) }
            for approval in found.changedApprovals { Rows.update(approval, db) }
            Rows.countSeen(commit.seenApprovals, at: commit.at, db)
            Rows.insert(commit.newApprovals, db)
            Rows.insert(commit.newActions, db)
            Ledger.append(decisions, to: &found.head, db)
            for answer in commit.submissionAnswers { Rows.write(answer, db) }
            if let report = commit.report { Rows.insert(report, db) }
            if !commit.isEmpty || found.droppedDenials > 0 { db.finish(.change, by: instance) }
            return found.head.sequence
        }
    }
}

/// What a commit is checked against, with all rows that it changes locked: actions before approvals, each in the order
/// of their ids, as every other transaction locks them.
private struct Found {
    var head: LedgerHead
    private var actions: [String: Action]
    private var approvals: [String: Approval]
    private var unanswered: Set<String>
    let droppedDenials: Int
    private(set) var changedActions: [Action] = []
    private var changedApprovalIDs: [String] = []

    init(_ commit: TickCommit, term: Term, _ db: PostgresSession) throws {
        let cancelled = commit.cancelledActions.map(\.actionID)
        let answers = try db.batch([
            Leadership.fence,
            PostgresStatement("SELECT sequence, hash FROM ledger_head FOR UPDATE"),
            PostgresStatement(
                "SELECT \(Action.columns) FROM actions WHERE id = ANY($1) ORDER BY id FOR UPDATE",
                [.texts(cancelled)]),
            PostgresStatement(
                """
                SELECT \(Approval.columns) FROM approvals WHERE id = ANY($1 || ARRAY(
                SELECT approval_id FROM actions WHERE id = ANY($2) AND approval_id IS NOT NULL))
                ORDER BY id FOR UPDATE
                """, [.texts(commit.approvalChanges.map(\.id) + commit.seenApprovals), .texts(cancelled)]),
            PostgresStatement(
                "SELECT id FROM submissions WHERE id = ANY($1) AND answer IS NULL ORDER BY id FOR UPDATE",
                [.texts(commit.submissionAnswers.map(\.id))]),
            PostgresStatement(
                "DELETE FROM last_denials WHERE at < $1", [.bigint(commit.oldestDenialKept.milliseconds)]),
        ])
        try Leadership.require(term, answers[0], db)
        head = try Ledger.head(answers[1])
        actions = Dictionary(
            try answers[2].records { (row) throws(StoreError) in try Action(row: row) }.map { ($0.id, $0) }
        ) { first, _ in first }
        approvals = Dictionary(
            try answers[3].records { (row) throws(StoreError) in try Approval(row: row) }.map { ($0.id, $0) }
        ) { first, _ in first }
        unanswered = Set(answers[4].compactMap { $0.text("id") })
        droppedDenials = answers[5].changedCount
    }

    /// In the order in which they were changed first.
    var changedApprovals: [Approval] { changedApprovalIDs.compactMap { approvals[$0] } }

    mutating func cancel(_ cancellation: Cancellation, at now: WallTime, term: Term) throws {
        guard var action = actions[cancellation.actionID] else {
            throw StoreError.conflict("there is no action `\(cancellation.actionID)`")
        }
        try action.requirePlanned()
        let outcome = ActionOutcome(.cancelled, cancellation.detail)
        action.end(outcome, at: now, term: term)
        actions[action.id] = action
        changedActions.append(action)
        guard let approvalID = action.approvalID, var approval = approvals[approvalID] else { return }
        if approval.follow(outcome) { keep(approval) }
    }

    mutating func apply(_ change: ApprovalChange, at now: WallTime) throws {
        guard var approval = approvals[change.id] else {
            throw StoreError.conflict("there is no approval `\(change.id)`")
        }
        try approval.apply(change, at: now)
        keep(approval)
    }

    private mutating func keep(_ approval: Approval) {
        approvals[approval.id] = approval
        if !changedApprovalIDs.contains(approval.id) { changedApprovalIDs.append(approval.id) }
    }

    func requirePending(_ id: String) throws {
        guard approvals[id]?.status == .pending else {
            throw StoreError.conflict("approval `\(id)` is no longer pending")
        }
    }

    mutating func requireUnanswered(_ id: String) throws {
        guard unanswered.remove(id) != nil else {
            throw StoreError.conflict("submission `\(id)` has an answer already")
        }
    }
}
