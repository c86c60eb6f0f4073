package import FleetModel

/// Approvals as a table, and one of them in full.
package enum ApprovalViews {
    package static func table(_ rows: [JSONValue], _ context: ViewContext) -> [String] {
        var table = Table([
            .init("ID"), .init("STATUS"), .init("KIND", minimumWidth: 10), .init("TARGET", minimumWidth: 10),
            .init("AGE"), .init("REASON", minimumWidth: 12),
        ])
        let ids = context.identifiers(rows)
        for row in rows {
            let status = row.text("status")
            let reason = status == "pending" ? row.text("reason") : row.text("resolution") ?? row.text("reason")
            table.add([
                .init(row.text("id").flatMap { ids[$0] }), .init(status, .init(word: status)), .init(row.text("kind")),
                .init(row.text("target"), .bold), .init(TimeText.age(row["created_at"], at: context.now)),
                .init(reason),
            ])
        }
        return context.lines(table, absence: "no approvals")
    }

    package static func details(_ approval: JSONValue, _ context: ViewContext) -> [String] {
        var facts = Facts()
        let status = approval.text("status")
        facts.add("id", approval.text("id"))
        facts.add("status", status, .init(word: status))
        facts.add("resolution", approval.text("resolution"))
        facts.add("action asked", "\(approval.text("kind") ?? "-") \(approval.text("target") ?? "-")", .bold)
        facts.add("params", approval.parameters())
        facts.add("reason", approval.text("reason"))
        facts.add("evidence", approval.text("evidence"))
        facts.add("source", approval.text("source"))
        facts.add("asked by", approval.text("requested_by"))
        facts.add("rule", "\(approval.ruleID ?? "-"), tier \(approval.text("tier") ?? "-")")
        for (name, member) in [("created", "created_at"), ("last seen", "last_seen_at"), ("expires", "expires_at")] {
            guard let time = approval.text(member), let age = TimeText.age(approval[member], at: context.now) else {
                continue
            }
            facts.add(name, "\(time) (\(age))")
        }
        facts.add("seen", approval.text("seen_count").map { $0 == "1" ? "once" : "\($0) times" })
        let votes = approval["votes"]?.array ?? []
        let granted = votes.filter { $0.text("decision") == "approved" }.count
        facts.add("approvals", "\(granted) of \(approval.text("approvals_needed") ?? "1")")
        for vote in votes {
            let note = vote.text("note").map { ": \($0)" } ?? ""
            facts.add(
                "vote",
                "\(vote.text("decision") ?? "-") by \(vote.text("by") ?? "-") "
                    + "\(TimeText.age(vote["at"], at: context.now) ?? "")\(note)")
        }
        facts.add("action", approval.text("action_id"))
        facts.add("dry run", approval["dry_run"]?.bool == true ? "yes" : nil)
        return facts.lines(on: context.terminal)
    }
}
