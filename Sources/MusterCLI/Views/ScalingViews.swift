package import FleetModel

/// `muster scale explain`: the lines as the daemon worded them, and what the policy would say.
package enum ScalingViews {
    package static func explanation(_ answer: JSONValue, _ context: ViewContext) -> [String] {
        var lines = (answer["lines"]?.array ?? []).compactMap { $0.string?.escapedForDisplay() }
        if let decision = answer["decision"], let word = decision.text("decision") {
            let rule = decision.ruleID.map { " by rule `\($0)`" } ?? ""
            lines.append(context.terminal.styled("policy: \(word.escapedForDisplay())\(rule)", .init(word: word)))
        }
        return lines
    }
}
