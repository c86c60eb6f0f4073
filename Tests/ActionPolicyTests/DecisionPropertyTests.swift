import ActionPolicy
import FleetModel
import Testing

/// Promises that hold for every policy, ledger and order of requests; each seed is one world.
@Suite struct DecisionPropertyTests {
    @Test("budgets are never overrun, whatever is asked in whatever order", arguments: 0..<50)
    func budgetsHold(_ seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let rate = RateLimit(
            maximum: .random(in: 0...4, using: &generator), windowSeconds: .random(in: 1...200, using: &generator))
        let blast = BlastRadius(
            maximumTargets: .random(in: 0...4, using: &generator),
            windowSeconds: .random(in: 1...200, using: &generator))
        let policy = policy([rule("r", rate: rate, blast: blast)])
        var view = LedgerView(head: 0)
        var spends: [(target: String, at: WallTime)] = []
        var time = now
        for _ in 0..<300 {
            time = time.adding(seconds: .random(in: 0...15, using: &generator))
            let asked = proposal(.restartService, ["a", "b", "c", "d", "e", "f"].randomElement(using: &generator)!)
            let verdict = ActionPolicy.decide(asked, policy: policy, ledger: view, hold: nil, now: time)
            let inRate = spends.filter {
                $0.target == asked.target && $0.at > time.adding(seconds: -rate.windowSeconds)
            }
            let inBlast = Set(spends.filter { $0.at > time.adding(seconds: -blast.windowSeconds) }.map(\.target))
            #expect(verdict.checks.rateUsed == inRate.count)
            #expect(verdict.checks.blastUsed == inBlast.count)
            let fits =
                inRate.count < rate.maximum
                && (inBlast.contains(asked.target) || inBlast.count < blast.maximumTargets)
            #expect(verdict.kind.allows == fits)
            if verdict.kind.allows {
                view.record(asked.key, at: time)
                spends.append((asked.target, time))
            }
        }
    }

    @Test("`earliest` is the first time at which the same proposal is let through", arguments: 0..<500)
    func earliest(_ seed: UInt64) {
        var generator = SeededGenerator(seed: 1000 + seed)
        let window =
            Bool.random(using: &generator)
            ? hours(.random(in: 0...23, using: &generator), .random(in: 0...23, using: &generator)) : nil
        let tiers: [Tier] = [.auto, .auto, .autoNotify, .approvalRequired, .forbidden]
        let rules = (0..<3).map { index in
            rule(
                "r\(index)", tier: tiers.randomElement(using: &generator)!,
                rate: RateLimit(maximum: .random(in: 0...2, using: &generator), windowSeconds: 7200),
                blast: BlastRadius(maximumTargets: .random(in: 0...2, using: &generator), windowSeconds: 5400),
                window: window,
                expires: Bool.random(using: &generator)
                    ? now.adding(seconds: .random(in: 1...9000, using: &generator)) : nil)
        }
        let policy = policy(rules)
        let spends = (0..<4).map { _ in
            (
                target: ["api", "b", "c"].randomElement(using: &generator)!,
                ago: Int.random(in: 0...7000, using: &generator)
            )
        }
        let view = ledger(spends)
        let hold =
            Int.random(in: 0..<4, using: &generator) == 0
            ? Hold(
                scope: .fleet, reason: "r", by: "ada", at: now,
                until: now.adding(seconds: .random(in: 1...5000, using: &generator))) : nil
        let allowed = { (time: WallTime) in
            ActionPolicy.decide(proposal(), policy: policy, ledger: view, hold: hold, now: time).kind.allows
        }
        let verdict = ActionPolicy.decide(proposal(), policy: policy, ledger: view, hold: hold, now: now)
        // Nothing changes but when a spend leaves a window, a rule or hold ends, or an hour begins.
        let hours = (0...36).map { time("2026-11-21T01:00:00Z").adding(seconds: $0 * 3600) }
        let leaving = spends.flatMap { [7200 - $0.ago, 5400 - $0.ago].map { now.adding(seconds: $0) } }
        let changes = [now] + hours + leaving + rules.compactMap(\.expires) + [hold?.until].compactMap { $0 }
        let first = changes.filter { $0 >= now }.sorted().first(where: allowed)
        #expect(verdict.earliest == first)
    }

    @Test("the same arguments give the same verdict", arguments: 0..<20)
    func deterministic(_ seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let spends = (0..<20).map { _ in
            (target: "t\(Int.random(in: 0..<5, using: &generator))", ago: Int.random(in: 0...4000, using: &generator))
        }
        let policy = policy([rule("r", kind: "restart_*", window: hours(1, 2))])
        let verdicts = [spends, spends.reversed(), spends.shuffled(using: &generator)].map {
            ActionPolicy.decide(
                proposal(.restartService, "t1"), policy: policy, ledger: ledger($0), hold: nil, now: now)
        }
        #expect(Set(verdicts).count == 1)
    }
}
