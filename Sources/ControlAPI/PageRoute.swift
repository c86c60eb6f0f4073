internal import ControlPlane
internal import Crypto
internal import FleetModel
internal import Foundation
internal import HTTPTypes
internal import Hummingbird
internal import Store

/// `GET /`: one overview, rendered here, that needs no script.
enum PageRoute {
    static let all: [Route] = [
        Route(
            .get, "/", .page, name: "page", summary: "an overview for people",
            answer: .text("text/html; charset=utf-8"), handler: page)
    ]

    /// With identity on, a caller without `fleet:read` is shown how to ask, and nothing of the fleet.
    @Sendable static func page(_ call: Call) async throws(APIError) -> Response {
        let mayRead = call.principal.scopes.contains(.fleetRead)
        let content = mayRead ? OverviewPage.render(try await facts(call)) : OverviewPage.closed
        return .text(
            OverviewPage.document(content, version: call.shared.version).source,
            contentType: "text/html; charset=utf-8", headers: headers)
    }

    /// No script, no frame, no form, nothing from elsewhere; the one style sheet by its hash.
    private static let headers: HTTPFields = {
        let digest = Data(SHA256.hash(data: Array(OverviewPage.style.utf8))).base64EncodedString()
        return [
            .contentSecurityPolicy: "default-src 'none'; style-src 'sha256-\(digest)'; base-uri 'none'; "
                + "form-action 'none'; frame-ancestors 'none'",
            .referrerPolicy: "no-referrer", .frameOptions: "DENY",
        ]
    }()

    private static func facts(_ call: Call) async throws(APIError) -> OverviewPage.Facts {
        let store = call.control.store
        let readiness = await call.control.readiness()
        let approvals = try await fromStore { () async throws(StoreError) in
            try await store.approvals(ListQuery(state: ApprovalStatus.pending.rawValue, limit: 50))
        }
        let actions = try await fromStore { () async throws(StoreError) in
            try await store.actions(ListQuery(limit: 10))
        }
        let decisions = try await fromStore { () async throws(StoreError) in
            try await store.decisions(ListQuery(limit: 10))
        }
        return OverviewPage.Facts(
            status: readiness.status, readiness: readiness.body, topology: await call.control.topology(),
            health: await call.control.health(), plan: await plan(call), approvals: approvals.items,
            actions: actions.items, decisions: decisions.items.map(\.json), now: call.now)
    }

    /// The plan, or why there is none: the page says so and shows the rest.
    private static func plan(_ call: Call) async -> Result<JSONValue, ControlError> {
        do {
            return .success(try await call.control.plan())
        } catch {
            return .failure(error)
        }
    }
}
