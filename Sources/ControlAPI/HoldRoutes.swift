internal import ControlPlane
internal import FleetModel
internal import Hummingbird

/// "Hands off", and back on.
enum HoldRoutes {
    private static let scope = BodyField("scope", .scope, required: true, "`service:x`, `domain:y` or `fleet`")
    private static let holdBody = BodyRule.fields(
        [
            scope, BodyField("reason", .text(maximum: 1000), required: true, "why"),
            BodyField("until", .time, "when it ends by itself"),
        ], schema: "HoldRequest")

    static let all: [Route] = [
        Route(
            .post, "/api/fleet/pause", .scope(.fleetAdmin), name: "pause",
            summary: "holds a service, a domain or the fleet: nothing is proposed or run there", body: holdBody,
            answer: .json("PauseAnswer"), handler: pause),
        Route(
            .post, "/api/fleet/resume", .scope(.fleetAdmin), name: "resume", summary: "lifts a hold",
            body: .fields([scope, BodyField("reason", .text(maximum: 1000), "why")], schema: "ResumeRequest"),
            answer: .json("ResumeAnswer"), handler: resume),
        Route(
            .post, "/api/fleet/kill", .scope(.fleetAdmin), name: "kill",
            summary: "pauses, and proposes `stop_service` for each service in the scope", body: holdBody,
            answer: .json("KillAnswer"), handler: kill),
    ]

    @Sendable static func pause(_ call: Call) async throws(APIError) -> Response {
        let hold = try hold(call)
        return .json(try await fromControl { () async throws(ControlError) in try await call.control.pause(hold) })
    }

    @Sendable static func resume(_ call: Call) async throws(APIError) -> Response {
        let scope = try holdScope(call)
        return .json(
            try await fromControl { () async throws(ControlError) in
                try await call.control.resume(scope, by: call.principal.name)
            })
    }

    @Sendable static func kill(_ call: Call) async throws(APIError) -> Response {
        let hold = try hold(call)
        return .json(try await fromControl { () async throws(ControlError) in try await call.control.kill(hold) })
    }

    private static func hold(_ call: Call) throws(APIError) -> Hold {
        let until = call.body["until"]?.string.flatMap { WallTime(rfc3339: $0) }
        if let until, until <= call.now { throw .unprocessable("`until` is `\(until)`; it must be in the future") }
        return Hold(
            scope: try holdScope(call), reason: call.body["reason"]?.string ?? "", by: call.principal.name,
            at: call.now, until: until)
    }

    private static func holdScope(_ call: Call) throws(APIError) -> Hold.Scope {
        guard let scope = call.body["scope"]?.string.flatMap({ Hold.Scope($0) }) else {
            throw .unprocessable("`scope` must be `service:NAME`, `domain:NAME` or `fleet`")
        }
        return scope
    }
}
