import ControlPlane
import FleetModel
import Store
import StoreSQLite
import Testing

/// What an action is compared with at dispatch, and what becomes of one that was overtaken.
@Suite struct FenceTests {
    static let edge = DockerEndpoint(name: "edge-1", url: try! DockerURL("ssh://ops@edge-1"))
    static let services = [
        ServiceSpec(name: "api", image: "example/api:1", runtime: .container, endpoint: edge)
    ]

    @Test func `a version that moves while a person thinks withdraws nothing, and the action bears the newest`()
        async throws
    {
        let bench = try Bench(services: Self.services)
        bench.fleet.set("api", .down(.exited(code: 1)), version: 12)
        await bench.control.tick()
        let approval = try #require(try await bench.approvals().first)
        #expect(approval.proposal.evidence.hasSuffix("host=edge-1"), "the person sees where")
        bench.fleet.set("api", .down(.exited(code: 1)), version: 14)
        await bench.control.tick()
        _ = try await bench.control.vote(approvalID: approval.id, .approved, by: "ana", note: nil)
        try await bench.settle()
        #expect(try await bench.store.approval(id: approval.id)?.status == .executed)
        let fence = try await bench.actions().first?.fence
        #expect(fence == Fence(host: "ssh://ops@edge-1", runtimeID: "id-api", specVersion: 14))
        await bench.close()
    }

    @Test func `what a person asks for now is bound to the host alone`() async throws {
        let bench = try Bench(services: Self.services, rules: [.test("restart_service", .auto)])
        bench.fleet.set("api", .up, version: 12)
        await bench.control.tick()
        _ = try await bench.control.propose(
            ManualRequest(
                kind: "restart_service", target: "api", params: JSONObject(), reason: "stuck", requestedBy: "ana"))
        try await bench.settle()
        #expect(try await bench.actions().first?.fence == Fence(host: "ssh://ops@edge-1"))
        await bench.close()
    }

    @Test func `an action that was overtaken is cancelled, spends nothing and is decided anew`() async throws {
        let limit = RateLimit(maximum: 1, windowSeconds: 3600)
        let bench = try Bench(services: Self.services, rules: [.test("restart_service", .auto, rate: limit)])
        bench.fleet.set("api", .down(.exited(code: 1)), version: 12)
        bench.fleet.overtake("service changed since it was looked at: version 12 -> 14")
        try await bench.settle(ticks: 1)
        let cancelled = try #require(try await bench.actions().first)
        #expect(cancelled.state == .cancelled)
        #expect(cancelled.detail == "service changed since it was looked at: version 12 -> 14")
        #expect(bench.fleet.runs.isEmpty)
        bench.fleet.overtake(nil)
        try await bench.settle()
        #expect(bench.fleet.runs.count == 1)
        await bench.close()
    }

    @Test func `a granted action that was overtaken tells who granted it, and is asked for anew`() async throws {
        let bench = try Bench(services: Self.services)
        bench.fleet.set("api", .down(.exited(code: 1)), version: 12)
        await bench.control.tick()
        let id = try #require(try await bench.approvals().first?.id)
        _ = try await bench.control.vote(approvalID: id, .approved, by: "ana", note: nil)
        bench.fleet.overtake("`api` is another one since it was looked at")
        try await bench.settle(ticks: 2)
        let approval = try #require(try await bench.store.approval(id: id))
        #expect(approval.status == .superseded)
        #expect(approval.resolution == "`api` is another one since it was looked at")
        #expect(try await bench.approvals(.pending).count == 1)
        #expect(bench.fleet.runs.isEmpty)
        await bench.close()
    }

    @Test func `a stack's consent ends when its host is another one`() async throws {
        let bench = try Bench(services: Self.services)
        bench.desired.value.value = DesiredState(services: Self.services, hosts: [Self.edge], digest: "d2")
        bench.fleet.set("api", .up)
        await bench.control.tick()
        func propose(_ host: String) async throws {
            _ = try await bench.control.propose(
                ManualRequest(
                    kind: "redeploy_stack", target: "shop", params: JSONObject([("host", .string(host))]),
                    reason: "new config", requestedBy: "ana"))
        }
        await #expect(throws: ControlError.unprocessable("`edge-2` does not stand under `hosts` of the registry")) {
            try await propose("edge-2")
        }
        try await propose("edge-1")
        let id = try #require(try await bench.approvals(.pending).first?.id)
        let other = DockerEndpoint(name: "edge-1", url: try DockerURL("ssh://ops@edge-9"))
        bench.desired.value.value = DesiredState(services: Self.services, hosts: [other], digest: "d3")
        _ = try await bench.control.vote(approvalID: id, .approved, by: "ben", note: nil)
        try await bench.settle(ticks: 1)
        let approval = try #require(try await bench.store.approval(id: id))
        #expect(approval.status == .superseded)
        #expect(approval.resolution == "changed: the docker host is another one now")
        #expect(bench.fleet.runs.isEmpty)
        await bench.close()
    }
}
