import ControlPlane
import FleetModel
import Store
import StoreSQLite
import Testing

/// What the loop makes of signals: through the gate, in place, and remembered.
@Suite struct ScalingTests {
    private static let scaling = ScalingSpec(
        maximum: 5, signal: "queue_depth", target: 200, scaleUpStep: 2, cooldownSeconds: 300,
        scaleDownStabilizationSamples: 3)

    private static func service(_ scaling: ScalingSpec = scaling) -> ServiceSpec {
        ServiceSpec(name: "api", image: "example/api:1", runtime: .swarm, scaling: scaling)
    }

    private static let auto = PolicyRule.test(
        "scale_service", .auto, rate: RateLimit(maximum: 100, windowSeconds: 3600))

    private func push(_ bench: Bench, _ value: Double, service: String = "api") async throws {
        bench.fleet.advance(seconds: 1)
        let answer = try await bench.control.pushSignals(
            JSONObject([("service", .string(service)), ("signal", "queue_depth"), ("value", .number(value))]),
            by: "worker")
        #expect(answer["accepted"]?.integer == 1, "\(answer.text)")
        await bench.control.readSignals()
        await bench.control.tick()
    }

    @Test func `under the default policy a person is asked, with all that led to it`() async throws {
        let bench = try Bench(services: [Self.service()])
        bench.fleet.setSwarm("api", replicas: 2)
        await bench.control.tick()
        try await push(bench, 900)
        let approval = try #require(try await bench.approvals(.pending).first)
        #expect(approval.proposal.source == .autoscaler)
        #expect(approval.proposal.kind == .scaleService)
        let params = approval.proposal.params
        #expect(params["replicas"] == 4)
        #expect(params["from_replicas"] == 2)
        #expect(params["direction"] == "up")
        #expect(params["signal"] == "queue_depth")
        #expect(params["value"]?.number == 900)
        #expect(params["target"]?.number == 200)
        #expect(!approval.proposal.reason.contains("\n"))
        #expect(bench.fleet.runs.isEmpty)
        await bench.close()
    }

    @Test func `a newer evaluation brings the same approval up to date and clears its votes`() async throws {
        let bench = try Bench(
            services: [Self.service()],
            rules: [.test("scale_service", .approvalRequired, approvals: 2)], isOpenAccess: false)
        bench.fleet.setSwarm("api", replicas: 2)
        await bench.control.tick()
        try await push(bench, 900)
        let first = try #require(try await bench.approvals(.pending).first)
        _ = try await bench.control.vote(approvalID: first.id, .approved, by: "ana", note: nil)
        try await push(bench, 910)
        let same = try #require(try await bench.approvals(.pending).first)
        #expect(same.votes.count == 1, "another value that leads to the same replicas is no other question")
        try await push(bench, 500)
        await #expect(throws: ControlError.self, "what was seen is not what is asked now") {
            try await bench.control.vote(
                approvalID: first.id, .approved, by: "bo", note: nil, digest: first.proposal.consentDigest)
        }
        let pending = try await bench.approvals(.pending)
        #expect(pending.map(\.id) == [first.id], "it does not pile up")
        #expect(pending.first?.proposal.params["replicas"] == 3)
        #expect(pending.first?.votes.isEmpty == true)
        #expect(pending.first?.resolution?.contains("1 votes for what it was are cleared") == true)
        #expect(try await bench.approvals().count == 1)
        _ = try await bench.control.vote(approvalID: first.id, .approved, by: "ana", note: nil)
        _ = try await bench.control.vote(approvalID: first.id, .approved, by: "bo", note: nil)
        try await bench.settle()
        #expect(bench.fleet.runs.map(\.kind) == [.scaleService])
        #expect(bench.fleet.replicas("api") == 3)
        #expect(try await bench.store.approval(id: first.id)?.status == .executed)
        await bench.close()
    }

    @Test func `a load that has gone takes its question with it`() async throws {
        let bench = try Bench(services: [Self.service()])
        bench.fleet.setSwarm("api", replicas: 2)
        await bench.control.tick()
        try await push(bench, 900)
        try await push(bench, 400)
        let approval = try #require(try await bench.approvals().first)
        #expect(approval.status == .superseded)
        #expect(approval.resolution?.contains("no longer asks for it") == true)
        await bench.close()
    }

    @Test func `without data a question neither goes nor is carried out`() async throws {
        let bench = try Bench(services: [Self.service()])
        bench.fleet.setSwarm("api", replicas: 2)
        await bench.control.tick()
        try await push(bench, 900)
        let id = try #require(try await bench.approvals(.pending).first?.id)
        bench.fleet.advance(seconds: 121)
        await bench.control.readSignals()
        _ = try await bench.control.vote(approvalID: id, .approved, by: "ana", note: nil)
        try await bench.settle()
        #expect(try await bench.store.approval(id: id)?.status == .approved)
        #expect(bench.fleet.runs.isEmpty)
        try await push(bench, 900)
        try await bench.idle()
        #expect(bench.fleet.runs.count == 1, "with data it goes on")
        await bench.close()
    }

    @Test func `it scales by steps, and the cooldown holds across a restart`() async throws {
        let bench = try Bench(services: [Self.service()], rules: [Self.auto])
        bench.fleet.setSwarm("api", replicas: 2)
        await bench.control.tick()
        try await push(bench, 1500)
        try await bench.idle()
        #expect(bench.fleet.replicas("api") == 4)
        let again = try Bench(
            services: [Self.service()], rules: [Self.auto], directory: bench.directory, store: bench.store,
            fleet: bench.fleet)
        await again.control.tick()
        try await push(again, 1500)
        try await again.idle()
        #expect(bench.fleet.replicas("api") == 4, "cooling down")
        let shown = try await again.control.service("api")
        #expect(shown["replicas_reason"]?.string?.contains("cooling down") == true, "\(shown.text)")
        bench.fleet.advance(seconds: 300)
        try await push(again, 1500)
        try await again.idle()
        #expect(bench.fleet.replicas("api") == 5)
        await bench.close()
    }

    @Test func `a streak goes on after a restart`() async throws {
        var scaling = Self.scaling
        scaling.scaleUpStabilizationSamples = 3
        let bench = try Bench(services: [Self.service(scaling)], rules: [Self.auto]) {
            $0.autoscalerIntervalSeconds = 1
        }
        bench.fleet.setSwarm("api", replicas: 2)
        await bench.control.tick()
        try await push(bench, 900)
        try await push(bench, 900)
        let again = try Bench(
            services: [Self.service(scaling)], rules: [Self.auto], directory: bench.directory, store: bench.store,
            fleet: bench.fleet
        ) { $0.autoscalerIntervalSeconds = 1 }
        await again.control.tick()
        #expect(bench.fleet.runs.isEmpty)
        try await push(again, 900)
        try await again.idle()
        #expect(bench.fleet.runs.count == 1, "the third sample in a row came to another process")
        await bench.close()
    }

    @Test func `dry run keeps cooldowns of its own`() async throws {
        let dry = try Bench(services: [Self.service()], rules: [Self.auto], dryRun: true)
        dry.fleet.setSwarm("api", replicas: 2)
        await dry.control.tick()
        try await push(dry, 900)
        try await dry.idle()
        #expect(dry.fleet.runs.count == 1)
        dry.fleet.advance(seconds: 400)
        try await push(dry, 900)
        try await dry.idle()
        #expect(dry.fleet.runs.count == 1, "a rehearsal is not repeated while nothing observed changes")
        let real = try Bench(services: [Self.service()], rules: [Self.auto], directory: dry.directory, store: dry.store)
        real.fleet.setSwarm("api", replicas: 2)
        real.fleet.advance(seconds: 500)
        await real.control.tick()
        try await push(real, 900)
        try await real.idle()
        #expect(real.fleet.replicas("api") == 4)
        await real.close()
    }

    @Test func `a budget that is used up is said once, whatever the value does`() async throws {
        var scaling = Self.scaling
        scaling.cooldownSeconds = 0
        let rule = PolicyRule.test("scale_service", .auto, rate: RateLimit(maximum: 1, windowSeconds: 3600))
        let bench = try Bench(services: [Self.service(scaling)], rules: [rule])
        bench.fleet.setSwarm("api", replicas: 1)
        await bench.control.tick()
        try await push(bench, 900)
        try await bench.idle()
        await bench.control.tick()
        for value in [990.0, 991, 992, 993] { try await push(bench, value) }
        #expect(try await bench.decisions().count { $0["decision"] == "deny" } == 1)
        #expect(bench.fleet.replicas("api") == 3)
        await bench.close()
    }

    @Test func `a 0 made by hand is left alone by the reconciler too, from the first look on`() async throws {
        let bench = try Bench(services: [Self.service()], rules: [Self.auto])
        bench.fleet.setSwarm("api", replicas: 0)
        for _ in 0..<2 { await bench.control.tick() }
        for value in [900.0, 910] { try await push(bench, value) }
        try await bench.idle()
        #expect(bench.fleet.runs.isEmpty)
        #expect(try await bench.decisions().isEmpty)
        let blocked = try #require(try await bench.control.plan()["blocked"]?.array?.first)
        #expect(blocked["reason"]?.string?.contains("left alone") == true, "\(blocked.text)")
        // Somebody scales it up; their number stands for an hour, then the load decides again.
        bench.fleet.setSwarm("api", replicas: 1)
        try await push(bench, 900)
        bench.fleet.advance(seconds: 4000)
        for value in [910.0, 920] { try await push(bench, value) }
        try await bench.idle()
        #expect(bench.fleet.replicas("api") == 3)
        await bench.close()
    }

    @Test func `outside the bounds the reconciler brings it back, and the autoscaler waits`() async throws {
        let bench = try Bench(services: [Self.service()])
        bench.fleet.setSwarm("api", replicas: 9)
        await bench.control.tick()
        try await push(bench, 900)
        let pending = try await bench.approvals(.pending)
        #expect(pending.map(\.proposal.source) == [.reconciler])
        #expect(pending.first?.proposal.params["replicas"] == 5)
        await bench.close()
    }

    @Test func `the history has a point for each change, and the plan says why not`() async throws {
        let bench = try Bench(services: [Self.service()], rules: [Self.auto])
        bench.fleet.setSwarm("api", replicas: 2)
        await bench.control.tick()
        try await push(bench, 900)
        try await bench.idle()
        await bench.control.tick()
        try await push(bench, 800)
        let history = try await bench.control.scalingHistory("api", since: nil, limit: 100)
        let points = history["points"]?.array ?? []
        let verdicts = points.compactMap { $0["verdict"]?.string }
        #expect(verdicts.contains("proposed"), "\(history.text)")
        let replicas = points.compactMap { $0["current"]?.integer }
        #expect(replicas.contains(4))
        let times = points.compactMap { $0["at"]?.string }
        #expect(times == times.sorted())
        let plan = try await bench.control.plan()
        #expect(plan["scaling"]?.array?.first?["target"] == "api")
        let metrics = await bench.control.metrics()
        #expect(metrics.contains("muster_scaling_replicas_current{service=\"api\"} 4"))
        #expect(metrics.contains("muster_scaling_signal_value{service=\"api\"} 800"))
        let reports = try await bench.store.reports(ListQuery()).items
        #expect(reports.count == 1, "one report, of the evaluation that did something")
        await bench.close()
    }

    @Test func `explain shows the arithmetic for a supposed value and changes nothing`() async throws {
        let bench = try Bench(services: [Self.service()], rules: [Self.auto])
        bench.fleet.setSwarm("api", replicas: 2)
        await bench.control.tick()
        let revision = try await bench.store.revision()
        let answer = try await bench.control.explainScaling("api", value: 900)
        #expect(answer["evaluation"]?["desired"] == 4)
        #expect(answer["decision"]?["decision"] == "allow")
        let lines = (answer["lines"]?.array ?? []).compactMap(\.string).joined(separator: "\n")
        #expect(lines.contains("900 / 2 = 450"), "\(lines)")
        #expect(try await bench.store.revision() == revision)
        await bench.close()
    }

    @Test func `a gauge posted again or too late changes nothing`() async throws {
        let bench = try Bench(services: [Self.service()])
        bench.fleet.setSwarm("api", replicas: 2)
        let sample = JSONObject([
            ("service", "api"), ("signal", "queue_depth"), ("value", 900), ("at", .string(bench.fleet.now.rfc3339)),
        ])
        let first = try await bench.control.pushSignals(sample, by: "worker")
        let again = try await bench.control.pushSignals(sample, by: "worker")
        #expect(first["accepted"] == 1)
        #expect(again["accepted"] == 0)
        #expect(again["signals"]?.array?.first?["reason"]?.string?.contains("already") == true)
        await bench.close()
    }

    @Test func `switched off, it neither scales nor asks`() async throws {
        let bench = try Bench(services: [Self.service()]) { $0.autoscalerEnabled = false }
        bench.fleet.setSwarm("api", replicas: 2)
        await bench.control.tick()
        try await push(bench, 900)
        #expect(try await bench.approvals().isEmpty)
        await bench.close()
    }
}
