internal import ControlPlane
internal import FleetModel
internal import Hummingbird

/// The policy in force, what it would say, and the overrides laid over it.
enum PolicyRoutes {
    static let all: [Route] = [
        Route(
            .get, "/api/fleet/policy", .scope(.fleetRead), name: "get_policy",
            summary: "the policy in force: rules with file line, overrides, digest, last error",
            answer: .json("Policy"), handler: policy),
        Route(
            .post, "/api/fleet/policy/evaluate", .scope(.fleetRead), name: "evaluate_policy",
            summary: "what the gate would say of a proposal, and when it would let it through; writes nothing",
            body: .fields(
                ActionRoutes.proposalFields + [
                    BodyField("reason", .text(maximum: 1000), "why it would be asked for"),
                    BodyField(
                        "source", .choice(ProposalSource.allCases.map(\.rawValue)), "who would ask; default `manual`"),
                    BodyField("at", .time, "the time to decide for; default now"),
                ], schema: "EvaluationRequest"),
            answer: .json("Evaluation"), handler: evaluate),
        Route(
            .get, "/api/fleet/policy/overrides", .scope(.policyWrite), name: "list_overrides",
            summary: "the stored overrides", query: QueryParameter.paging, answer: .json("OverrideList"),
            handler: overrides),
        Route(
            .post, "/api/fleet/policy/overrides", .scope(.policyWrite), name: "add_override",
            summary: "stores a rule before the file's rules, by `priority`", body: .free(schema: "OverrideRequest"),
            answer: .json("Override", status: 201), handler: add),
        Route(
            .delete, "/api/fleet/policy/overrides/{id}", .scope(.policyWrite), name: "remove_override",
            summary: "removes an override", answer: .json("Removed"), handler: remove),
    ]

    @Sendable static func policy(_ call: Call) async throws(APIError) -> Response {
        .json(try await fromControl { () async throws(ControlError) in try await call.control.policy() })
    }

    @Sendable static func evaluate(_ call: Call) async throws(APIError) -> Response {
        let source = call.body["source"]?.string.flatMap(ProposalSource.init(rawValue:)) ?? .manual
        let time = call.body["at"]?.string.flatMap { WallTime(rfc3339: $0) }
        let request = call.manualRequest()
        return .json(
            try await fromControl { () async throws(ControlError) in
                try await call.control.evaluate(request, source: source, at: time)
            })
    }

    /// They are few (each is one person's exception), so the control plane gives all and pages are cut here; the
    /// cursor is the last id of the page before.
    @Sendable static func overrides(_ call: Call) async throws(APIError) -> Response {
        let limit = try call.limit()
        let answer = try await fromControl { () async throws(ControlError) in try await call.control.overrides() }
        var items = (answer["overrides"] ?? answer).array ?? []
        if let cursor = call.query["cursor"] {
            guard let index = items.firstIndex(where: { $0["id"]?.string == cursor }) else {
                throw .badRequest("`cursor` is not one that was handed out")
            }
            items = Array(items[(index + 1)...])
        }
        let page = Array(items.prefix(limit))
        return .json(.list("overrides", page, next: items.count > limit ? page.last?["id"]?.string : nil))
    }

    @Sendable static func add(_ call: Call) async throws(APIError) -> Response {
        .json(
            try await fromControl { () async throws(ControlError) in
                try await call.control.addOverride(call.body, by: call.principal.name)
            }, status: .created)
    }

    @Sendable static func remove(_ call: Call) async throws(APIError) -> Response {
        let id = call.pathParameter("id")
        try await fromControl { () async throws(ControlError) in
            try await call.control.removeOverride(id, by: call.principal.name)
        }
        return .json(["status": "success", "result": ["override_id": .string(id)]])
    }
}
