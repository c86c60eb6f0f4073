/// One case of a policy test file: a request, the state of the world around it, and the decision expected.
///
/// A case expects at least a decision; a file without cases, or a case that expects nothing, is an error.
package struct PolicyTestCase: Sendable {
    package struct Spend: Sendable {
        package var key: ActionKey
        /// How long before `at` the spend was made.
        package var agoSeconds: Int

        package init(key: ActionKey, agoSeconds: Int) {
            self.key = key
            self.agoSeconds = agoSeconds
        }
    }

    package var name: String
    package var proposal: Proposal
    package var at: WallTime
    package var spent: [Spend]
    package var isHeld: Bool
    package var expectedDecision: VerdictKind
    /// Nil: any rule.
    package var expectedRule: String?
    package var line: Int

    package init(
        name: String, proposal: Proposal, at: WallTime, spent: [Spend] = [], isHeld: Bool = false,
        expectedDecision: VerdictKind, expectedRule: String? = nil, line: Int
    ) {
        self.name = name
        self.proposal = proposal
        self.at = at
        self.spent = spent
        self.isHeld = isHeld
        self.expectedDecision = expectedDecision
        self.expectedRule = expectedRule
        self.line = line
    }
}
