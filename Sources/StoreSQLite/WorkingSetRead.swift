internal import FleetModel
internal import GRDB
internal import Store

extension WorkingSet {
    /// Everything from tables and partial indexes whose size is what is open or one row a key, never the history.
    init(_ db: Database, revision: UInt64) throws {
        self.init(revision: revision)
        openApprovals = try db.rows(
            """
            SELECT \(Approval.columns) FROM approvals WHERE status IN ('pending', 'approved', 'executing')
            ORDER BY created_at, id
            """
        ).map { try Approval(row: $0) }
        for row in try db.rows(
            "SELECT \(Approval.columns) FROM approvals WHERE id IN (SELECT approval_id FROM last_denials)")
        {
            let approval = try Approval(row: row)
            denials[approval.proposal.key] = approval
        }
        openActions = try db.rows(
            """
            SELECT \(Action.columns) FROM actions WHERE state IN ('planned', 'executing', 'unknown')
            ORDER BY planned_at, id
            """
        ).map { try Action(row: $0) }
        for row in try db.rows(
            "SELECT \(Action.columns) FROM actions WHERE id IN (SELECT action_id FROM last_actions)")
        {
            let action = try Action(row: row)
            lastActions[action.proposal.target] = action
        }
        holds = try Hold.fetchAll(db)
        overrides = try StoredOverride.fetchAll(db)
        submissions = try Submission.fetchUnanswered(db)
        scalingMemory = try ScalingMemoryChange.fetchAll(db)
        for row in try db.rows(
            "SELECT \(Action.columns) FROM actions WHERE id IN (SELECT action_id FROM last_scalings)")
        {
            let action = try Action(row: row)
            lastScalings[ScalingKey(service: action.proposal.target, dryRun: action.dryRun)] = action
        }
        for row in try db.rows(
            """
            SELECT kind, target, id, at, verdict, policy_digest, consent_digest, earliest, dry_run FROM last_decisions
            """)
        {
            let key = ActionKey(kind: ActionKind(rawValue: row[0]), target: row[1])
            lastDecisions[key] = try LastDecision(row: row)
        }
    }
}

extension LastDecision {
    fileprivate init(row: Row) throws(StoreError) {
        let id: String = row[2]
        guard let verdict = VerdictKind(rawValue: row[4]) else {
            throw StoreError.corrupt("table `last_decisions`, row `\(id)`: `verdict` makes no sense")
        }
        self.init(
            id: id, at: WallTime(milliseconds: row[3]), verdict: verdict, policyDigest: row[5], consentDigest: row[6],
            earliest: (row[7] as Int64?).map(WallTime.init(milliseconds:)), dryRun: row[8])
    }
}
