package import FleetModel

extension Proposal {
    /// `kind` and `target` come from the row's columns, the rest from its body.
    package init(kind: String, target: String, body: StoredBody) throws(StoreError) {
        self.init(
            kind: ActionKind(rawValue: kind), target: target, params: try body.object("params"),
            source: try body.word("source"), reason: try body.string("reason"),
            desiredDigest: try body.string("desired_digest"), evidence: try body.string("evidence"),
            requestedBy: try body.optionalString("requested_by"))
    }

    package var storedMembers: [(name: String, value: JSONValue)] {
        [
            ("params", .object(params)), ("source", .string(source.rawValue)), ("reason", .string(reason)),
            ("desired_digest", .string(desiredDigest)), ("evidence", .string(evidence)),
            ("requested_by", JSONValue(requestedBy)),
        ]
    }
}
