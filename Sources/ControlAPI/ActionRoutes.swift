internal import ControlPlane
internal import FleetModel
internal import HTTPTypes
internal import Hummingbird
internal import Store

/// Asking for an action, and reading the journal of those carried out.
enum ActionRoutes {
    private static let states = ActionState.allCases.map(\.rawValue)
    /// What a manual proposal consists of; policies are evaluated for the same.
    static let proposalFields = [
        BodyField("kind", .actionKind, required: true, "the kind of action, such as `restart_service`"),
        BodyField("target", .target, required: true, "the service or stack that it is for"),
        BodyField("params", .object, "what the kind needs besides, such as `{\"replicas\": 3}`"),
    ]

    static let all: [Route] = [
        Route(
            .post, "/api/fleet/actions", .scope(.actionsWrite), name: "propose_action",
            summary: "a manual proposal through the gate; honours `Idempotency-Key`",
            body: .fields(
                proposalFields + [BodyField("reason", .text(maximum: 1000), required: true, "why it is asked for")],
                schema: "ManualProposal"),
            answer: .json("ProposalAnswer", status: 202), handler: propose),
        Route(
            .get, "/api/fleet/actions", .scope(.fleetRead), name: "list_actions", summary: "actions, newest first",
            query: QueryParameter.filters(state: "state", values: states), answer: .json("ActionList"),
            handler: list),
        Route(
            .get, "/api/fleet/actions/{id}", .scope(.fleetRead), name: "get_action", summary: "one action",
            answer: .json("Action"), handler: one),
    ]

    @Sendable static func list(_ call: Call) async throws(APIError) -> Response {
        let query = try call.listQuery(state: "state", values: states)
        let page = try await fromStore { () async throws(StoreError) in try await call.control.store.actions(query) }
        return .json(.list("actions", page.items.map(\.json), next: page.nextCursor))
    }

    @Sendable static func one(_ call: Call) async throws(APIError) -> Response {
        let id = call.pathParameter("id")
        let action = try await fromStore { () async throws(StoreError) in try await call.control.store.action(id: id) }
        guard let action else { throw .notFound("there is no action `\(id.escapedForDisplay(maximumLength: 80))`") }
        return .json(action.json)
    }

    @Sendable static func propose(_ call: Call) async throws(APIError) -> Response {
        let request = call.manualRequest()
        // With it a stop passes the hold of the same scope; only `POST /api/fleet/kill`, an admin's, may set it.
        guard request.params[Proposal.killParameter] == nil else {
            throw .unprocessable("the parameter `\(Proposal.killParameter)` is set by `POST /api/fleet/kill` alone")
        }
        return try await Idempotency.once(call) { () async throws(APIError) in
            let answer = try await fromControl { () async throws(ControlError) in
                try await call.control.propose(request)
            }
            return (status: 202, body: answer.text)
        }
    }
}

extension Call {
    /// The body as a proposal by this caller.
    func manualRequest() -> ManualRequest {
        ManualRequest(
            kind: body["kind"]?.string ?? "", target: body["target"]?.string ?? "",
            params: body["params"]?.object ?? JSONObject(), reason: body["reason"]?.string ?? "",
            requestedBy: principal.name)
    }
}
