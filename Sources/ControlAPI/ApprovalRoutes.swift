internal import ControlPlane
internal import FleetModel
internal import Hummingbird
internal import Store

/// Reading the approval queue and voting on it.
enum ApprovalRoutes {
    private static let statuses = ApprovalStatus.allCases.map(\.rawValue)
    private static let note = BodyField("note", .text(maximum: 1000), "what the person wants to say with the vote")
    private static let digest = BodyField(
        "digest", .text(maximum: 64), "the approval's `digest` as it was seen; 409 when it asks for something else now")

    static let all: [Route] = [
        Route(
            .get, "/api/fleet/approvals", .scope(.fleetRead), name: "list_approvals",
            summary: "approvals, newest first", query: QueryParameter.filters(state: "status", values: statuses),
            answer: .json("ApprovalList"), handler: list),
        Route(
            .get, "/api/fleet/approvals/{id}", .scope(.fleetRead), name: "get_approval", summary: "one approval",
            answer: .json("Approval"), handler: one),
        Route(
            .post, "/api/fleet/approvals/grant", .scope(.approvalsWrite), name: "grant_approval",
            summary: "votes on the approval named in the body",
            body: .fields(
                [
                    BodyField("job_id", .text(maximum: 200), required: true, "the approval's id"),
                    BodyField(
                        "decision", .choice(VoteDecision.allCases.map(\.rawValue)), required: true,
                        "`approved` or `denied`"),
                    note, digest,
                ], schema: "Grant"),
            answer: .json("VoteAnswer"), handler: grant),
        Route(
            .post, "/api/fleet/approvals/{id}/approve", .scope(.approvalsWrite), name: "approve",
            summary: "votes for an approval", body: .fields([note, digest], schema: "Note"),
            answer: .json("VoteAnswer"), handler: approve),
        Route(
            .post, "/api/fleet/approvals/{id}/deny", .scope(.approvalsWrite), name: "deny",
            summary: "votes against an approval", body: .fields([note, digest], schema: "Note"),
            answer: .json("VoteAnswer"), handler: deny),
    ]

    @Sendable static func list(_ call: Call) async throws(APIError) -> Response {
        let query = try call.listQuery(state: "status", values: statuses)
        let page = try await fromStore { () async throws(StoreError) in try await call.control.store.approvals(query) }
        return .json(.list("approvals", page.items.map(\.json), next: page.nextCursor))
    }

    @Sendable static func one(_ call: Call) async throws(APIError) -> Response {
        let id = call.pathParameter("id")
        let approval = try await fromStore { () async throws(StoreError) in
            try await call.control.store.approval(id: id)
        }
        guard let approval else { throw .notFound("there is no approval `\(id.escapedForDisplay(maximumLength: 80))`") }
        return .json(approval.json)
    }

    @Sendable static func grant(_ call: Call) async throws(APIError) -> Response {
        let decision = call.body["decision"]?.string.flatMap(VoteDecision.init(rawValue:)) ?? .denied
        return try await vote(call, on: call.body["job_id"]?.string ?? "", decision)
    }

    @Sendable static func approve(_ call: Call) async throws(APIError) -> Response {
        try await vote(call, on: call.pathParameter("id"), .approved)
    }

    @Sendable static func deny(_ call: Call) async throws(APIError) -> Response {
        try await vote(call, on: call.pathParameter("id"), .denied)
    }

    private static func vote(
        _ call: Call, on id: String, _ decision: VoteDecision
    ) async throws(APIError) -> Response {
        let approval: Approval
        do {
            approval = try await call.control.vote(
                approvalID: id, decision, by: call.principal.name, note: call.body["note"]?.string,
                digest: call.body["digest"]?.string)
        } catch .conflict(let message) {
            throw await noLongerPending(call, id, message)
        } catch {
            throw APIError(error)
        }
        return .json([
            "status": "success",
            "result": [
                "approval_id": .string(approval.id), "decision": .string(decision.rawValue),
                "approval_status": .string(approval.status.rawValue),
            ],
        ])
    }

    /// 409 with the approval's present status in the message and beside it.
    private static func noLongerPending(_ call: Call, _ id: String, _ message: String) async -> APIError {
        guard let status = try? await call.control.store.approval(id: id)?.status.rawValue else {
            return .conflict(message)
        }
        let text = message.contains(status) ? message : "\(message) (it is `\(status)`)"
        return .conflict(
            text, details: JSONObject([("approval_id", .string(id)), ("approval_status", .string(status))]))
    }
}
