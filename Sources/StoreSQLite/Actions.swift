package import FleetModel
internal import GRDB
package import Store

extension SQLiteStore {
    package func actions(_ query: ListQuery) async throws(StoreError) -> Page<Action> {
        try await page(.actions(query), query) { (row) throws(StoreError) in try Action(row: row) }
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
            if let approvalID = action.approvalID {
                guard var approval = try Approval.fetch(db, id: approvalID) else {
                    throw StoreError.corrupt(
                        "table `actions`, row `\(action.id)`: there is no approval `\(approvalID)`")
                }
                try approval.start(action)
                try approval.update(db)
            }
            action.start(commands: commands, at: now, term: term)
            try action.update(db)
            return action
        }
    }

    package func finish(actionID: String, _ outcome: ActionOutcome, at now: WallTime, term: Term)
        async throws(StoreError) -> Action?
    {
        try await write { db in
            try Meta(db).require(term)
            guard var action = try Action.fetch(db, id: actionID), action.mayEnd(outcome.result) else { return nil }
            try end(&action, outcome, at: now, term: term, db)
            return action
        }
    }
}

/// Records how an action ended, and its approval with it. The caller has checked that its state allows it.
func end(_ action: inout Action, _ outcome: ActionOutcome, at now: WallTime, term: Term, _ db: Database) throws {
    action.end(outcome, at: now, term: term)
    try action.update(db)
    guard let approvalID = action.approvalID, var approval = try Approval.fetch(db, id: approvalID) else { return }
    if approval.follow(outcome) { try approval.update(db) }
}
