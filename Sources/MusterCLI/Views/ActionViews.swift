package import FleetModel

/// Actions and decisions as tables, and what became of a manual proposal.
package enum ActionViews {
    package static func actions(_ rows: [JSONValue], _ context: ViewContext) -> [String] {
        var table = Table([
            .init("ID"), .init("STATE"), .init("KIND", minimumWidth: 10), .init("TARGET", minimumWidth: 10),
            .init("PLANNED"), .init("DETAIL", minimumWidth: 12),
        ])
        let ids = context.identifiers(rows)
        for row in rows {
            let state = row.text("state")
            let detail = row.text("detail") ?? row.text("reason") ?? ""
            let isMarked = row["dry_run"]?.bool != true || detail.hasPrefix("dry run")
            table.add([
                .init(row.text("id").flatMap { ids[$0] }), .init(state, .init(word: state)), .init(row.text("kind")),
                .init(row.text("target"), .bold), .init(TimeText.age(row["planned_at"], at: context.now)),
                .init(isMarked ? detail : "dry run: " + detail),
            ])
        }
        return context.lines(table, absence: "no actions")
    }

    package static func decisions(_ rows: [JSONValue], _ context: ViewContext) -> [String] {
        var table = Table([
            .init("SEQ", alignsRight: true), .init("DECISION"), .init("KIND", minimumWidth: 12),
            .init("TARGET", minimumWidth: 12), .init("AGE"), .init("RULE", minimumWidth: 8),
            .init("REASON", minimumWidth: 8),
        ])
        for row in rows {
            let verdict = row.text("decision")
            table.add([
                .init(row.text("sequence")), .init(verdict, .init(word: verdict)), .init(row.text("kind")),
                .init(row.text("target"), .bold), .init(TimeText.age(row["at"], at: context.now)),
                .init(row.ruleID), .init(row.text("decision_reason") ?? row.text("reason")),
            ])
        }
        return context.lines(table, absence: "no decisions")
    }

    /// The answer to `POST /api/fleet/actions`: what the gate said and what to do next.
    package static func proposed(_ answer: JSONValue, _ context: ViewContext) -> [String] {
        if answer.text("state") == "submitted" {
            return ["submitted; the leader decides it: see `muster decisions`"]
        }
        let decision = answer.text("decision")
        let reason = answer["reason"]?.string ?? ""
        var lines = [
            context.terminal.styled(decision ?? "decided", .init(word: decision))
                + (reason.isEmpty ? "" : ": \(reason.escapedForDisplay())")
        ]
        if let approval = answer.text("approval_id") {
            lines.append("approve it with: muster approvals approve \(ShortIdentifier.bare(approval))")
        }
        if let action = answer.text("action_id") { lines.append("action: \(action)") }
        return lines
    }

    /// One of the stops that `kill` proposed.
    package static func stop(_ answer: JSONValue, _ context: ViewContext) -> [String] {
        let words = proposed(answer, context)
        return words.prefix(1).map { "  \((answer.text("target") ?? "-").escapedForDisplay()): \($0)" }
            + words.dropFirst().map { "    \($0)" }
    }
}
