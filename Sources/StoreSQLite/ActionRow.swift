internal import FleetModel
internal import GRDB
internal import Store

extension Action {
    static let columns = """
        id, kind, target, state, actuator, dry_run, epoch, decision_id, approval_id, planned_at, started_at,
        finished_at, body
        """

    /// From a row with `Action.columns`.
    init(row: Row) throws(StoreError) {
        let id: String = row["id"]
        let body = try StoredBody(table: "actions", id: id, text: row["body"])
        var commands: [[String]] = []
        for command in try body.array("commands") {
            var arguments: [String] = []
            for argument in try body.require("commands", command.array) {
                arguments.append(try body.require("commands", argument.string))
            }
            commands.append(arguments)
        }
        self.init(
            id: id, proposal: try Proposal(kind: row["kind"], target: row["target"], body: body),
            state: try body.word(row["state"], in: "state"), actuator: row["actuator"], dryRun: row["dry_run"],
            epoch: row["epoch"], decisionID: row["decision_id"], approvalID: row["approval_id"], commands: commands,
            detail: try body.optionalString("detail"), fence: try Fence(body),
            plannedAt: WallTime(milliseconds: row["planned_at"]),
            startedAt: (row["started_at"] as Int64?).map(WallTime.init(milliseconds:)),
            finishedAt: (row["finished_at"] as Int64?).map(WallTime.init(milliseconds:)))
    }

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
        guard state == .succeeded || state == .failed else { return }
        try db.run(
            "INSERT OR REPLACE INTO last_actions (target, action_id) VALUES (?, ?)", [proposal.target, id])
    }

    private var storedBody: String {
        var members = proposal.storedMembers
        members += [("commands", .array(commands.map { JSONValue($0) })), ("detail", JSONValue(detail))]
        if let fence { members.append(("fence", fence.stored)) }
        return JSONValue.object(JSONObject(unique: members)).canonical
    }
}

extension Fence {
    /// Nil where the row has none.
    init?(_ body: StoredBody) throws(StoreError) {
        guard body.object["fence"]?.object != nil else { return nil }
        let fence = try body.part("fence")
        self.init(
            host: try fence.optionalString("host"), runtimeID: try fence.optionalString("runtime_id"),
            specVersion: fence.object["version"]?.integer)
    }

    var stored: JSONValue {
        ["host": JSONValue(host), "runtime_id": JSONValue(runtimeID), "version": JSONValue(specVersion)]
    }
}
