import ControlPlane
import FleetModel
import Store
import StoreSQLite
import Testing

/// What people ask for: manual proposals, holds and the kill switch.
@Suite struct ManualTests {
    private func request(_ kind: String, _ target: String, _ params: JSONObject = JSONObject()) -> ManualRequest {
        ManualRequest(kind: kind, target: target, params: params, reason: "because", requestedBy: "ana")
    }

    @Test func `a manual proposal goes through the gate and waits for somebody else`() async throws {
        let bench = try Bench(isOpenAccess: false)
        bench.fleet.set("api", .up)
        await bench.control.tick()
        let answer = try await bench.control.propose(request("restart_service", "api"))
        #expect(answer["decision"] == "queue_approval")
        let id = try #require(answer["approval_id"]?.string)
        await #expect(throws: ControlError.forbidden("`ana` proposed this and may not approve it")) {
            _ = try await bench.control.vote(approvalID: id, .approved, by: "ana", note: nil)
        }
        _ = try await bench.control.vote(approvalID: id, .approved, by: "ben", note: nil)
        try await bench.settle()
        #expect(bench.fleet.runs.map(\.target) == ["api"])
        await bench.close()
    }

    @Test func `the same manual proposal twice is one approval`() async throws {
        let bench = try Bench()
        bench.fleet.set("api", .up)
        await bench.control.tick()
        let first = try await bench.control.propose(request("restart_service", "api"))
        let second = try await bench.control.propose(request("restart_service", "api"))
        #expect(first["approval_id"] == second["approval_id"])
        #expect(try await bench.approvals().count == 1)
        #expect(try await bench.approvals().first?.seenCount == 2)
        await bench.close()
    }

    static let refused: [(note: String, kind: String, target: String, params: JSONObject)] = [
        ("a kind that no actuator carries out", "launch_rockets", "api", JSONObject()),
        ("a target that is an option to docker", "restart_service", "--help", JSONObject()),
        ("a target that is a path", "restart_service", "../api", JSONObject()),
        ("a service that is not in the registry", "restart_service", "nobody", JSONObject()),
        ("a scale without a number", "scale_service", "api", JSONObject()),
        ("a scale below zero", "scale_service", "api", JSONObject([("replicas", -1)])),
        ("a deploy whose image is an option", "deploy_service", "api", JSONObject([("image", "--privileged")])),
        ("a stop that claims to be a kill", "stop_service", "api", JSONObject([("kill", "fleet")])),
        ("a parameter that the kind does not take", "restart_service", "api", JSONObject([("force", true)])),
    ]

    @Test(arguments: refused.indices)
    func `a request that makes no sense is refused before the gate`(_ index: Int) async throws {
        let wrong = Self.refused[index]
        let bench = try Bench()
        await bench.control.tick()
        await #expect(throws: ControlError.self, "\(wrong.note)") {
            _ = try await bench.control.propose(request(wrong.kind, wrong.target, wrong.params))
        }
        #expect(try await bench.decisions().isEmpty)
        await bench.close()
    }

    @Test func `a held service is listed as held, and what reaches the gate is denied`() async throws {
        let bench = try Bench(rules: [.test("*", .auto)])
        bench.fleet.set("api", .down(.exited(code: 1)))
        _ = try await bench.control.pause(
            Hold(scope: .service("api"), reason: "moving house", by: "ana", at: bench.fleet.now))
        try await bench.settle()
        #expect(bench.fleet.runs.isEmpty)
        let plan = try await bench.control.plan()
        #expect(plan["held"]?.array?.first?["target"] == "api")
        let answer = try await bench.control.propose(request("restart_service", "api"))
        #expect(answer["decision"] == "deny")
        _ = try await bench.control.resume(.service("api"), by: "ana")
        try await bench.settle()
        #expect(bench.fleet.runs.count == 1)
        await bench.close()
    }

    @Test func `a hold takes back what was granted before the answer is given`() async throws {
        let bench = try Bench()
        bench.fleet.set("api", .down(.exited(code: 1)))
        await bench.control.tick()
        let id = try #require(try await bench.approvals().first?.id)
        _ = try await bench.control.vote(approvalID: id, .approved, by: "ana", note: nil)
        _ = try await bench.control.pause(Hold(scope: .fleet, reason: "stop", by: "ben", at: bench.fleet.now))
        #expect(try await bench.store.approval(id: id)?.status == .superseded)
        try await bench.settle()
        #expect(bench.fleet.runs.isEmpty)
        await bench.close()
    }

    @Test func `a hold ends by itself`() async throws {
        let bench = try Bench(rules: [.test("*", .auto)])
        bench.fleet.set("api", .down(.exited(code: 1)))
        let until = bench.fleet.now.adding(seconds: 60)
        _ = try await bench.control.pause(
            Hold(scope: .fleet, reason: "a minute", by: "ana", at: bench.fleet.now, until: until))
        try await bench.settle()
        #expect(bench.fleet.runs.isEmpty)
        bench.fleet.advance(seconds: 60)
        try await bench.settle()
        #expect(bench.fleet.runs.count == 1)
        await bench.close()
    }

    @Test func `kill pauses the scope and proposes a stop for each service in it`() async throws {
        let names = ["a", "b", "c"]
        let bench = try Bench(
            services: names.map { ServiceSpec(name: $0, domain: $0 == "c" ? "other" : "data", runtime: .container) },
            rules: [.test("stop_service", .autoNotify), .test("restart_service", .auto)])
        for name in names { bench.fleet.set(name, .up) }
        await bench.control.tick()
        let answer = try await bench.control.kill(
            Hold(scope: .domain("data"), reason: "leak", by: "ana", at: bench.fleet.now))
        #expect(answer["proposals"]?.array?.count == 2)
        try await bench.settle()
        #expect(Set(bench.fleet.runs.map(\.target)) == ["a", "b"])
        #expect(bench.fleet.runs.allSatisfy { $0.kind == .stopService })
        await bench.close()
    }
}
