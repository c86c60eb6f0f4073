package import FleetModel

extension Approval {
    package static let columns = """
        id, kind, target, status, dry_run, created_at, expires_at, last_seen_at, seen_count, resolved_at, action_id,
        body
        """

    /// From a row with `Approval.columns`.
    package init(row: some StoredRow) throws(StoreError) {
        let id = try row.text("id")
        let body = try StoredBody(table: "approvals", id: id, text: row.text("body"))
        var votes: [Vote] = []
        for part in try body.parts("votes") {
            votes.append(
                Vote(
                    by: try part.string("by"), decision: try part.word("decision"),
                    note: try part.optionalString("note"), at: try part.time("at")))
        }
        self.init(
            id: id, proposal: try Proposal(kind: row.text("kind"), target: row.text("target"), body: body),
            tier: try body.word("tier"), rule: try RuleReference(stored: try body.part("rule")),
            status: try body.word(row.text("status"), in: "status"), createdAt: try row.time("created_at"),
            expiresAt: try row.time("expires_at"), lastSeenAt: try row.time("last_seen_at"),
            seenCount: Int(try row.integer("seen_count")), approvalsNeeded: try body.integer("approvals_needed"),
            votes: votes, actionID: try row.optionalText("action_id"),
            resolution: try body.optionalString("resolution"), resolvedAt: try row.optionalTime("resolved_at"),
            dryRun: try row.flag("dry_run"))
    }

    /// The column `body`.
    package var storedBody: String {
        var members = proposal.storedMembers
        members += [
            ("tier", .string(tier.rawValue)), ("rule", rule.stored), ("approvals_needed", .integer(approvalsNeeded)),
            ("votes", .array(votes.map(\.stored))), ("resolution", JSONValue(resolution)),
        ]
        return JSONValue.object(JSONObject(unique: members)).canonical
    }
}

// MARK: - What may become of it

extension Approval {
    /// A vote as the store counts it: the next tick writes `expired`, and until then a vote must not bring it back to
    /// life. Changes something only when it answers `counted`.
    package mutating func count(_ vote: Vote, allowOwnProposal: Bool) -> VoteOutcome {
        if status == .pending, vote.at >= expiresAt { return .notPending(.expired) }
        return apply(vote, allowOwnProposal: allowOwnProposal)
    }

    /// Its action begins: only while the approval still says so.
    package mutating func start(_ action: Action) throws(StoreError) {
        guard status == .approved, actionID == action.id else {
            let named = actionID.map { "`\($0)`" } ?? "no action"
            throw StoreError.conflict(
                "approval `\(id)` is `\(status.rawValue)` for \(named), expected `approved` for `\(action.id)`")
        }
        status = .executing
    }

    /// What becomes of it when its action ends so; false when nothing does: an approval that went another way keeps
    /// its word, and what the action came to is recorded all the same.
    package mutating func follow(_ outcome: ActionOutcome) -> Bool {
        switch (status, outcome.result) {
        case (.approved, .cancelled):
            status = .superseded
            resolution = outcome.detail
        case (.executing, .succeeded), (.unknown, .succeeded): status = .executed
        case (.executing, .failed), (.unknown, .failed): status = .failed
        case (.executing, .unknown): status = .unknown
        default: return false
        }
        return true
    }

    /// A change by the loop.
    package mutating func apply(_ change: ApprovalChange, at now: WallTime) throws(StoreError) {
        guard status == change.from else {
            throw StoreError.conflict(
                "approval `\(id)` is `\(status.rawValue)`, expected `\(change.from.rawValue)`")
        }
        if change.from == .pending, change.to != .pending { resolvedAt = now }
        status = change.to
        resolution = change.resolution ?? resolution
        actionID = change.actionID ?? actionID
    }

    /// When it was denied; nil when it was not. For `WorkingSet.denials`.
    package var deniedAt: WallTime? { status == .denied ? resolvedAt : nil }
}

extension Vote {
    fileprivate var stored: JSONValue {
        [
            "by": .string(by), "decision": .string(decision.rawValue), "note": JSONValue(note), "at": at.stored,
        ]
    }
}

extension RuleReference {
    fileprivate init(stored: StoredBody) throws(StoreError) {
        let origin: RuleOrigin
        switch try stored.string("origin") {
        case "file": origin = .file(line: try stored.integer("line"))
        case "override": origin = .override(id: try stored.string("override_id"))
        case "defaults": origin = .defaults
        default: origin = try stored.require("origin", nil)
        }
        self.init(id: try stored.string("id"), origin: origin)
    }

    fileprivate var stored: JSONValue {
        switch origin {
        case .file(let line): ["id": .string(id), "origin": "file", "line": .integer(line)]
        case .override(let override): ["id": .string(id), "origin": "override", "override_id": .string(override)]
        case .defaults: ["id": .string(id), "origin": "defaults"]
        }
    }
}
