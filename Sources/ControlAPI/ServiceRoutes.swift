internal import ControlPlane
internal import FleetModel
internal import Hummingbird

/// The fleet as it is wanted and seen.
enum ServiceRoutes {
    static let all: [Route] = [
        Route(
            .get, "/api/fleet/services", .scope(.fleetRead), name: "list_services",
            summary: "the registry's services in name order", query: QueryParameter.paging,
            answer: .json("ServiceList"), handler: list),
        Route(
            .get, "/api/fleet/services/{name}", .scope(.fleetRead), name: "get_service", summary: "one service",
            answer: .json("Service"), handler: one),
        Route(
            .get, "/api/fleet/plan", .scope(.fleetRead), name: "get_plan",
            summary: "what a tick would do now and why, and why not for the rest; changes nothing",
            answer: .json("Plan"), handler: plan),
        Route(
            .get, "/api/fleet/topology", .scope(.fleetRead), name: "get_topology",
            summary: "leader, instances, domains", answer: .json("Topology"), handler: topology),
        Route(
            .get, "/api/fleet/health", .scope(.fleetRead), name: "get_fleet_health", summary: "counts per domain",
            answer: .json("FleetHealth"), handler: health),
    ]

    /// The cursor is the last name of the page before: names are unique and the order is theirs.
    @Sendable static func list(_ call: Call) async throws(APIError) -> Response {
        if let cursor = call.query["cursor"], !Names.isServiceName(cursor) {
            throw .badRequest("`cursor` is not one that was handed out")
        }
        let page = await call.control.services(after: call.query["cursor"], limit: try call.limit())
        return .json(.list("services", page.items, next: page.next))
    }

    @Sendable static func one(_ call: Call) async throws(APIError) -> Response {
        let name = call.pathParameter("name")
        return .json(try await fromControl { () async throws(ControlError) in try await call.control.service(name) })
    }

    @Sendable static func plan(_ call: Call) async throws(APIError) -> Response {
        .json(try await fromControl { () async throws(ControlError) in try await call.control.plan() })
    }

    @Sendable static func topology(_ call: Call) async throws(APIError) -> Response {
        .json(await call.control.topology())
    }

    @Sendable static func health(_ call: Call) async throws(APIError) -> Response {
        .json(await call.control.health())
    }
}
