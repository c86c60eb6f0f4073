internal import ControlPlane
internal import FleetModel
internal import Hummingbird
internal import Store

/// The ledger of decisions and the ticks' reports.
enum RecordRoutes {
    private static let verdicts = VerdictKind.allCases.map(\.rawValue)

    static let all: [Route] = [
        Route(
            .get, "/api/fleet/decisions", .scope(.fleetRead), name: "list_decisions",
            summary: "the ledger, newest first; `state` is the decision",
            query: QueryParameter.filters(state: "state", values: verdicts), answer: .json("DecisionList"),
            handler: decisions),
        Route(
            .get, "/api/fleet/decisions/{id}", .scope(.fleetRead), name: "get_decision", summary: "one decision",
            answer: .json("Decision"), handler: decision),
        Route(
            .get, "/api/fleet/reports", .scope(.fleetRead), name: "list_reports",
            summary: "what the ticks did, newest first; ticks that did nothing leave none",
            query: QueryParameter.paging + [
                QueryParameter("since", ["type": "string", "format": "date-time"], "only from this time on")
            ],
            answer: .json("ReportList"), handler: reports),
    ]

    @Sendable static func decisions(_ call: Call) async throws(APIError) -> Response {
        let query = try call.listQuery(state: "state", values: verdicts)
        let page = try await fromStore { () async throws(StoreError) in try await call.control.store.decisions(query) }
        return .json(.list("decisions", page.items.map(\.json), next: page.nextCursor))
    }

    @Sendable static func decision(_ call: Call) async throws(APIError) -> Response {
        let id = call.pathParameter("id")
        let entry = try await fromStore { () async throws(StoreError) in
            try await call.control.store.decision(id: id)
        }
        guard let entry else { throw .notFound("there is no decision `\(id.escapedForDisplay(maximumLength: 80))`") }
        return .json(entry.json)
    }

    @Sendable static func reports(_ call: Call) async throws(APIError) -> Response {
        let query = try call.listQuery(state: "state", values: [])
        let page = try await fromStore { () async throws(StoreError) in try await call.control.store.reports(query) }
        return .json(.list("reports", page.items.map(\.json), next: page.nextCursor))
    }
}
