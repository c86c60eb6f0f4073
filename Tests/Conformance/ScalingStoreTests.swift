import FleetModel
import Store
import Testing

/// What both stores promise the autoscaler.
@Suite struct ScalingStoreTests {
    private static func memory(_ samples: Int) -> ScalingMemory {
        ScalingMemory(
            streak: ScalingStreak(direction: .down, samples: samples, countedAt: Rows.start),
            newestSampleAt: Rows.start, lostSince: Rows.start, replicas: 3,
            outside: OutsideScaling(replicas: 3, noticedAt: Rows.start))
    }

    @Test(arguments: Backend.allCases)
    func `memory is kept by service and scope, and the newest replaces`(backend: Backend) async throws {
        try await withStore(backend) { store in
            let rows = Rows()
            let term = try await store.acquireTerm(holder: "a", at: rows.now)
            let (real, dry) = (ScalingKey(service: "web", dryRun: false), ScalingKey(service: "web", dryRun: true))
            for samples in [1, 2] {
                try await store.tick(term) { commit in
                    commit.scalingMemory = [
                        ScalingMemoryChange(key: real, memory: Self.memory(samples)),
                        ScalingMemoryChange(key: dry, memory: ScalingMemory()),
                    ]
                }
            }
            #expect(try await store.workingSet().scalingMemory == [real: Self.memory(2), dry: ScalingMemory()])
        }
    }

    @Test(arguments: Backend.allCases)
    func `memory of a stale term is refused`(backend: Backend) async throws {
        try await withStore(backend) { store in
            let rows = Rows()
            let old = try await store.acquireTerm(holder: "a", at: rows.now)
            _ = try await store.acquireTerm(holder: "b", at: rows.now)
            let key = ScalingKey(service: "web", dryRun: false)
            await #expect(throws: StoreError.self) {
                try await store.tick(old) { $0.scalingMemory = [ScalingMemoryChange(key: key, memory: Self.memory(1))] }
            }
            #expect(try await store.workingSet().scalingMemory.isEmpty)
        }
    }

    @Test(arguments: Backend.allCases)
    func `the last scaling is by target and scope, a person's stop among them`(backend: Backend) async throws {
        try await withStore(backend) { store in
            var rows = Rows()
            let term = try await store.acquireTerm(holder: "a", at: rows.now)
            var stop = rows.proposal(.stopService, target: "api")
            stop.source = .manual
            let scale = rows.action(rows.proposal(.scaleService, target: "web"))
            let rehearsed = rows.action(rows.proposal(.scaleService, target: "web2"), dryRun: true)
            let others = [rows.action(stop), rows.action(rows.proposal(.stopService, target: "db"))]
            try await store.tick(term) { $0.newActions = [scale, rehearsed] + others }
            let last = try await store.workingSet().lastScalings
            #expect(
                last == [
                    ScalingKey(service: "web", dryRun: false): scale,
                    ScalingKey(service: "web2", dryRun: true): rehearsed,
                    ScalingKey(service: "api", dryRun: false): others[0],
                ])
            try await store.tick(term) { commit in
                commit.cancelledActions = [Cancellation(actionID: scale.id, detail: "no longer")]
            }
            let next = rows.action(rows.proposal(.scaleService, target: "web"))
            try await store.tick(term) { $0.newActions = [next] }
            #expect(try await store.workingSet().lastScalings[ScalingKey(service: "web", dryRun: false)] == next)
        }
    }

    @Test(arguments: Backend.allCases)
    func `an approval is brought up to date in place`(backend: Backend) async throws {
        try await withStore(backend) { store in
            var rows = Rows()
            let term = try await store.acquireTerm(holder: "a", at: rows.now)
            let approval = try await store.queue(rows.approval(.scaleService, target: "web", needed: 2), term)
            _ = try await store.vote(
                approvalID: approval.id, Vote(by: "ana", decision: .approved, at: rows.now), allowOwnProposal: false)
            var proposal = approval.proposal
            proposal.params["replicas"] = 5
            let update = ApprovalUpdate(
                id: approval.id, from: approval.proposal.consentDigest, proposal: proposal, tier: .autoNotify,
                rule: RuleReference(id: "other", origin: .file(line: 9)), approvalsNeeded: 1, resolution: "now 5")
            try await store.tick(term) { $0.approvalUpdates = [update] }
            let kept = try #require(try await store.approval(id: approval.id))
            #expect(kept.status == .pending)
            #expect(kept.proposal == proposal)
            #expect(kept.votes.isEmpty)
            #expect(kept.tier == .autoNotify)
            #expect(kept.rule.id == "other")
            #expect(kept.approvalsNeeded == 1)
            #expect(kept.resolution == "now 5")
            #expect(kept.seenCount == approval.seenCount + 1)
            #expect(kept.expiresAt == approval.expiresAt, "it does not live longer for it")
            await #expect(throws: StoreError.self, "made for what it was before") {
                try await store.tick(term) { $0.approvalUpdates = [update] }
            }
        }
    }

    @Test(arguments: Backend.allCases)
    func `what a person has answered is not brought up to date`(backend: Backend) async throws {
        try await withStore(backend) { store in
            var rows = Rows()
            let term = try await store.acquireTerm(holder: "a", at: rows.now)
            let approval = try await store.queue(rows.approval(.scaleService, target: "web"), term)
            _ = try await store.vote(
                approvalID: approval.id, Vote(by: "ana", decision: .approved, at: rows.now), allowOwnProposal: false)
            let update = ApprovalUpdate(
                id: approval.id, from: approval.proposal.consentDigest, proposal: approval.proposal, tier: .auto,
                rule: .defaults, approvalsNeeded: 1, resolution: "too late")
            await #expect(throws: StoreError.self) {
                try await store.tick(term) { $0.approvalUpdates = [update] }
            }
            #expect(try await store.approval(id: approval.id)?.status == .approved)
        }
    }

    @Test(arguments: Backend.allCases)
    func `points come back oldest first, of too many the newest, and are kept for a day`(backend: Backend) async throws
    {
        try await withStore(backend) { store in
            let rows = Rows()
            let term = try await store.acquireTerm(holder: "a", at: rows.now)
            let points = (0..<5).map { index in
                ScalingPoint(
                    service: "web", at: rows.now.adding(seconds: index), value: 0.1 * Double(index), current: index,
                    desired: index == 3 ? nil : 2, verdict: "at_target", reason: "as wanted", dryRun: index == 1)
            }
            try await store.tick(term) { $0.scalingPoints = points }
            #expect(try await store.scalingPoints(service: "web", since: rows.now, limit: 100) == points)
            #expect(try await store.scalingPoints(service: "web", since: rows.now, limit: 2) == Array(points.suffix(2)))
            let later = rows.now.adding(seconds: 3)
            #expect(try await store.scalingPoints(service: "web", since: later, limit: 100) == Array(points.suffix(2)))
            #expect(try await store.scalingPoints(service: "api", since: rows.now, limit: 100).isEmpty)
            var next = points[4]
            next.at = rows.now.adding(seconds: ScalingPoint.keptSeconds + 2)
            try await store.tick(term, at: next.at) { $0.scalingPoints = [next] }
            let left = try await store.scalingPoints(service: "web", since: rows.now, limit: 100)
            #expect(left == Array(points.suffix(3)) + [next])
        }
    }

    @Test(arguments: Backend.allCases)
    func `a gauge is kept unless one as new is there, and changes no revision`(backend: Backend) async throws {
        try await withStore(backend) { store in
            let now = Rows.start
            func gauge(_ value: Double, _ seconds: Int, service: String = "web") -> SignalSample {
                SignalSample(
                    service: service, signal: "queue_depth", value: value, unit: "items", aggregation: .fleetTotal,
                    source: .pushed(by: "a:b"), at: now.adding(seconds: seconds))
            }
            let revision = try await store.revision()
            #expect(try await store.keep(gauges: [gauge(1, 0)], at: now) == [true])
            #expect(try await store.keep(gauges: [gauge(2, 0), gauge(0.25, -1)], at: now) == [false, false])
            let batch = [gauge(3, 1), gauge(4, 3), gauge(5, 2), gauge(6, 0, service: "api")]
            #expect(try await store.keep(gauges: batch, at: now) == [false, true, false, true])
            #expect(
                try await store.gauges(since: now.adding(seconds: -1)) == [gauge(6, 0, service: "api"), gauge(4, 3)])
            #expect(try await store.gauges(since: now) == [gauge(4, 3)])
            #expect(try await store.revision() == revision)
        }
    }
}
