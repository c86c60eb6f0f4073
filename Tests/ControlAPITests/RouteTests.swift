import FleetModel
import Foundation
import HTTPTypes
import Store
import StoreSQLite
import Testing

@testable import ControlAPI

/// How to ask each route so that it succeeds; `{approval}` and the like are filled in from the daemon.
struct HappyRequest: Sendable {
    var path: String?
    var body: String?
    var status = 200
    /// A member that the answer has.
    var member: String?

    init(path: String? = nil, body: String? = nil, status: Int = 200, member: String? = nil) {
        self.path = path
        self.body = body
        self.status = status
        self.member = member
    }

    static let byRoute: [String: HappyRequest] = [
        "livez": HappyRequest(member: "version"), "healthz": HappyRequest(member: "version"),
        "health": HappyRequest(member: "version"), "api_health": HappyRequest(member: "version"),
        "readyz": HappyRequest(member: "checks"), "metrics": HappyRequest(), "openapi": HappyRequest(member: "paths"),
        "page": HappyRequest(), "list_services": HappyRequest(member: "services"),
        "get_service": HappyRequest(path: "/api/fleet/services/web", member: "observed"),
        "get_plan": HappyRequest(member: "proposals"), "get_topology": HappyRequest(member: "leader"),
        "get_fleet_health": HappyRequest(member: "domains"), "list_approvals": HappyRequest(member: "approvals"),
        "get_approval": HappyRequest(path: "/api/fleet/approvals/{approval}", member: "seen_count"),
        "grant_approval": HappyRequest(
            body: #"{"job_id":"{approval}","decision":"denied","note":"not now"}"#, member: "result"),
        "approve": HappyRequest(path: "/api/fleet/approvals/{approval}/approve", body: "{}", member: "result"),
        "deny": HappyRequest(path: "/api/fleet/approvals/{approval}/deny", member: "result"),
        "propose_action": HappyRequest(
            body: #"{"kind":"restart_service","target":"api","reason":"it leaks"}"#, status: 202,
            member: "proposal_id"),
        "list_actions": HappyRequest(member: "actions"),
        "get_action": HappyRequest(path: "/api/fleet/actions/{action}", member: "argv"),
        "list_decisions": HappyRequest(member: "decisions"),
        "get_decision": HappyRequest(path: "/api/fleet/decisions/{decision}", member: "prev_hash"),
        "list_reports": HappyRequest(member: "reports"),
        "push_signals": HappyRequest(
            body: #"{"service":"db","signal":"queue_depth","value":12}"#, member: "accepted"),
        "get_scaling_history": HappyRequest(path: "/api/fleet/services/db/scaling?limit=5", member: "points"),
        "explain_scaling": HappyRequest(path: "/api/fleet/services/db/scaling/explain?value=900", member: "lines"),
        "pause": HappyRequest(body: #"{"scope":"service:db","reason":"moving it"}"#, member: "result"),
        "resume": HappyRequest(body: #"{"scope":"service:db"}"#, member: "result"),
        "kill": HappyRequest(body: #"{"scope":"service:api","reason":"it burns"}"#, member: "proposals"),
        "get_policy": HappyRequest(member: "rules"),
        "evaluate_policy": HappyRequest(
            body: #"{"kind":"restart_service","target":"web","source":"reconciler","at":"2026-01-31T06:00:00Z"}"#,
            member: "checks"),
        "list_overrides": HappyRequest(member: "overrides"),
        "add_override": HappyRequest(
            body: #"{"kind":"restart_service","target":"web","tier":"forbidden","priority":3}"#, status: 201,
            member: "id"),
        "remove_override": HappyRequest(path: "/api/fleet/policy/overrides/{override}", member: "result"),
    ]
}

@Suite(.timeLimit(.minutes(2))) struct RouteTests {
    /// All but the stream, which has tests of its own.
    @Test(arguments: RouteTable.all.map(\.name).filter { $0 != "stream" })
    func everyRouteAnswersAsTheContractSays(name: String) async throws {
        let route = try #require(RouteTable.all.first { $0.name == name })
        let happy = try #require(HappyRequest.byRoute[name], "a route without a request here is untested")
        try await Daemon.run { daemon in
            let fill = try await Fill(daemon, needs: (happy.path ?? "") + (happy.body ?? ""), route: name)
            let answer = try await daemon.wire.send(
                route.method.rawValue, fill.in(happy.path ?? route.path), body: happy.body.map(fill.in))
            #expect(answer.status == happy.status, "\(answer.text)")
            #expect(answer.headers["x-request-id"]?.isEmpty == false)
            #expect(answer.headers["content-type"] == route.answer.contentType)
            #expect(answer.headers["x-content-type-options"] == "nosniff")
            if let member = happy.member { #expect(answer.json[member] != nil, "\(answer.text)") }
        }
    }

    @Test func headGivesTheHeadOfGetAndNoBody() async throws {
        try await Daemon.run { daemon in
            let fixed = RouteTable.all.filter { $0.method == .get && !$0.path.contains("{") && $0.name != "stream" }
            for route in fixed {
                let get = try await daemon.wire.send("GET", route.path)
                let head = try await daemon.wire.send("HEAD", route.path)
                #expect(head.status == get.status, "\(route.path)")
                #expect(head.headers["content-type"] == get.headers["content-type"], "\(route.path)")
                #expect(head.headers["content-length"] != nil, "\(route.path)")
                #expect(head.body.isEmpty, "\(route.path)")
            }
            let stream = try await daemon.wire.send("HEAD", "/api/fleet/stream")
            #expect(stream.status == 200)
            #expect(stream.body.isEmpty)
        }
    }

    @Test func theRequestIDIsTheCallersWhenItIsOne() async throws {
        try await Daemon.run { daemon in
            let given = try await daemon.wire.send("GET", "/livez", headers: [("X-Request-ID", "deploy-7.a_b")])
            #expect(given.headers["x-request-id"] == "deploy-7.a_b")
            for bad in ["has space", "a/b", String(repeating: "x", count: 129)] {
                let made = try await daemon.wire.send("GET", "/nowhere", headers: [("X-Request-ID", bad)])
                let id = try #require(made.headers["x-request-id"])
                #expect(id != bad)
                #expect(made.json["request_id"]?.string == id, "the body names the same id")
            }
        }
    }

    @Test func aRequestLeavesOneLineWithoutItsQuery() async throws {
        try await Daemon.run { daemon in
            _ = try await daemon.wire.send(
                "GET", "/api/fleet/actions?target=secret-thing", headers: [("X-Request-ID", "seen-1")])
            let lines = daemon.log.all.filter { $0["request_id"] == "seen-1" }
            let line = try #require(lines.first)
            #expect(lines.count == 1)
            #expect(line["event"] == "request")
            #expect(line["path"] == "/api/fleet/actions")
            #expect(line["status"] == "200")
            #expect(line["method"] == "GET")
            #expect(line["client_ip"] == "127.0.0.1")
            #expect(line["actor"] == "local")
            #expect(Double(line["duration_ms"] ?? "") != nil)
        }
    }

    @Test func metricsCanBeSwitchedOff() async throws {
        try await Daemon.run(metricsEnabled: false) { daemon in
            let answer = try await daemon.wire.send("GET", "/metrics")
            #expect(answer.status == 404)
        }
    }
}

/// Puts ids of things that exist into a request.
struct Fill: Sendable {
    private var values: [(String, String)] = []

    init(_ daemon: Daemon, needs text: String, route: String) async throws {
        if text.contains("{approval}") { values.append(("{approval}", try await daemon.pendingApproval())) }
        if text.contains("{action}") { values.append(("{action}", try await Fill.action(daemon))) }
        if text.contains("{decision}") {
            let entries = try await daemon.store.decisions(ListQuery(limit: 1)).items
            values.append(("{decision}", entries.first?.json["id"]?.string ?? ""))
        }
        if text.contains("{override}") {
            let added = try await daemon.wire.send(
                "POST", "/api/fleet/policy/overrides", body: HappyRequest.byRoute["add_override"]?.body)
            values.append(("{override}", added.json["id"]?.string ?? ""))
        }
        if route == "resume" {
            _ = try await daemon.wire.send("POST", "/api/fleet/pause", body: HappyRequest.byRoute["pause"]?.body)
        }
    }

    /// Approves what is pending and waits for the action it becomes, 20 s at most.
    private static func action(_ daemon: Daemon) async throws -> String {
        let id = try await daemon.pendingApproval()
        _ = try await daemon.wire.send("POST", "/api/fleet/approvals/\(id)/approve", body: "{}")
        for _ in 0..<2000 {
            if let action = try await daemon.store.actions(ListQuery()).items.first { return action.id }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw Wire.Failure.noAnswer("no action")
    }

    func `in`(_ text: String) -> String {
        values.reduce(text) { $0.replacingOccurrences(of: $1.0, with: $1.1) }
    }
}
