internal import FleetModel
internal import GRDB
internal import Store

/// All tables are STRICT, so a column always has the type that is read from it; GRDB's own conversions cannot fail here.
extension Row: StoredRow {
    package func text(_ column: String) -> String { self[column] }
    package func optionalText(_ column: String) -> String? { self[column] }
    package func integer(_ column: String) -> Int64 { self[column] }
    package func optionalInteger(_ column: String) -> Int64? { self[column] }
    package func flag(_ column: String) -> Bool { self[column] }
}

extension Action {
    static func fetch(_ db: Database, id: String) throws -> Action? {
        try db.row("SELECT \(columns) FROM actions WHERE id = ?", [id]).map { try Action(row: $0) }
    }

    func insert(_ db: Database) throws {
        do {
            try db.run(
                "INSERT INTO actions (\(Action.columns)) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    id, proposal.kind.rawValue, proposal.target, state.rawValue, actuator, dryRun, epoch, decisionID,
                    approvalID, plannedAt.milliseconds, startedAt?.milliseconds, finishedAt?.milliseconds, storedBody,
                ])
        } catch let error as DatabaseError where error.extendedResultCode == .SQLITE_CONSTRAINT_UNIQUE {
            throw StoreError.conflict("an action on `\(proposal.target)` is planned or under way already")
        }
    }

    /// Writes what may change after the insert.
    func update(_ db: Database) throws {
        try db.run(
            "UPDATE actions SET state = ?, epoch = ?, started_at = ?, finished_at = ?, body = ? WHERE id = ?",
            [state.rawValue, epoch, startedAt?.milliseconds, finishedAt?.milliseconds, storedBody, id])
        guard hasEnded else { return }
        try db.run(
            "INSERT OR REPLACE INTO last_actions (target, action_id) VALUES (?, ?)", [proposal.target, id])
    }
}

extension Approval {
    static func fetch(_ db: Database, id: String) throws -> Approval? {
        try db.row("SELECT \(columns) FROM approvals WHERE id = ?", [id]).map { try Approval(row: $0) }
    }

    func insert(_ db: Database) throws {
        do {
            try db.run(
                "INSERT INTO approvals (\(Approval.columns)) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    id, proposal.kind.rawValue, proposal.target, status.rawValue, dryRun, createdAt.milliseconds,
                    expiresAt.milliseconds, lastSeenAt.milliseconds, seenCount, resolvedAt?.milliseconds, actionID,
                    storedBody,
                ])
        } catch let error as DatabaseError where error.extendedResultCode == .SQLITE_CONSTRAINT_UNIQUE {
            throw StoreError.conflict(
                "an approval of `\(proposal.kind)` for `\(proposal.target)` is pending already")
        }
    }

    /// Writes what may change after the insert: the status, the votes and what follows from them.
    func update(_ db: Database) throws {
        try db.run(
            "UPDATE approvals SET status = ?, resolved_at = ?, action_id = ?, body = ? WHERE id = ?",
            [status.rawValue, resolvedAt?.milliseconds, actionID, storedBody, id])
        guard let deniedAt else { return }
        try db.run(
            "INSERT OR REPLACE INTO last_denials (kind, target, at, approval_id) VALUES (?, ?, ?, ?)",
            [proposal.kind.rawValue, proposal.target, deniedAt.milliseconds, id])
    }
}

extension Hold {
    /// Also those whose `until` has passed: whether a hold is in force is for its reader to say.
    static func fetchAll(_ db: Database) throws -> [Hold] {
        try db.rows("SELECT scope, body FROM holds ORDER BY scope").map { try Hold(row: $0) }
    }
}

extension WorkingSet {
    init(_ db: Database, revision: UInt64) throws {
        let rows = WorkingSetRows(try WorkingSetRows<Row>.queries.map { try db.rows($0) })
        try self.init(rows, revision: revision)
    }
}
