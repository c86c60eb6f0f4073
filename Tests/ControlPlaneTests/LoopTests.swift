import Actuators
import ControlPlane
import FleetModel
import Store
import StoreSQLite
import Testing

/// What the loop promises tick by tick.
@Suite struct LoopTests {
    private static func services(_ count: Int) -> [ServiceSpec] {
        (0..<count).map { ServiceSpec(name: "s\($0)", image: "example/api:1", runtime: .container) }
    }

    @Test func `a tick in which nothing changed writes nothing`() async throws {
        let bench = try Bench()
        bench.fleet.set("api", .up)
        try await bench.settle(ticks: 2)
        let revision = try await bench.store.revision()
        try await bench.settle(ticks: 5)
        #expect(try await bench.store.revision() == revision)
        await bench.close()
    }

    @Test func `the storm guard gates its number each tick and starves nothing`() async throws {
        let bench = try Bench(services: Self.services(12)) { $0.maximumActions = 5 }
        for index in 0..<12 { bench.fleet.set("s\(index)", .down(.exited(code: 1))) }
        for expected in [5, 10, 12, 12] {
            await bench.control.tick()
            let pending = try await bench.approvals()
            #expect(
                pending.count { $0.status == .pending } == expected,
                "\(pending.map { ($0.proposal.target, $0.status, $0.resolution) })")
        }
        await bench.close()
    }

    @Test func `deferred proposals are named in the plan`() async throws {
        let bench = try Bench(services: Self.services(7)) { $0.maximumActions = 5 }
        for index in 0..<7 { bench.fleet.set("s\(index)", .down(.exited(code: 1))) }
        let plan = try await bench.control.plan()
        #expect(plan["proposals"]?.array?.count == 5)
        #expect(plan["deferred"]?.array?.compactMap { $0["target"]?.string } == ["s5", "s6"])
        #expect(try await bench.decisions().isEmpty, "showing the plan changes nothing")
        await bench.close()
    }

    @Test func `the rate limit holds over ticks and the third restart is denied once`() async throws {
        let limit = RateLimit(maximum: 2, windowSeconds: 3600)
        let bench = try Bench(rules: [.test("restart_service", .auto, rate: limit)])
        for _ in 0..<4 {
            bench.fleet.set("api", .down(.exited(code: 1)))
            try await bench.settle(ticks: 2)
            bench.fleet.advance(seconds: 10)
        }
        #expect(bench.fleet.runs.count == 2)
        let denials = try await bench.decisions().filter { $0["decision"] == "deny" }
        #expect(denials.count == 1, "a standing denial is recorded once")
        bench.fleet.advance(seconds: 3600)
        try await bench.settle(ticks: 2)
        #expect(bench.fleet.runs.count == 3, "the window has slid on")
        await bench.close()
    }

    @Test func `the blast radius lets so many targets through in one tick and asks for the rest`() async throws {
        let radius = BlastRadius(maximumTargets: 2, windowSeconds: 3600)
        let bench = try Bench(services: Self.services(4), rules: [.test("restart_service", .auto, blast: radius)])
        for index in 0..<4 { bench.fleet.set("s\(index)", .down(.exited(code: 1))) }
        try await bench.settle(ticks: 2)
        #expect(Set(bench.fleet.runs.map(\.target)) == ["s0", "s1"])
        #expect(Set(try await bench.approvals(.pending).map(\.proposal.target)) == ["s2", "s3"])
        await bench.close()
    }

    @Test func `what failed is tried again after an interval, not as fast as it fails`() async throws {
        let bench = try Bench(
            rules: [.test("restart_service", .auto, rate: RateLimit(maximum: 100, windowSeconds: 3600))])
        bench.fleet.set("api", .down(.exited(code: 1)))
        bench.fleet.answer(.failed)
        try await bench.settle(ticks: 5)
        #expect(bench.fleet.runs.count == 1)
        bench.fleet.advance(seconds: 1)
        await bench.control.tick()
        let plan = try await bench.control.plan()
        #expect(plan["proposals"]?.array?.first?["why"]?.string?.contains("tried again after") == true)
        bench.fleet.advance(seconds: 121)
        try await bench.settle(ticks: 3)
        #expect(bench.fleet.runs.count == 2)
        await bench.close()
    }

    @Test func `a dry run takes every step and is not repeated while nothing observed changes`() async throws {
        let bench = try Bench(rules: [.test("restart_service", .auto)], dryRun: true)
        bench.fleet.set("api", .down(.exited(code: 1)))
        try await bench.settle(ticks: 5)
        #expect(bench.fleet.runs.count == 1)
        #expect(try await bench.actions().first?.dryRun == true)
        let plan = try await bench.control.plan()
        #expect(plan["proposals"] == [])
        #expect(plan["blocked"]?.array?.first?["reason"]?.string?.contains("dry run") == true)
        bench.fleet.set("api", .down(.exited(code: 1)), id: "another container")
        try await bench.settle(ticks: 2)
        #expect(bench.fleet.runs.count == 2)
        await bench.close()
    }

    @Test func `dry-run spends do not count against the real budget`() async throws {
        let limit = RateLimit(maximum: 1, windowSeconds: 3600)
        let dry = try Bench(rules: [.test("restart_service", .auto, rate: limit)], dryRun: true)
        dry.fleet.set("api", .down(.exited(code: 1)))
        try await dry.settle(ticks: 2)
        let real = try Bench(
            rules: [.test("restart_service", .auto, rate: limit)], directory: dry.directory, store: dry.store)
        real.fleet.set("api", .down(.exited(code: 1)))
        try await real.settle(ticks: 2)
        #expect(real.fleet.runs.count == 1)
        await real.close()
    }

    @Test func `an action left executing is settled by looking and never run again`() async throws {
        let bench = try Bench(rules: [.test("restart_service", .auto)])
        bench.fleet.set("api", .down(.exited(code: 1)))
        // The former process: it committed and claimed, then died.
        let old = try await bench.store.acquireTerm(holder: "old/1", at: bench.fleet.now)
        let action = try await Self.plantExecuting(bench, old)
        try await Self.ticks(bench, 3)
        #expect(bench.fleet.runs.isEmpty)
        #expect(try await bench.store.action(id: action)?.state == .executing)
        bench.fleet.settle(with: ActionOutcome(.failed, "it did not take effect"))
        try await bench.idleAfterTick()
        #expect(try await bench.store.action(id: action)?.state == .failed)
        await bench.close()
    }

    @Test func `a planned action of a former process runs once if it still holds, else it is cancelled`() async throws {
        for stillDown in [true, false] {
            let bench = try Bench(rules: [.test("restart_service", .auto)])
            bench.fleet.set("api", .down(.exited(code: 1)))
            let old = try await bench.store.acquireTerm(holder: "old/1", at: bench.fleet.now)
            let action = try await Self.plantPlanned(bench, old)
            if !stillDown { bench.fleet.set("api", .up) }
            try await bench.settle(ticks: 3)
            #expect(bench.fleet.runs.count == (stillDown ? 1 : 0))
            #expect(try await bench.store.action(id: action)?.state == (stillDown ? .succeeded : .cancelled))
            await bench.close()
        }
    }

    @Test func `a newer term stops the old process before it can decide`() async throws {
        let bench = try Bench(rules: [.test("restart_service", .auto)])
        bench.fleet.set("api", .up)
        await bench.control.tick()
        _ = try await bench.store.acquireTerm(holder: "newer/2", at: bench.fleet.now)
        bench.fleet.set("api", .down(.exited(code: 1)))
        await bench.control.tick()
        #expect(bench.fleet.runs.isEmpty)
        #expect(try await bench.actions().isEmpty)
        await bench.close()
    }

    @Test func `an unreachable store stops the gate and not the process`() async throws {
        let bench = try Bench(rules: [.test("restart_service", .auto)])
        bench.fleet.set("api", .down(.exited(code: 1)))
        await bench.store.close()
        await bench.control.tick()
        #expect(bench.fleet.runs.isEmpty)
        #expect(await bench.control.readiness().status == .notReady)
        await bench.close()
    }

    // MARK: - Helpers

    private static func ticks(_ bench: Bench, _ count: Int) async throws {
        for _ in 0..<count { await bench.control.tick() }
    }

    /// What a former process committed: the decision and the intent, with the proposal that the plan makes now.
    private static func plantPlanned(_ bench: Bench, _ term: Term) async throws -> String {
        let spec = bench.desired.value.value.services[0]
        let observation = try #require(bench.fleet.snapshot(bench.desired.value.value)["api"])
        let proposal = Proposal(
            kind: .restartService, target: "api", source: .reconciler, reason: "down", desiredDigest: spec.digest,
            evidence: observation.evidence)
        let verdict = Verdict(
            kind: .allow, reason: .tier(.auto), tier: .auto, rule: .defaults,
            checks: DecisionChecks(
                rateUsed: 0, rateLimit: RateLimit(maximum: 3, windowSeconds: 3600), blastUsed: 0,
                blastRadius: BlastRadius(maximumTargets: 3, windowSeconds: 3600)), earliest: nil)
        let now = bench.fleet.now
        var commit = TickCommit(ledgerHead: 0, at: now)
        commit.decisions = [
            Decision(
                id: "action_decision:old", at: now, proposal: proposal, verdict: verdict, policyDigest: "p0",
                actionID: "action:old", epoch: term.epoch, dryRun: false)
        ]
        commit.newActions = [
            Action(
                id: "action:old", proposal: proposal, actuator: "docker", dryRun: false, epoch: term.epoch,
                decisionID: "action_decision:old", plannedAt: now)
        ]
        try await bench.store.commit(commit, term: term)
        return "action:old"
    }

    private static func plantExecuting(_ bench: Bench, _ term: Term) async throws -> String {
        let id = try await plantPlanned(bench, term)
        _ = try await bench.store.claim(
            actionID: id, commands: [["docker", "restart"]], at: bench.fleet.now, term: term)
        return id
    }
}

extension Bench {
    func idleAfterTick() async throws {
        await control.tick()
        try await idle()
    }
}
