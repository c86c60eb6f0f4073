internal import ControlPlane
internal import FleetModel
internal import Hummingbird
internal import Store

/// Signals pushed, the history of a scaled service, and why it has the replicas that it has.
enum ScalingRoutes {
    private static let value = QueryParameter(
        "value", ["type": "number", "minimum": 0], "supposed in place of what was read")

    static let all: [Route] = [
        Route(
            .post, "/api/fleet/signals", .scope(.eventsWrite), name: "push_signals",
            summary: "gauges that services are scaled by: one sample, or `signals` with up to 1000 of them",
            body: .free(schema: "SignalPush"), answer: .json("SignalAnswer"), handler: push),
        Route(
            .get, "/api/fleet/services/{name}/scaling", .scope(.fleetRead), name: "get_scaling_history",
            summary: "value, replicas and verdict over time, oldest first; kept for a day",
            query: [
                QueryParameter.limit,
                QueryParameter("since", ["type": "string", "format": "date-time"], "only from this time on"),
            ], answer: .json("ScalingHistory"), handler: history),
        Route(
            .get, "/api/fleet/services/{name}/scaling/explain", .scope(.fleetRead), name: "explain_scaling",
            summary: "what an evaluation would say now: the arithmetic and each guard; changes nothing",
            query: [value], answer: .json("ScalingExplanation"), handler: explain),
    ]

    static let schemas: [(name: String, schema: JSONValue)] = [
        ("SignalSample", sample),
        (
            "SignalPush",
            [
                "oneOf": [
                    reference("SignalSample"),
                    [
                        "type": "object", "required": ["signals"], "additionalProperties": false,
                        "properties": [
                            "signals": [
                                "type": "array", "minItems": 1, "maxItems": 1000, "items": reference("SignalSample"),
                            ]
                        ],
                    ],
                ]
            ]
        ),
        (
            "SignalAnswer",
            [
                "type": "object", "required": ["status", "accepted", "signals"],
                "properties": [
                    "status": ["const": "success"], "accepted": ["type": "integer"],
                    "signals": [
                        "type": "array",
                        "items": [
                            "type": "object",
                            "properties": [
                                "service": ["type": ["string", "null"]], "signal": ["type": ["string", "null"]],
                                "accepted": ["type": "boolean"], "reason": ["type": ["string", "null"]],
                            ],
                        ],
                    ],
                ],
            ]
        ),
        (
            "ScalingHistory",
            [
                "type": "object", "required": ["service", "points"],
                "properties": [
                    "service": ["type": "string"], "scaling": ["type": ["object", "null"]],
                    "points": ["type": "array", "items": point],
                ],
            ]
        ),
        (
            "ScalingExplanation",
            [
                "type": "object", "required": ["service", "at", "reason", "evaluation", "lines"],
                "properties": [
                    "service": ["type": "string"], "at": ["type": "string", "format": "date-time"],
                    "scaling": ["type": "object"], "signal": ["type": ["object", "null"]],
                    "reason": ["type": "string"], "evaluation": ["type": "object"],
                    "lines": ["type": "array", "items": ["type": "string"]],
                    "proposal": ["type": ["object", "null"]], "decision": ["type": ["object", "null"]],
                ],
            ]
        ),
    ]

    private static let sample: JSONValue = [
        "type": "object", "required": ["service", "signal", "value"], "additionalProperties": false,
        "properties": [
            "service": ["type": "string", "pattern": "^[a-z0-9][a-z0-9._-]{0,62}$"],
            "signal": ["type": "string", "pattern": "^[a-z][a-z0-9_]{0,127}$"],
            "value": ["type": "number", "minimum": 0],
            "unit": ["type": "string", "description": "that of the definition, which it must equal"],
            "aggregation": ["enum": ["fleet_total", "per_replica"]],
            "at": ["type": "string", "format": "date-time", "description": "when it was measured; now when missing"],
        ],
    ]

    private static let point: JSONValue = [
        "type": "object", "required": ["at", "verdict", "reason"],
        "properties": [
            "at": ["type": "string", "format": "date-time"], "value": ["type": ["number", "null"]],
            "current": ["type": ["integer", "null"]], "desired": ["type": ["integer", "null"]],
            "verdict": ["type": "string"], "reason": ["type": "string"], "dry_run": ["type": "boolean"],
        ],
    ]

    private static func reference(_ name: String) -> JSONValue {
        ["$ref": .string("#/components/schemas/\(name)")]
    }

    @Sendable static func push(_ call: Call) async throws(APIError) -> Response {
        .json(
            try await fromControl { () async throws(ControlError) in
                try await call.control.pushSignals(call.body, by: call.principal.name)
            })
    }

    @Sendable static func history(_ call: Call) async throws(APIError) -> Response {
        let limit = try call.limit()
        let since = try call.listQuery(state: "state", values: []).since
        return .json(
            try await fromControl { () async throws(ControlError) in
                try await call.control.scalingHistory(call.pathParameter("name"), since: since, limit: limit)
            })
    }

    @Sendable static func explain(_ call: Call) async throws(APIError) -> Response {
        var value: Double?
        if let text = call.query["value"] {
            guard let number = Double(text), number.isFinite, number >= 0,
                text.utf8.allSatisfy({ "0123456789.eE+-".utf8.contains($0) })
            else {
                throw .badRequest(
                    "`value` is `\(text.escapedForDisplay(maximumLength: 40))`; it must be a number of at least 0")
            }
            value = number
        }
        return .json(
            try await fromControl { [value] () async throws(ControlError) in
                try await call.control.explainScaling(call.pathParameter("name"), value: value)
            })
    }
}
