package import FleetModel
internal import GRDB
package import Store

extension SQLiteStore {
    package func actions(_ query: ListQuery) async throws(StoreError) -> Page<Action> {
        var sql = ListSQL(columns: Action.columns, table: "actions")
        sql.filter("kind", query.kind)
        sql.filter("target", query.target)
        sql.filter("state", query.state)
        if let since = query.since { sql.filter("planned_at >= ?", [since.milliseconds]) }
        return try await page(sql, .time("planned_at"), query) { try Action(row: $0) }
    }

    package func action(id: String) async throws(StoreError) -> Action? {
        try await read { db in try Action.fetch(db, id: id) }
    }

    package func claim(
        actionID: String, commands: [[String]], at now: WallTime, term: Term, unlessHeld scopes: [Hold.Scope]
    ) async throws(StoreError) -> Action? {
        try await write { db in
            try Meta(db).require(term)
            let holds = try Hold.fetchAll(db)
            if let hold = holds.first(where: { scopes.contains($0.scope) && $0.isInForce(at: now) }) {
                throw StoreError.conflict(hold.asReason)
            }
            guard var action = try Action.fetch(db, id: actionID), action.state == .planned else { return nil }
            if let approvalID = action.approvalID { try startApproval(approvalID, of: action, db) }
            action.state = .executing
            action.commands = commands
            action.startedAt = now
            action.epoch = term.epoch
            try action.update(db)
            return action
        }
    }

    package func finish(actionID: String, _ outcome: ActionOutcome, at now: WallTime, term: Term)
        async throws(StoreError) -> Action?
    {
        try await write { db in
            try Meta(db).require(term)
            guard var action = try Action.fetch(db, id: actionID) else { return nil }
            switch (action.state, outcome.result) {
            case (.planned, .cancelled), (.executing, .succeeded), (.executing, .failed), (.executing, .unknown),
                (.unknown, .succeeded), (.unknown, .failed), (.unknown, .unknown):
                try action.end(outcome, at: now, term: term, db)
                return action
            default:
                return nil
            }
        }
    }
}

extension Action {
    /// Records how it ended, and its approval with it. The caller has checked that the state allows it.
    mutating func end(_ outcome: ActionOutcome, at now: WallTime, term: Term, _ db: Database) throws {
        state = outcome.state
        detail = outcome.detail
        if !outcome.commands.isEmpty { commands = outcome.commands }
        finishedAt = now
        epoch = term.epoch
        try update(db)
        guard let approvalID, var approval = try Approval.fetch(db, id: approvalID) else { return }
        // An approval that went another way keeps its word; what the action came to is recorded all the same.
        switch (approval.status, outcome.result) {
        case (.approved, .cancelled):
            approval.status = .superseded
            approval.resolution = outcome.detail
        case (.executing, .succeeded), (.unknown, .succeeded): approval.status = .executed
        case (.executing, .failed), (.unknown, .failed): approval.status = .failed
        case (.executing, .unknown): approval.status = .unknown
        default: return
        }
        try approval.update(db)
    }
}

/// An action that a person approved runs only while the approval still says so.
private func startApproval(_ id: String, of action: Action, _ db: Database) throws {
    guard var approval = try Approval.fetch(db, id: id) else {
        throw StoreError.corrupt("table `actions`, row `\(action.id)`: there is no approval `\(id)`")
    }
    guard approval.status == .approved, approval.actionID == action.id else {
        let named = approval.actionID.map { "`\($0)`" } ?? "no action"
        throw StoreError.conflict(
            "approval `\(id)` is `\(approval.status.rawValue)` for \(named), expected `approved` for `\(action.id)`")
    }
    approval.status = .executing
    try approval.update(db)
}
