internal import FleetModel

/// The shapes of the contract, as JSON Schema 2020-12.
enum Schemas {
    static let all: [(name: String, schema: JSONValue)] =
        [
            ("Any", ["type": "object"]), ("Error", error), ("Alive", alive), ("Readiness", readiness),
            ("Service", service), ("ServiceList", list("services", "Service")), ("Plan", plan),
            ("Topology", topology),
            ("FleetHealth", ["type": "object", "description": "counts per domain"]),
            ("Vote", vote), ("Rule", rule), ("Approval", approval), ("ApprovalList", list("approvals", "Approval")),
            ("VoteAnswer", voteAnswer), ("ProposalAnswer", proposalAnswer), ("Action", action),
            ("ActionList", list("actions", "Action")), ("Decision", decision),
            ("DecisionList", list("decisions", "Decision")), ("Report", report),
            ("ReportList", list("reports", "Report")), ("Hold", hold), ("PauseAnswer", pauseAnswer),
            ("ResumeAnswer", resumeAnswer), ("KillAnswer", killAnswer),
            ("Policy", ["type": "object", "description": "rules with file line, overrides, digest, last error"]),
            ("Evaluation", ["type": "object", "description": "decision, rule, every check with its numbers"]),
            ("OverrideRequest", overrideRequest), ("Override", ["type": "object"]),
            ("OverrideList", list("overrides", "Override")), ("Removed", removed),
        ] + requests

    /// The bodies, from the rules that check them.
    private static var requests: [(name: String, schema: JSONValue)] {
        var seen: Set<String> = []
        var schemas: [(name: String, schema: JSONValue)] = []
        for route in RouteTable.all {
            guard case .fields(let fields, let name) = route.body, seen.insert(name).inserted else { continue }
            var properties = JSONObject()
            for field in fields { properties[field.name] = schema(of: field) }
            schemas.append(
                (
                    name,
                    [
                        "type": "object", "additionalProperties": false, "properties": .object(properties),
                        "required": JSONValue(fields.filter(\.isRequired).map(\.name)),
                    ]
                ))
        }
        return schemas
    }

    private static func schema(of field: BodyField) -> JSONValue {
        var schema: JSONObject
        switch field.kind {
        case .text(let maximum):
            schema = JSONObject([("type", "string"), ("minLength", 1), ("maxLength", .integer(maximum))])
        case .choice(let choices): schema = JSONObject([("type", "string"), ("enum", JSONValue(choices))])
        case .actionKind: schema = JSONObject([("type", "string"), ("pattern", "^[a-z][a-z0-9_]{0,63}$")])
        case .target: schema = JSONObject([("type", "string"), ("pattern", "^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$")])
        case .scope:
            schema = JSONObject([
                ("type", "string"), ("pattern", "^(fleet|(service|domain):[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127})$"),
            ])
        case .time: schema = JSONObject([("type", "string"), ("format", "date-time")])
        case .object: schema = JSONObject([("type", "object")])
        }
        schema["description"] = .string(field.summary)
        return .object(schema)
    }

    // MARK: - Answers

    private static let text: JSONValue = ["type": "string"]
    private static let maybeText: JSONValue = ["type": ["string", "null"]]
    private static let time: JSONValue = ["type": "string", "format": "date-time"]
    private static let maybeTime: JSONValue = ["type": ["string", "null"], "format": "date-time"]
    private static let number: JSONValue = ["type": "integer"]
    private static let flag: JSONValue = ["type": "boolean"]
    private static let anyObject: JSONValue = ["type": "object"]

    private static func reference(_ name: String) -> JSONValue {
        ["$ref": .string("#/components/schemas/\(name)")]
    }

    private static func object(_ properties: [(String, JSONValue)], optional: Set<String> = []) -> JSONValue {
        [
            "type": "object", "properties": .object(JSONObject(properties)),
            "required": JSONValue(properties.map(\.0).filter { !optional.contains($0) }),
        ]
    }

    private static func choice(_ values: [String]) -> JSONValue {
        ["type": "string", "enum": JSONValue(values)]
    }

    private static func array(_ items: JSONValue) -> JSONValue {
        ["type": "array", "items": items]
    }

    private static func list(_ name: String, _ item: String) -> JSONValue {
        object([(name, array(reference(item))), ("next_cursor", maybeText)])
    }

    private static let error = object(
        [
            ("status", ["const": "error"]),
            (
                "error",
                choice([
                    "bad_request", "unauthorized", "forbidden", "not_found", "method_not_allowed", "conflict",
                    "payload_too_large", "unsupported_media_type", "unprocessable", "rate_limited", "internal",
                    "unavailable",
                ])
            ),
            ("message", text), ("request_id", text), ("approval_id", text), ("approval_status", text),
        ], optional: ["approval_id", "approval_status"])

    private static let alive = object([("status", ["const": "ok"]), ("version", text)])

    private static let readiness = object([
        ("status", choice(["ready", "degraded", "not_ready"])),
        (
            "checks",
            [
                "type": "object",
                "additionalProperties": object([("ok", flag), ("message", text)], optional: ["message"]),
            ]
        ),
    ])

    private static let service: JSONValue = [
        "type": "object", "description": "desired, observed, divergence, hold, replicas' owner, last action",
        "properties": ["name": ["type": "string"]],
    ]

    private static let plan = object([
        ("generated_at", time), ("term", [:]), ("proposals", array(anyObject)), ("in_sync", number),
        ("unknown", array([:])), ("deferred", array([:])), ("held", array([:])),
    ])

    private static let rule: JSONValue = [
        "type": "object",
        "properties": [
            "id": text, "origin": choice(["file", "override", "defaults"]), "line": ["type": ["integer", "null"]],
        ],
    ]

    private static let vote = object([
        ("by", text), ("decision", choice(VoteDecision.allCases.map(\.rawValue))), ("note", maybeText), ("at", time),
    ])

    private static let proposal: [(String, JSONValue)] = [
        ("id", text), ("kind", text), ("target", text), ("params", anyObject),
        ("source", choice(ProposalSource.allCases.map(\.rawValue))), ("reason", text),
    ]

    private static let approval = object(
        proposal + [
            ("tier", choice(Tier.allCases.map(\.rawValue))), ("rule", reference("Rule")),
            ("status", choice(ApprovalStatus.allCases.map(\.rawValue))), ("created_at", time), ("expires_at", time),
            ("last_seen_at", time), ("seen_count", number), ("approvals_needed", number),
            ("votes", array(reference("Vote"))), ("action_id", maybeText), ("resolution", maybeText),
            ("digest", text),
        ])

    private static let voteAnswer = object([
        ("status", ["const": "success"]),
        (
            "result",
            object([
                ("approval_id", text), ("decision", choice(VoteDecision.allCases.map(\.rawValue))),
                ("approval_status", choice(ApprovalStatus.allCases.map(\.rawValue))),
            ])
        ),
    ])

    private static let proposalAnswer = object(
        [
            ("proposal_id", text), ("state", choice(["decided", "submitted"])), ("decision", maybeText),
            ("reason", maybeText), ("approval_id", maybeText), ("action_id", maybeText),
        ], optional: ["decision", "reason", "approval_id", "action_id"])

    private static let action = object(
        proposal + [
            ("state", choice(ActionState.allCases.map(\.rawValue))), ("actuator", text), ("dry_run", flag),
            ("epoch", number), ("docker_host", maybeText), ("decision_id", text), ("approval_id", maybeText),
            ("argv", array(text)),
            ("detail", maybeText), ("planned_at", time), ("started_at", maybeTime), ("finished_at", maybeTime),
        ])

    private static let decision = object(
        proposal + [
            ("at", time), ("tier", choice(Tier.allCases.map(\.rawValue))),
            ("decision", choice(VerdictKind.allCases.map(\.rawValue))), ("rule", reference("Rule")),
            ("policy_digest", text), ("checks", anyObject), ("approval_id", maybeText), ("action_id", maybeText),
            ("epoch", number), ("dry_run", flag), ("prev_hash", text), ("hash", text),
        ])

    private static let report: JSONValue = ["type": "object", "properties": ["id": text, "at": time]]

    private static let topology = object([
        ("leader", ["oneOf": [election(at: "since"), ["type": "null"]]]),
        (
            "instances",
            array(
                object([
                    ("instance", text), ("role", choice(["leader", "follower"])), ("version", text),
                    ("started_at", time), ("heartbeat", time), ("self", flag), ("silent", flag),
                ]))
        ),
        ("elections", array(election(at: "at"))),
        ("domains", array(object([("name", text), ("services", number)]))),
    ])

    /// One taking of a term; `at` is what its time is called.
    private static func election(at name: String) -> JSONValue {
        object([("instance", text), ("epoch", number), (name, time), ("reason", text), ("detail", text)])
    }

    private static let hold = object([
        ("scope", text), ("reason", text), ("by", text), ("at", time), ("until", maybeTime),
    ])

    private static let pauseAnswer = object([("status", ["const": "success"]), ("result", reference("Hold"))])

    private static let resumeAnswer = object([
        ("status", ["const": "success"]), ("result", object([("scope", text), ("held", ["const": false])])),
    ])

    private static let killAnswer = object([
        ("status", ["const": "success"]), ("result", reference("Hold")),
        ("proposals", array(reference("ProposalAnswer"))),
    ])

    private static let overrideRequest: JSONValue = [
        "type": "object", "description": "a rule in the policy file's words, and `priority`",
    ]

    private static let removed = object([
        ("status", ["const": "success"]), ("result", object([("override_id", text)])),
    ])
}
