package import FleetModel

extension Action {
    package static let columns = """
        id, kind, target, state, actuator, dry_run, epoch, decision_id, approval_id, planned_at, started_at,
        finished_at, body
        """

    /// From a row with `Action.columns`.
    package init(row: some StoredRow) throws(StoreError) {
        let id = try row.text("id")
        let body = try StoredBody(table: "actions", id: id, text: row.text("body"))
        var commands: [[String]] = []
        for command in try body.array("commands") {
            var arguments: [String] = []
            for argument in try body.require("commands", command.array) {
                arguments.append(try body.require("commands", argument.string))
            }
            commands.append(arguments)
        }
        self.init(
            id: id, proposal: try Proposal(kind: row.text("kind"), target: row.text("target"), body: body),
            state: try body.word(row.text("state"), in: "state"), actuator: try row.text("actuator"),
            dryRun: try row.flag("dry_run"), epoch: Int(try row.integer("epoch")),
            decisionID: try row.text("decision_id"), approvalID: try row.optionalText("approval_id"),
            commands: commands, detail: try body.optionalString("detail"), fence: try Fence(body),
            plannedAt: try row.time("planned_at"),
            startedAt: try row.optionalTime("started_at"), finishedAt: try row.optionalTime("finished_at"))
    }

    /// The column `body`.
    package var storedBody: String {
        var members = proposal.storedMembers
        members += [("commands", .array(commands.map { JSONValue($0) })), ("detail", JSONValue(detail))]
        if let fence { members.append(("fence", fence.stored)) }
        return JSONValue.object(JSONObject(unique: members)).canonical
    }
}

extension Fence {
    /// Nil where the row has none.
    fileprivate init?(_ body: StoredBody) throws(StoreError) {
        guard body.object["fence"]?.object != nil else { return nil }
        let fence = try body.part("fence")
        self.init(
            host: try fence.optionalString("host"), runtimeID: try fence.optionalString("runtime_id"),
            specVersion: fence.object["version"]?.integer)
    }

    fileprivate var stored: JSONValue {
        ["host": JSONValue(host), "runtime_id": JSONValue(runtimeID), "version": JSONValue(specVersion)]
    }
}

// MARK: - What may become of it

extension Action {
    /// It begins; its approval with it, which is checked by `Approval.start`. The caller has checked that it is planned.
    package mutating func start(commands: [[String]], at now: WallTime, term: Term) {
        state = .executing
        self.commands = commands
        startedAt = now
        epoch = term.epoch
    }

    /// Whether `finish` may record this outcome now.
    package func mayEnd(_ result: ActionOutcome.Result) -> Bool {
        switch (state, result) {
        case (.planned, .cancelled), (.executing, .succeeded), (.executing, .failed), (.executing, .unknown),
            (.unknown, .succeeded), (.unknown, .failed), (.unknown, .unknown):
            true
        default: false
        }
    }

    /// Records how it ended. The caller has checked that its state allows it, and has `Approval.follow` it.
    package mutating func end(_ outcome: ActionOutcome, at now: WallTime, term: Term) {
        state = outcome.state
        detail = outcome.detail
        if !outcome.commands.isEmpty { commands = outcome.commands }
        finishedAt = now
        epoch = term.epoch
    }

    /// Whether it is the action that ended last on its target, for `WorkingSet.lastActions`.
    package var hasEnded: Bool { state == .succeeded || state == .failed }

    /// Refuses a tick's cancellation of what is no longer planned.
    package func requirePlanned() throws(StoreError) {
        guard state == .planned else {
            throw StoreError.conflict("action `\(id)` is `\(state.rawValue)`, expected `planned`")
        }
    }
}
