package import FleetModel
internal import PostgresClient
package import Store

extension PostgresStore {
    package func actions(_ query: ListQuery) async throws(StoreError) -> Page<Action> {
        try await page(.actions(query), query) { (row) throws(StoreError) in try Action(row: row) }
    }

    package func action(id: String) async throws(StoreError) -> Action? {
        try await read { db in
            try db.query("SELECT \(Action.columns) FROM actions WHERE id = $1", [.text(id)])
                .record { (row) throws(StoreError) in try Action(row: row) }
        }
    }

    package func claim(
        actionID: String, commands: [[String]], at now: WallTime, term: Term, unlessHeld scopes: [Hold.Scope]
    ) async throws(StoreError) -> Action? {
        let instance = instance
        return try await write { db in
            // A hold is placed under the exclusive form of this lock. So either it waits for this claim, and what had
            // begun before the hold was answered goes on, or its row is seen here. Each statement of a READ COMMITTED
            // transaction sees what was committed before it began, so the lock comes before the look.
            let answers = try db.batch([
                PostgresStatement("SELECT pg_advisory_xact_lock_shared(\(Locks.holds))"),
                Leadership.fence,
                PostgresStatement(
                    "SELECT scope, body FROM holds WHERE scope = ANY($1)", [.texts(scopes.map(\.description))]),
                lockedAction(actionID),
                lockedApproval(ofAction: actionID),
            ])
            try Leadership.require(term, answers[1], db)
            let holds = try answers[2].records { (row) throws(StoreError) in try Hold(row: row) }
            if let hold = holds.first(where: { $0.isInForce(at: now) }) { throw StoreError.conflict(hold.asReason) }
            var found = try answers[3].record { (row) throws(StoreError) in try Action(row: row) }
            guard found?.state == .planned, var action = found.take() else { return nil }
            if let approvalID = action.approvalID {
                guard var approval = try answers[4].record({ (row) throws(StoreError) in try Approval(row: row) })
                else {
                    throw StoreError.corrupt(
                        "table `actions`, row `\(action.id)`: there is no approval `\(approvalID)`")
                }
                try approval.start(action)
                Rows.update(approval, db)
            }
            action.start(commands: commands, at: now, term: term)
            Rows.update(action, db)
            db.finish(.change, by: instance)
            return action
        }
    }

    package func finish(actionID: String, _ outcome: ActionOutcome, at now: WallTime, term: Term)
        async throws(StoreError) -> Action?
    {
        let instance = instance
        return try await write { db in
            let answers = try db.batch([Leadership.fence, lockedAction(actionID), lockedApproval(ofAction: actionID)])
            try Leadership.require(term, answers[0], db)
            var found = try answers[1].record { (row) throws(StoreError) in try Action(row: row) }
            guard found?.mayEnd(outcome.result) == true, var action = found.take() else { return nil }
            action.end(outcome, at: now, term: term)
            Rows.update(action, db)
            if var approval = try answers[2].record({ (row) throws(StoreError) in try Approval(row: row) }),
                approval.follow(outcome)
            {
                Rows.update(approval, db)
            }
            db.finish(.change, by: instance)
            return action
        }
    }
}

private func lockedAction(_ id: String) -> PostgresStatement {
    PostgresStatement("SELECT \(Action.columns) FROM actions WHERE id = $1 FOR UPDATE", [.text(id)])
}

/// After `lockedAction`: actions are locked before approvals everywhere.
private func lockedApproval(ofAction id: String) -> PostgresStatement {
    PostgresStatement(
        """
        SELECT \(Approval.columns) FROM approvals WHERE id = (SELECT approval_id FROM actions WHERE id = $1) FOR UPDATE
        """, [.text(id)])
}
