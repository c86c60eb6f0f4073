import ActionPolicy
import FleetModel
import Testing

/// The gate's order and its numbers (contract, Policy).
@Suite struct DecisionTests {
    private let hold = Hold(scope: .service("api"), reason: "migration", by: "ada", at: now)
    private let none = LedgerView(head: 0)

    private func decide(
        _ rules: [PolicyRule], _ ledger: LedgerView = LedgerView(head: 0), of proposal: Proposal = proposal(),
        hold: Hold? = nil, at time: WallTime = now
    ) -> Verdict {
        ActionPolicy.decide(proposal, policy: policy(rules), ledger: ledger, hold: hold, now: time)
    }

    // MARK: - Tiers

    @Test(
        "each tier has its verdict",
        arguments: [
            (Tier.auto, VerdictKind.allow, true), (.autoNotify, .allowNotify, true),
            (.approvalRequired, .queueApproval, false), (.forbidden, .deny, false),
        ])
    func tier(_ tier: Tier, _ kind: VerdictKind, _ isLetThrough: Bool) {
        let verdict = decide([rule("r", tier: tier, approvals: 2)])
        #expect(verdict.kind == kind)
        #expect(verdict.reason == .tier(tier))
        #expect(verdict.tier == tier)
        #expect(verdict.rule == RuleReference(id: "r", origin: .file(line: 1)))
        #expect(verdict.approvalsNeeded == 2)
        #expect(verdict.earliest == (isLetThrough ? now : nil))
    }

    @Test("no rule, no freedom: the defaults ask a person")
    func defaults() {
        let verdict = decide([rule("r", kind: "scale_*")])
        #expect(verdict.kind == .queueApproval)
        #expect(verdict.rule == .defaults)
        #expect(verdict.approvalsNeeded == 1)
    }

    @Test("the defaults' tier is what the file says, with its budgets")
    func looseDefaults() {
        let defaults = PolicyDefaults(tier: .auto, rateLimit: RateLimit(maximum: 1, windowSeconds: 60))
        let policy = policy([], defaults: defaults)
        let used = ActionPolicy.decide(
            proposal(), policy: policy, ledger: ledger([("api", 59)]), hold: nil, now: now)
        #expect(used.kind == .deny)
        #expect(ActionPolicy.decide(proposal(), policy: policy, ledger: none, hold: nil, now: now).kind == .allow)
    }

    // MARK: - Matching

    @Test(
        "the first rule whose kind, target and source all match decides",
        arguments: [
            (proposal(), "last"),
            (proposal(.restartService, "staging-1"), "staging"),
            (proposal(.scaleService, "staging-1"), "last"),
            (proposal(.scaleService, source: .autoscaler), "autoscaler"),
            (proposal(.restartService, "staging-1", source: .autoscaler), "staging"),
        ])
    func firstMatch(_ proposal: Proposal, _ id: String) {
        let rules = [
            rule("staging", kind: "restart_service", target: "staging-*", tier: .forbidden),
            rule("autoscaler", source: "autoscaler"),
            rule("last"),
            rule("never reached", tier: .forbidden),
        ]
        #expect(decide(rules, of: proposal).rule.id == id)
        let matching = ActionPolicy.matchingRule(for: proposal, policy: policy(rules), now: now)
        #expect(matching?.id == id)
    }

    @Test("a rule expires at its time, not after it", arguments: [(-1, "next"), (0, "next"), (1, "first")])
    func expiry(_ seconds: Int, _ id: String) {
        let rules = [rule("first", expires: now.adding(seconds: seconds)), rule("next", tier: .forbidden)]
        #expect(decide(rules).rule.id == id)
    }

    // MARK: - Order of the checks

    @Test("rate, then blast, then window: the first that fails settles it, and all numbers are reported")
    func order() {
        let closed = hours(2, 5)
        let everything = rule(
            "r", rate: RateLimit(maximum: 1, windowSeconds: 100),
            blast: BlastRadius(maximumTargets: 1, windowSeconds: 50),
            window: closed)
        // The target's spend at 60 s counts for the rate only; the other target's at 10 s for the blast radius.
        let both = decide([everything], ledger([("api", 60), ("web", 10)]))
        #expect(both.kind == .deny)
        #expect(both.reason == .rateLimitUsedUp(RateLimit(maximum: 1, windowSeconds: 100), used: 1))
        #expect(both.checks.rateUsed == 1)
        #expect(both.checks.blastUsed == 1)
        #expect(both.checks.window == closed)
        #expect(!both.checks.windowOpen)

        let blast = decide([everything], ledger([("web", 10)]))
        #expect(blast.kind == .queueApproval)
        #expect(blast.reason == .blastRadiusUsedUp(BlastRadius(maximumTargets: 1, windowSeconds: 50), used: 1))
        #expect(blast.checks.rateUsed == 0)

        let window = decide([everything])
        #expect(window.kind == .queueApproval)
        #expect(window.reason == .outsideWindow(closed))
        #expect(window.earliest == time("2026-11-21T02:00:00Z"))

        #expect(decide([everything], at: time("2026-11-21T02:00:00Z")).kind == .allow)
    }

    @Test("a hold denies before anything else, and the other numbers are still there", arguments: Tier.allCases)
    func held(_ tier: Tier) {
        let verdict = decide([rule("r", tier: tier)], ledger([("api", 5), ("web", 5)]), hold: hold)
        #expect(verdict.kind == .deny)
        #expect(verdict.reason == .held(hold))
        #expect(verdict.checks.hold == hold)
        #expect(verdict.checks.rateUsed == 1)
        #expect(verdict.checks.blastUsed == 2)
        #expect(verdict.earliest == nil)
    }

    @Test("a hold that ends is over at its end")
    func endingHold() {
        var ending = hold
        ending.until = now.adding(seconds: 90)
        let verdict = decide([rule("r")], hold: ending)
        #expect(verdict.kind == .deny)
        #expect(verdict.earliest == ending.until)
        #expect(decide([rule("r")], hold: ending, at: now.adding(seconds: 90)).kind == .allow)
        #expect(decide([rule("r", tier: .approvalRequired)], hold: ending).earliest == nil)
    }

    // MARK: - Budgets

    @Test(
        "a spend leaves the window exactly when it is as old as the window is long",
        arguments: [
            (99, VerdictKind.deny), (100, .allow), (101, .allow),
        ])
    func slidingWindow(_ ago: Int, _ expected: VerdictKind) {
        let limited = rule("r", rate: RateLimit(maximum: 1, windowSeconds: 100))
        #expect(decide([limited], ledger([("api", ago)])).kind == expected)
    }

    @Test("the rate limit counts the kind and target asked for, nothing else")
    func rateIsPerKindAndTarget() {
        let limited = rule("r", rate: RateLimit(maximum: 1, windowSeconds: 100))
        #expect(decide([limited], ledger([("api", 1)]), of: proposal(.restartService, "web")).kind == .allow)
        #expect(decide([limited], ledger([("api", 1)]), of: proposal(.scaleService, "api")).kind == .allow)
    }

    @Test("a target that was acted on already does not widen the blast radius")
    func blastOfKnownTarget() {
        let limited = rule(
            "r", rate: RateLimit(maximum: 9, windowSeconds: 100),
            blast: BlastRadius(maximumTargets: 2, windowSeconds: 100))
        let spent = ledger([("api", 10), ("web", 20), ("web", 5)])
        #expect(decide([limited], spent, of: proposal(.restartService, "api")).kind == .allow)
        let third = decide([limited], spent, of: proposal(.restartService, "db"))
        #expect(third.kind == .queueApproval)
        #expect(third.checks.blastUsed == 2)
        // `api` was last acted on 10 s ago and leaves first.
        #expect(third.earliest == now.adding(seconds: 90))
    }

    @Test("a budget of zero is never free")
    func zeroBudget() {
        let verdict = decide([rule("r", rate: RateLimit(maximum: 0, windowSeconds: 100))])
        #expect(verdict.kind == .deny)
        #expect(verdict.earliest == nil)
        let blast = decide([rule("r", blast: BlastRadius(maximumTargets: 0, windowSeconds: 100))])
        #expect(blast.kind == .queueApproval)
        #expect(blast.earliest == nil)
    }

    // MARK: - The earliest time

    @Test("after a limit was lowered, all spends above it have to leave")
    func overUsedRate() {
        let limited = rule("r", rate: RateLimit(maximum: 1, windowSeconds: 100))
        let verdict = decide([limited], ledger([("api", 30), ("api", 20), ("api", 10)]))
        #expect(verdict.checks.rateUsed == 3)
        #expect(verdict.earliest == now.adding(seconds: 90))
    }

    @Test("a budget that frees itself after the window has closed waits for the next opening")
    func budgetThenWindow() {
        let inWindow = time("2026-11-21T04:59:00Z")
        let limited = rule("r", rate: RateLimit(maximum: 1, windowSeconds: 3600), window: hours(2, 5))
        var spent = LedgerView(head: 0)
        spent.record(ActionKey(kind: .restartService, target: "api"), at: inWindow.adding(seconds: -60))
        let verdict = decide([limited], spent, at: inWindow)
        #expect(verdict.kind == .deny)
        #expect(verdict.earliest == time("2026-11-22T02:00:00Z"))
    }

    @Test("a freeze that expires lets through then what the rule behind it lets through")
    func expiringFreeze() {
        let end = now.adding(seconds: 600)
        let freeze = rule("freeze", tier: .forbidden, expires: end)
        #expect(decide([freeze, rule("heal")]).earliest == end)
        #expect(decide([freeze, rule("ask", tier: .approvalRequired)]).earliest == nil)
        let limited = rule("heal", rate: RateLimit(maximum: 1, windowSeconds: 3600))
        #expect(decide([freeze, limited], ledger([("api", 60)])).earliest == now.adding(seconds: 3540))
    }

    @Test("a rule that expires before its budget frees itself promises nothing")
    func expiringRule() {
        let limited = rule(
            "r", rate: RateLimit(maximum: 1, windowSeconds: 3600), expires: now.adding(seconds: 60))
        #expect(decide([limited], ledger([("api", 60)])).earliest == nil)
    }

    // MARK: - At dispatch

    @Test("what people approved runs although budgets are used up and the window is closed")
    func approved() {
        let tight = rule(
            "r", tier: .approvalRequired, rate: RateLimit(maximum: 0, windowSeconds: 100), window: hours(2, 5))
        let verdict = ActionPolicy.decideApproved(
            proposal(), by: ["ada"], policy: policy([tight]), ledger: ledger([("api", 1)]), hold: nil, now: now)
        #expect(verdict.kind == .allow)
        #expect(verdict.reason == .approved(by: ["ada"]))
        #expect(verdict.rule.id == "r")
        #expect(verdict.checks.rateUsed == 1)
        #expect(!verdict.checks.windowOpen)
        #expect(verdict.earliest == now)
    }

    @Test("a hold or a rule that forbids it by now stops what was approved")
    func approvedButStopped() {
        let open = policy([rule("r")])
        let held = ActionPolicy.decideApproved(
            proposal(), by: ["ada"], policy: open, ledger: none, hold: hold, now: now)
        #expect(held.kind == .deny)
        #expect(held.reason == .held(hold))
        let forbidden = ActionPolicy.decideApproved(
            proposal(), by: ["ada"], policy: policy([rule("r", tier: .forbidden)]), ledger: none, hold: nil, now: now)
        #expect(forbidden.kind == .deny)
        #expect(forbidden.reason == .tier(.forbidden))
        let nobody = ActionPolicy.decideApproved(
            proposal(), by: [], policy: open, ledger: none, hold: nil, now: now)
        #expect(nobody.kind == .deny)
    }

    // MARK: - Policy tests

    @Test("a policy test passes only on the decision and rule it expects, and says what was decided instead")
    func policyTest() {
        let limited = policy([rule("heal", rate: RateLimit(maximum: 1, windowSeconds: 100))])
        let key = ActionKey(kind: .restartService, target: "api")
        func test(
            _ expected: VerdictKind, _ id: String? = nil, spent: [PolicyTestCase.Spend] = [], isHeld: Bool = false
        ) -> PolicyTestCase {
            PolicyTestCase(
                name: "case", proposal: proposal(), at: now, spent: spent, isHeld: isHeld, expectedDecision: expected,
                expectedRule: id, line: 3)
        }
        let results = PolicyTest.run(
            [
                test(.allow), test(.allow, "heal"), test(.allow, "other"), test(.deny),
                test(.deny, spent: [PolicyTestCase.Spend(key: key, agoSeconds: 99)]),
                test(.allow, spent: [PolicyTestCase.Spend(key: key, agoSeconds: 100)]),
                test(.deny, isHeld: true),
            ], policy: limited)
        #expect(results.map(\.passed) == [true, true, false, false, true, true, true])
        #expect(
            results[2].description
                == "expected allow by rule `other`, decided allow by rule `heal`: the rule lets it run")
        #expect(results[3].description == "expected deny, decided allow by rule `heal`: the rule lets it run")
        #expect(PolicyTest.run([], policy: limited).isEmpty)
    }
}
