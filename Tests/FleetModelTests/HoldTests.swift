import FleetModel
import Testing

@Suite struct HoldTests {
    private let now = WallTime(rfc3339: "2026-11-21T01:30:00Z")!

    private func hold(_ scope: Hold.Scope, until seconds: Int? = nil) -> Hold {
        Hold(scope: scope, reason: "r", by: "ada", at: now, until: seconds.map { now.adding(seconds: $0) })
    }

    @Test(
        "a scope is read as it is written",
        arguments: [
            ("fleet", Hold.Scope.fleet), ("domain:data", .domain("data")),
            ("service:vector-mcp", .service("vector-mcp")),
        ])
    func scope(_ text: String, _ scope: Hold.Scope) {
        #expect(Hold.Scope(text) == scope)
        #expect(scope.description == text)
    }

    @Test(
        "what names no scope is refused",
        arguments: [
            "", "Fleet", "fleet:", "domain:", "service:", "service:-x", "service:a b", "host:x", "domain",
            "service:a:b",
        ])
    func refused(_ text: String) {
        #expect(Hold.Scope(text) == nil)
    }

    @Test("the widest hold that covers a service is the one named")
    func widest() {
        let holds = [hold(.service("api")), hold(.domain("data")), hold(.fleet)]
        #expect(HoldSet(holds, at: now).hold(service: "api", domain: "data")?.scope == .fleet)
        #expect(HoldSet([holds[0], holds[1]], at: now).hold(service: "api", domain: "data")?.scope == .domain("data"))
        #expect(HoldSet([holds[0], holds[1]], at: now).hold(service: "api", domain: nil)?.scope == .service("api"))
        #expect(HoldSet([holds[0], holds[1]], at: now).hold(service: "web", domain: "web") == nil)
        #expect(HoldSet([holds[1]], at: now).hold(service: "data", domain: nil) == nil)
        #expect(HoldSet(at: now).isEmpty)
    }

    @Test("a hold ends at its `until`", arguments: [(-1, false), (0, false), (1, true)])
    func end(_ seconds: Int, _ isHeld: Bool) {
        let set = HoldSet([hold(.fleet, until: seconds)], at: now)
        #expect((set.hold(service: "api", domain: nil) != nil) == isHeld)
        #expect(set.isEmpty == !isHeld)
    }

    @Test("holds are listed the widest first, whatever their order")
    func listed() {
        let holds = [hold(.service("b")), hold(.domain("x")), hold(.service("a")), hold(.fleet)]
        let scopes = HoldSet(holds, at: now).holds.map(\.scope.description)
        #expect(scopes == ["fleet", "domain:x", "service:a", "service:b"])
    }
}
