package import FleetModel

// What the smaller tables hold, from their rows and into their bodies.

extension Hold {
    /// From a row with `scope` and `body`.
    package init(row: some StoredRow) throws(StoreError) {
        let text = try row.text("scope")
        let body = try StoredBody(table: "holds", id: text, text: row.text("body"))
        self.init(
            scope: try body.require("scope", Hold.Scope(text)), reason: try body.string("reason"),
            by: try body.string("by"), at: try body.time("at"), until: try body.optionalTime("until"))
    }

    package var storedBody: String {
        let body: JSONValue = [
            "reason": .string(reason), "by": .string(by), "at": at.stored, "until": until?.stored ?? .null,
        ]
        return body.canonical
    }
}

extension StoredOverride {
    package static let columns = "id, priority, created_at, body"

    package init(row: some StoredRow) throws(StoreError) {
        let id = try row.text("id")
        let body = try StoredBody(table: "overrides", id: id, text: row.text("body"))
        self.init(
            id: id, priority: Int(try row.integer("priority")), body: try body.object("rule"),
            createdBy: try body.string("created_by"), createdAt: try row.time("created_at"))
    }

    package var storedBody: String {
        let body: JSONValue = ["created_by": .string(createdBy), "rule": .object(self.body)]
        return body.canonical
    }
}

extension IdempotentAnswer {
    package static let columns = "key, fingerprint, status, body, at"

    package init(row: some StoredRow) throws(StoreError) {
        self.init(
            key: try row.text("key"), fingerprint: try row.text("fingerprint"),
            status: Int(try row.integer("status")), body: try row.text("body"), at: try row.time("at"))
    }

    /// Answers older than this are dropped.
    package var oldestKept: WallTime { at.adding(seconds: -86_400) }
}

extension TickReport {
    package static let columns = "id, at, body"

    package init(row: some StoredRow) throws(StoreError) {
        let id = try row.text("id")
        let body = try StoredBody(table: "reports", id: id, text: row.text("body"))
        self.init(id: id, at: try row.time("at"), body: body.object)
    }

    package var storedBody: String { JSONValue.object(body).text }
}

extension Submission {
    package static let columns = "id, at, requested_by, request, answer"

    package init(row: some StoredRow) throws(StoreError) {
        let id = try row.text("id")
        let answer = try row.optionalText("answer")
        self.init(
            id: id, request: try StoredBody(table: "submissions", id: id, text: row.text("request")).object,
            requestedBy: try row.text("requested_by"), at: try row.time("at"),
            answer: try answer.map { (text) throws(StoreError) in
                try StoredBody(table: "submissions", id: id, text: text).object
            })
    }

    /// Answered submissions older than this are dropped.
    package var oldestKept: WallTime { at.adding(seconds: -86_400) }
}

extension TickCommit {
    /// Denials older than this leave `WorkingSet.denials`: 7 days, beyond any deny cooldown that makes sense.
    package var oldestDenialKept: WallTime { at.adding(seconds: -7 * 86_400) }
}
