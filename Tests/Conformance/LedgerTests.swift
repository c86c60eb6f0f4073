import FleetModel
import Store
import Testing

@Suite struct LedgerTests {
    @Test(arguments: Backend.allCases, [1, 2] as [UInt64])
    func `the chain of many ticks is whole`(backend: Backend, seed: UInt64) async throws {
        try await withStore(backend) { store in
            var rows = Rows(seed: seed)
            let term = try await store.acquireTerm(holder: "a", at: rows.now)
            #expect(try await LedgerChain.verify(store) == .intact(entries: 0, head: LedgerEntry.genesis))
            var count = 0
            // More than one page of the walk.
            while count < 2100 {
                let decisions = (0..<Int.random(in: 0...300, using: &rows.random)).map { index in
                    rows.decision(rows.anyProposal(target: "svc-\(index)"), .allow)
                }
                count += decisions.count
                #expect(try await store.tick(term) { $0.decisions = decisions } == count)
            }
            let head = try await store.ledgerHead()
            #expect(head.sequence == count)
            #expect(try await LedgerChain.verify(store) == .intact(entries: count, head: head.hash))
        }
    }

    @Test(arguments: Backend.allCases)
    func `only what was allowed is spent, in its own scope, later than asked`(backend: Backend) async throws {
        try await withStore(backend) { store in
            var rows = Rows()
            let term = try await store.acquireTerm(holder: "a", at: rows.now)
            let key = rows.proposal(target: "web").key
            var decisions: [Decision] = []
            for (verdict, dryRun, second) in [
                (.allow, false, 10), (.allowNotify, false, 20), (.queueApproval, false, 30), (.deny, false, 40),
                (.allow, true, 50), (.allow, false, 60),
            ] as [(VerdictKind, Bool, Int)] {
                rows.now = Rows.start.adding(seconds: second)
                decisions.append(rows.decision(rows.proposal(target: "web"), verdict, dryRun: dryRun))
            }
            try await store.tick(term) { $0.decisions = decisions }

            func seconds(since: Int, dryRun: Bool) async throws -> [Int] {
                let view = try await store.ledgerView(since: Rows.start.adding(seconds: since), dryRun: dryRun)
                #expect(view.head == 6)
                return view.spends(key, windowSeconds: 1000, now: rows.now).map { $0.seconds(since: Rows.start) }
                    .sorted()
            }
            #expect(try await seconds(since: 0, dryRun: false) == [10, 20, 60])
            #expect(try await seconds(since: 10, dryRun: false) == [20, 60], "`since` itself is out")
            #expect(try await seconds(since: 9, dryRun: false) == [10, 20, 60])
            #expect(try await seconds(since: 0, dryRun: true) == [50])
            #expect(try await seconds(since: 60, dryRun: false) == [])
        }
    }

    enum Refund: CaseIterable, Sendable {
        case byTick, byFinish
    }

    @Test(arguments: Backend.allCases, Refund.allCases)
    func `a cancelled action gives its budget back and no other does`(backend: Backend, refund: Refund) async throws {
        try await withStore(backend) { store in
            var rows = Rows()
            let term = try await store.acquireTerm(holder: "a", at: rows.now)
            let spends = ["web", "db", "cache"].map { rows.spend(target: $0) }
            try await store.tick(term) { commit in
                commit.decisions = spends.map(\.0)
                commit.newActions = spends.map(\.1)
            }
            let cancelled = spends[0].1.id
            switch refund {
            case .byTick:
                try await store.tick(term) { $0.cancelledActions = [Cancellation(actionID: cancelled, detail: "c")] }
            case .byFinish:
                _ = try await store.finish(
                    actionID: cancelled, ActionOutcome(.cancelled, "c"), at: rows.now, term: term)
            }
            _ = try await store.claim(actionID: spends[1].1.id, commands: [], at: rows.now, term: term)
            _ = try await store.finish(
                actionID: spends[1].1.id, ActionOutcome(.failed, "f"), at: rows.now, term: term)

            let view = try await store.ledgerView(since: rows.now.adding(seconds: -1), dryRun: false)
            #expect(Set(view.targets(.restartService, windowSeconds: 60, now: rows.now).keys) == ["db", "cache"])
            #expect(try await LedgerChain.verify(store) == .intact(entries: 3, head: try await store.ledgerHead().hash))
        }
    }

    @Test(arguments: Backend.allCases)
    func `the newest decision of each key is at hand`(backend: Backend) async throws {
        try await withStore(backend) { store in
            var rows = Rows()
            let term = try await store.acquireTerm(holder: "a", at: rows.now)
            let proposal = rows.proposal(target: "web")
            let other = rows.proposal(.stopService, target: "web")
            var decisions: [Decision] = []
            for (proposal, verdict) in [
                (proposal, .deny), (other, .allow), (proposal, .queueApproval), (proposal, .allowNotify),
            ] as [(Proposal, VerdictKind)] {
                decisions.append(rows.decision(proposal, verdict))
            }
            decisions[3].verdict.earliest = nil
            try await store.tick(term) { $0.decisions = Array(decisions.prefix(2)) }
            try await store.tick(term) { $0.decisions = Array(decisions.suffix(2)) }
            func expected(_ decision: Decision) -> LastDecision {
                LastDecision(
                    id: decision.id, at: decision.at, verdict: decision.verdict.kind, policyDigest: "policy",
                    consentDigest: decision.proposal.consentDigest, earliest: decision.verdict.earliest, dryRun: false)
            }
            let last = try await store.workingSet().lastDecisions
            #expect(last == [proposal.key: expected(decisions[3]), other.key: expected(decisions[1])])
        }
    }
}
