package import FleetModel

/// Everything that is wrong with a posted override, in the order it stands in the body.
package struct OverrideErrors: Error, Equatable, Sendable, CustomStringConvertible {
    package var messages: [String]

    package init(_ messages: [String]) {
        self.messages = messages
    }

    package var description: String { messages.joined(separator: "; ") }
}

extension PolicyRule {
    /// The rule and priority of a posted override: a rule's words as in the policy file, `priority` (default 0) and
    /// `expires`. `id` is the override's id in the store; the rule bears it unless the body names another.
    ///
    /// JSON is read by the policy file's own decoder, so that the two cannot come to differ: the writer's output is
    /// YAML as well (YAML 1.2, section 1.3).
    package static func override(
        from body: JSONObject, id: String
    ) throws(OverrideErrors) -> (rule: PolicyRule, priority: Int) {
        let problems = Problems(file: "override")
        var priority = 0
        var rule: PolicyRule?
        let file = YAMLFile(name: "override", text: JSONValue.object(body).text)
        let isComplete = file.read(problems) { reader throws(YAMLStop) in
            var draft = RuleDraft(id: id, start: reader.mark)
            try reader.mapping("an override", in: "an override", OverrideField.table) { field, _ throws(YAMLStop) in
                if let field = field.ruleField {
                    try draft.take(field, reader)
                } else {
                    priority = try reader.integer("priority", in: -1_000_000...1_000_000) ?? 0
                }
            }
            rule = draft.rule(origin: .override(id: id), problems)
        }
        guard let rule, isComplete, problems.isEmpty else { throw OverrideErrors(problems.errors.map(\.message)) }
        return (rule, priority)
    }
}
