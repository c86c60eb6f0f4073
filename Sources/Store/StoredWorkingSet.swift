internal import FleetModel

/// The parts of a working set as rows, in the columns of each part.
///
/// Everything comes from tables and partial indexes whose size is what is open or one row a key, never the history.
package struct WorkingSetRows<Row: StoredRow> {
    package var openApprovals: [Row]
    package var denials: [Row]
    package var openActions: [Row]
    package var lastActions: [Row]
    package var holds: [Row]
    package var overrides: [Row]
    package var lastDecisions: [Row]
    package var submissions: [Row]

    /// The queries of the parts, in the order of `init`.
    package static var queries: [String] {
        [
            """
            SELECT \(Approval.columns) FROM approvals WHERE status IN ('pending', 'approved', 'executing')
            ORDER BY created_at, id
            """,
            "SELECT \(Approval.columns) FROM approvals WHERE id IN (SELECT approval_id FROM last_denials)",
            """
            SELECT \(Action.columns) FROM actions WHERE state IN ('planned', 'executing', 'unknown')
            ORDER BY planned_at, id
            """,
            "SELECT \(Action.columns) FROM actions WHERE id IN (SELECT action_id FROM last_actions)",
            "SELECT scope, body FROM holds ORDER BY scope",
            "SELECT \(StoredOverride.columns) FROM overrides ORDER BY priority DESC, created_at, id",
            "SELECT \(LastDecision.columns) FROM last_decisions",
            "SELECT \(Submission.columns) FROM submissions WHERE answer IS NULL ORDER BY at, id",
        ]
    }

    /// From the answers to `queries`.
    package init(_ answers: [[Row]]) {
        openApprovals = answers[0]
        denials = answers[1]
        openActions = answers[2]
        lastActions = answers[3]
        holds = answers[4]
        overrides = answers[5]
        lastDecisions = answers[6]
        submissions = answers[7]
    }
}

extension WorkingSet {
    package init<Row>(_ rows: WorkingSetRows<Row>, revision: UInt64) throws(StoreError) {
        self.init(revision: revision)
        for row in rows.openApprovals { openApprovals.append(try Approval(row: row)) }
        for row in rows.denials {
            let approval = try Approval(row: row)
            denials[approval.proposal.key] = approval
        }
        for row in rows.openActions { openActions.append(try Action(row: row)) }
        for row in rows.lastActions {
            let action = try Action(row: row)
            lastActions[action.proposal.target] = action
        }
        for row in rows.holds { holds.append(try Hold(row: row)) }
        for row in rows.overrides { overrides.append(try StoredOverride(row: row)) }
        for row in rows.lastDecisions {
            let key = ActionKey(kind: ActionKind(rawValue: try row.text("kind")), target: try row.text("target"))
            lastDecisions[key] = try LastDecision(row: row)
        }
        for row in rows.submissions { submissions.append(try Submission(row: row)) }
    }
}
