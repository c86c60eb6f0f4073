import ControlPlane
import FleetModel
import Store
import StoreSQLite
import Testing

/// The life of an approval, from the first sight of a divergence to its end, over the real store.
@Suite struct ApprovalLifeCycleTests {
    @Test func `a service that is down is queued once and counted as seen again`() async throws {
        let bench = try Bench()
        bench.fleet.set("api", .down(.exited(code: 1)))
        try await bench.settle(ticks: 3)
        let approvals = try await bench.approvals()
        #expect(approvals.count == 1)
        #expect(approvals.first?.status == .pending, "\(approvals.map { ($0.status, $0.resolution) })")
        #expect(approvals.first?.seenCount == 3)
        #expect(try await bench.decisions().count == 1, "the same proposal is decided once")
        #expect(bench.fleet.runs.isEmpty)
        await bench.close()
    }

    @Test func `what is granted and what a rule lets through share the budget of the same tick`() async throws {
        let services = ["api", "web"].map { ServiceSpec(name: $0, image: "example/api:1", runtime: .container) }
        let bench = try Bench(
            services: services,
            rules: [
                .test(
                    "restart_service", .auto, target: "api", blast: BlastRadius(maximumTargets: 1, windowSeconds: 3600))
            ])
        bench.fleet.set("api", .up)
        bench.fleet.set("web", .down(.exited(code: 1)))
        await bench.control.tick()
        let id = try #require(try await bench.approvals(.pending).first?.id)
        _ = try await bench.control.vote(approvalID: id, .approved, by: "ana", note: nil)
        bench.fleet.set("api", .down(.exited(code: 1)))
        try await bench.settle()
        // One target of the kind is restarted with consent; the rule allows one, so the other is asked for.
        #expect(bench.fleet.runs.map(\.target) == ["web"])
        #expect(try await bench.approvals(.pending).map(\.proposal.target) == ["api"])
        await bench.close()
    }

    @Test func `two granted approvals on one target are carried out one after the other`() async throws {
        let bench = try Bench()
        bench.fleet.set("api", .up)
        await bench.control.tick()
        for kind in ["restart_service", "stop_service"] {
            let answer = try await bench.control.propose(
                ManualRequest(
                    kind: kind, target: "api", params: JSONObject(), reason: "because", requestedBy: "ana"))
            let id = try #require(answer["approval_id"]?.string)
            _ = try await bench.control.vote(approvalID: id, .approved, by: "ben", note: nil)
        }
        await bench.control.tick()
        #expect(bench.fleet.runs.count <= 1)
        try await bench.settle(ticks: 4)
        #expect(Set(bench.fleet.runs.map(\.kind)) == [.restartService, .stopService])
        #expect(try await bench.approvals().map(\.status) == [.executed, .executed])
        await bench.close()
    }

    @Test func `a granted approval is carried out once and the next tick proposes nothing`() async throws {
        let bench = try Bench()
        bench.fleet.set("api", .down(.exited(code: 1)))
        await bench.control.tick()
        let id = try #require(try await bench.approvals().first?.id)
        let granted = try await bench.control.vote(approvalID: id, .approved, by: "ana", note: nil)
        #expect(granted.status == .approved)
        try await bench.settle(ticks: 4)
        #expect(bench.fleet.runs.map(\.target) == ["api"])
        let approval = try #require(try await bench.store.approval(id: id))
        #expect(approval.status == .executed)
        let action = try #require(try await bench.actions().first)
        #expect(action.approvalID == id)
        #expect(action.state == .succeeded)
        #expect(try await bench.control.plan()["proposals"] == [])
        let last = try #require(try await bench.decisions().first)
        #expect(last["decision"] == "allow")
        #expect(last["decision_reason"] == "approved by ana")
        await bench.close()
    }

    @Test func `a recovery withdraws the approval and says after how long`() async throws {
        let bench = try Bench()
        bench.fleet.set("api", .down(.exited(code: 1)))
        await bench.control.tick()
        bench.fleet.advance(seconds: 241)
        bench.fleet.set("api", .up)
        await bench.control.tick()
        let approval = try #require(try await bench.approvals().first)
        #expect(approval.status == .superseded)
        #expect(approval.resolution == "recovered after 241 s")
        await bench.close()
    }

    @Test func `a denial keeps the question away until the cooldown ends or the evidence changes`() async throws {
        let bench = try Bench()
        bench.fleet.set("api", .down(.exited(code: 1)))
        await bench.control.tick()
        let id = try #require(try await bench.approvals().first?.id)
        _ = try await bench.control.vote(approvalID: id, .denied, by: "ana", note: "not now")
        bench.fleet.advance(seconds: 3599)
        await bench.control.tick()
        #expect(try await bench.approvals(.pending).isEmpty)
        bench.fleet.set("api", .down(.exited(code: 1)), id: "another container")
        await bench.control.tick()
        #expect(try await bench.approvals(.pending).count == 1, "what was observed changed")
        let second = try #require(try await bench.approvals(.pending).first?.id)
        _ = try await bench.control.vote(approvalID: second, .denied, by: "ana", note: nil)
        bench.fleet.advance(seconds: 3601)
        await bench.control.tick()
        #expect(try await bench.approvals(.pending).count == 1, "the cooldown is over")
        await bench.close()
    }

    @Test func `an approval that nobody decides expires and is asked anew`() async throws {
        let bench = try Bench { $0.approvalTTLSeconds = 60 }
        bench.fleet.set("api", .down(.exited(code: 1)))
        await bench.control.tick()
        bench.fleet.advance(seconds: 60)
        await bench.control.tick()
        #expect(try await bench.approvals(.expired).count == 1)
        #expect(try await bench.approvals(.pending).count == 1)
        await bench.close()
    }

    @Test func `two people are needed where the rule says so, and the same person counts once`() async throws {
        let bench = try Bench(rules: [.test("restart_service", .approvalRequired, approvals: 2)])
        bench.fleet.set("api", .down(.exited(code: 1)))
        await bench.control.tick()
        let id = try #require(try await bench.approvals().first?.id)
        for _ in 0..<2 {
            #expect(try await bench.control.vote(approvalID: id, .approved, by: "ana", note: nil).status == .pending)
        }
        try await bench.settle()
        #expect(bench.fleet.runs.isEmpty)
        #expect(try await bench.control.vote(approvalID: id, .approved, by: "ben", note: nil).status == .approved)
        try await bench.settle()
        #expect(bench.fleet.runs.count == 1)
        await bench.close()
    }

    @Test func `granting what is no longer pending is a conflict that names the present status`() async throws {
        let bench = try Bench()
        bench.fleet.set("api", .down(.exited(code: 1)))
        await bench.control.tick()
        let id = try #require(try await bench.approvals().first?.id)
        _ = try await bench.control.vote(approvalID: id, .denied, by: "ana", note: nil)
        await #expect(throws: ControlError.conflict("the approval is no longer pending: it is `denied`")) {
            _ = try await bench.control.vote(approvalID: id, .approved, by: "ben", note: nil)
        }
        await #expect(throws: ControlError.self) {
            _ = try await bench.control.vote(approvalID: "action_approval:none", .approved, by: "ben", note: nil)
        }
        await bench.close()
    }

    /// What makes consent end between the grant and the action, and the words of the withdrawal.
    static let endings: [(note: String, change: @Sendable (Bench) async throws -> Void, resolution: String)] = [
        (
            "another container stands there", { $0.fleet.set("api", .down(.dead), id: "other") },
            "changed since it was asked for"
        ),
        ("it came back by itself", { $0.fleet.set("api", .up) }, "recovered after"),
        (
            "a person held it",
            {
                try await $0.store.place(Hold(scope: .service("api"), reason: "hands off", by: "ben", at: $0.fleet.now))
            },
            "held: service:api by ben: hands off"
        ),
        (
            "the policy forbids it now",
            { $0.policy.value.value = Bench.policy([.test("restart_service", .forbidden)], digest: "p2") },
            "the rule forbids it"
        ),
        (
            "the entry changed",
            {
                let spec = ServiceSpec(name: "api", image: "example/api:1", hostPort: 80, runtime: .container)
                $0.desired.value.value = DesiredState(services: [spec], digest: "d2")
            }, "changed since it was asked for"
        ),
        (
            "it left the registry",
            { $0.desired.value.value = DesiredState(services: [ServiceSpec(name: "other")], digest: "d2") },
            "`api` is no longer in the registry"
        ),
    ]

    @Test(arguments: endings.indices)
    func `consent ends when what was seen no longer holds`(_ index: Int) async throws {
        let ending = Self.endings[index]
        let bench = try Bench()
        bench.fleet.set("api", .down(.exited(code: 1)))
        await bench.control.tick()
        let id = try #require(try await bench.approvals().first?.id)
        _ = try await bench.control.vote(approvalID: id, .approved, by: "ana", note: nil)
        try await ending.change(bench)
        try await bench.settle(ticks: 1)
        let approval = try #require(try await bench.store.approval(id: id))
        #expect(approval.status == .superseded, "\(ending.note)")
        #expect(
            approval.resolution?.contains(ending.resolution) == true, "\(ending.note): \(approval.resolution ?? "")")
        #expect(bench.fleet.runs.isEmpty, "\(ending.note)")
        await bench.close()
    }

    @Test func `a failing observer neither withdraws an approval nor carries one out`() async throws {
        let bench = try Bench()
        bench.fleet.set("api", .down(.exited(code: 1)))
        await bench.control.tick()
        let id = try #require(try await bench.approvals().first?.id)
        bench.fleet.fail("no answer")
        await bench.control.tick()
        #expect(try await bench.store.approval(id: id)?.status == .pending)
        _ = try await bench.control.vote(approvalID: id, .approved, by: "ana", note: nil)
        try await bench.settle()
        #expect(try await bench.store.approval(id: id)?.status == .approved)
        #expect(bench.fleet.runs.isEmpty)
        bench.fleet.fail(nil)
        try await bench.settle()
        #expect(try await bench.store.approval(id: id)?.status == .executed)
        #expect(bench.fleet.runs.count == 1)
        await bench.close()
    }

    @Test func `a policy that lets it run takes the place of the question`() async throws {
        let bench = try Bench()
        bench.fleet.set("api", .down(.exited(code: 1)))
        await bench.control.tick()
        bench.policy.value.value = Bench.policy([.test("restart_service", .auto)], digest: "p2")
        try await bench.settle()
        let approval = try #require(try await bench.approvals().first)
        #expect(approval.status == .superseded)
        #expect(approval.resolution?.contains("restart_service-auto") == true)
        #expect(bench.fleet.runs.count == 1)
        await bench.close()
    }
}
