package import FleetModel

/// `muster policy explain`: the verdict, the rule, every check with its numbers, and what would let it through.
package enum ExplanationView {
    package static func lines(_ answer: JSONValue, _ context: ViewContext) -> [String] {
        var facts = Facts()
        let verdict = answer.text("decision")
        facts.add("decision", verdict, .init(word: verdict))
        facts.add("because", answer.text("reason"))
        facts.add("rule", rule(answer))
        facts.add("tier", answer.text("tier"))
        if let needed = answer["approvals_needed"]?.integer, verdict == "queue_approval" {
            facts.add("people needed", String(needed))
        }
        let checks = answer["checks"]
        if let hold = checks?["hold"], !hold.isNull {
            facts.add(
                "hold", "\(hold.text("scope") ?? "-") by \(hold.text("by") ?? "-"): \(hold.text("reason") ?? "-")")
        }
        facts.add("rate limit", budget(checks?["rate"], maximum: "max", unit: "for this kind and target"))
        facts.add("blast radius", budget(checks?["blast"], maximum: "max_targets", unit: "targets of this kind"))
        facts.add("window", window(checks?["window"]))
        facts.add("let through", earliest(answer, verdict, context))
        return facts.lines(on: context.terminal)
    }

    private static func rule(_ answer: JSONValue) -> String? {
        guard let id = answer.ruleID else { return nil }
        if let line = answer["rule"]?["line"]?.integer { return "\(id) (line \(line) of the policy file)" }
        if let override = answer["rule"]?.text("override_id") { return "\(id) (override \(override))" }
        return id == "defaults" ? "none matches; the defaults hold" : id
    }

    private static func budget(_ check: JSONValue?, maximum: String, unit: String) -> String? {
        guard let check, let used = check.text("used"), let limit = check.text(maximum) else { return nil }
        return "\(used) of \(limit) \(unit) used in \(check["window_s"]?.integer.map(TimeText.span) ?? "-")"
    }

    private static func window(_ check: JSONValue?) -> String? {
        guard let check, let hours = check.text("hours") else { return nil }
        return "\(hours), \(check["open"]?.bool == true ? "open" : "closed")"
    }

    /// What would let it through: now, at a time, a person, or a change of the policy.
    private static func earliest(_ answer: JSONValue, _ verdict: String?, _ context: ViewContext) -> String {
        if verdict == "allow" || verdict == "allow_notify" { return "now" }
        if let time = answer.text("earliest") {
            return "by itself at \(time) (\(TimeText.age(answer["earliest"], at: context.now) ?? "-"))"
                + (verdict == "queue_approval" ? ", or by approval before" : "")
        }
        if verdict == "queue_approval" { return "by approval" }
        if let hold = answer["checks"]?["hold"], !hold.isNull {
            return "once the hold is lifted: muster resume \(hold.text("scope") ?? "")"
        }
        return "not by time or approval; only by another rule"
    }
}
