internal import FleetModel
internal import GRDB
internal import Store

extension Approval {
    static let columns = """
        id, kind, target, status, dry_run, created_at, expires_at, last_seen_at, seen_count, resolved_at, action_id,
        body
        """

    /// From a row with `Approval.columns`.
    init(row: Row) throws(StoreError) {
        let id: String = row["id"]
        let body = try StoredBody(table: "approvals", id: id, text: row["body"])
        var votes: [Vote] = []
        for part in try body.parts("votes") {
            votes.append(
                Vote(
                    by: try part.string("by"), decision: try part.word("decision"),
                    note: try part.optionalString("note"), at: try part.time("at")))
        }
        self.init(
            id: id, proposal: try Proposal(kind: row["kind"], target: row["target"], body: body),
            tier: try body.word("tier"), rule: try RuleReference(stored: try body.part("rule")),
            status: try body.word(row["status"], in: "status"), createdAt: WallTime(milliseconds: row["created_at"]),
            expiresAt: WallTime(milliseconds: row["expires_at"]),
            lastSeenAt: WallTime(milliseconds: row["last_seen_at"]), seenCount: row["seen_count"],
            approvalsNeeded: try body.integer("approvals_needed"), votes: votes, actionID: row["action_id"],
            resolution: try body.optionalString("resolution"),
            resolvedAt: (row["resolved_at"] as Int64?).map(WallTime.init(milliseconds:)), dryRun: row["dry_run"])
    }

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
        guard status == .denied, let resolvedAt else { return }
        try db.run(
            "INSERT OR REPLACE INTO last_denials (kind, target, at, approval_id) VALUES (?, ?, ?, ?)",
            [proposal.kind.rawValue, proposal.target, resolvedAt.milliseconds, id])
    }

    /// Writes what an update in place changes besides.
    func replace(_ db: Database) throws {
        try db.run(
            "UPDATE approvals SET seen_count = ?, last_seen_at = ? WHERE id = ?",
            [seenCount, lastSeenAt.milliseconds, id])
        try update(db)
    }

    private var storedBody: String {
        var members = proposal.storedMembers
        members += [
            ("tier", .string(tier.rawValue)), ("rule", rule.stored), ("approvals_needed", .integer(approvalsNeeded)),
            ("votes", .array(votes.map(\.stored))), ("resolution", JSONValue(resolution)),
        ]
        return JSONValue.object(JSONObject(unique: members)).canonical
    }
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
