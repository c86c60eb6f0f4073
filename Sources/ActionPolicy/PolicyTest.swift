package import FleetModel

/// What a case of a policy test file came to.
package struct PolicyTestResult: Sendable {
    package var test: PolicyTestCase
    package var verdict: Verdict

    package init(test: PolicyTestCase, verdict: Verdict) {
        self.test = test
        self.verdict = verdict
    }

    package var passed: Bool {
        verdict.kind == test.expectedDecision && (test.expectedRule ?? verdict.rule.id) == verdict.rule.id
    }
}

extension PolicyTestResult: CustomStringConvertible {
    /// `passed`, or what was expected and what was decided instead and why.
    package var description: String {
        if passed { return "passed" }
        let expected = test.expectedDecision.rawValue + (test.expectedRule.map { " by rule `\($0)`" } ?? "")
        let decided = "\(verdict.kind.rawValue) by rule `\(verdict.rule.id)`"
        return "expected \(expected), decided \(decided): \(verdict.reason)"
    }
}

/// `muster policy test`: cases as data, judged by the gate itself.
package enum PolicyTest {
    /// One result per case, in the order of the cases. Each case has a world of its own.
    package static func run(_ cases: [PolicyTestCase], policy: Policy) -> [PolicyTestResult] {
        cases.map { test in
            let spends = test.spent.map { (key: $0.key, at: test.at.adding(seconds: -$0.agoSeconds)) }
            let hold =
                test.isHeld
                ? Hold(
                    scope: .service(test.proposal.target), reason: "the test case says so", by: "policy test",
                    at: test.at) : nil
            let verdict = ActionPolicy.decide(
                test.proposal, policy: policy, ledger: LedgerView(head: 0, spends: spends), hold: hold, now: test.at)
            return PolicyTestResult(test: test, verdict: verdict)
        }
    }
}
