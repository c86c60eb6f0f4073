package import FleetModel

/// A plan (`GET /api/fleet/plan`): what is proposed, and why not for the rest.
package enum PlanViews {
    /// The buckets of what is not proposed, in the order in which they matter to a reader.
    private static let buckets = ["deferred", "waiting", "in_flight", "blocked", "held", "unknown"]

    /// 2 when changes are proposed. Else 1 when an observer failed: what it covers is unknown, not in sync. Else 0.
    package static func exitStatus(_ plan: JSONValue) -> Int32 {
        if ["proposals", "deferred"].contains(where: { !(plan[$0]?.array ?? []).isEmpty }) {
            return ExitStatus.changesProposed
        }
        let hasFailed = (plan["sources"]?.array ?? []).contains { $0.text("failure") != nil }
        return hasFailed ? ExitStatus.failure : 0
    }

    package static func lines(_ plan: JSONValue, _ context: ViewContext) -> [String] {
        var lines = [summary(plan, context)]
        let proposals = plan["proposals"]?.array ?? []
        if !proposals.isEmpty {
            lines += ["", context.terminal.styled("proposed", .bold)] + table(of: proposals, context)
        }
        for bucket in buckets {
            let rows = plan[bucket]?.array ?? []
            guard !rows.isEmpty else { continue }
            let title = bucket.replacing("_", with: " ")
            lines += ["", context.terminal.styled("\(title) (\(rows.count))", .bold)]
            lines += self.bucket(rows, isOfActions: bucket == "deferred", context)
        }
        for source in plan["sources"]?.array ?? [] {
            guard let failure = source.text("failure") else { continue }
            let name = source.text("source") ?? "an"
            lines += [
                "", context.terminal.styled("the \(name) observer failed: \(failure.escapedForDisplay())", .warning),
            ]
        }
        return lines
    }

    private static func summary(_ plan: JSONValue, _ context: ViewContext) -> String {
        let proposals = plan["proposals"]?.array?.count ?? 0
        var parts = [proposals == 0 ? "nothing to do" : "\(proposals) proposed"]
        parts.append("\(plan["in_sync"]?.integer ?? 0) in sync")
        for bucket in buckets {
            let count = plan[bucket]?.array?.count ?? 0
            if count > 0 { parts.append("\(count) \(bucket.replacing("_", with: " "))") }
        }
        let mode = plan["dry_run"]?.bool == true ? " (dry run)" : ""
        return context.terminal.styled(parts.joined(separator: ", ") + mode, proposals == 0 ? .good : .warning)
    }

    private static func table(of proposals: [JSONValue], _ context: ViewContext) -> [String] {
        var table = Table([
            .init("TARGET", minimumWidth: 10), .init("KIND", minimumWidth: 10), .init("DECISION"),
            .init("RULE", minimumWidth: 8), .init("REASON", minimumWidth: 16),
        ])
        for row in proposals {
            let verdict = row.text("decision")
            let reason = [row.text("reason"), row.parameters()].compactMap { $0 }.joined(separator: "; ")
            table.add([
                .init(row.text("target"), .bold), .init(row.text("kind")), .init(verdict, .init(word: verdict)),
                .init(row.ruleID), .init(reason),
            ])
        }
        return context.lines(table, absence: "nothing")
    }

    /// Grouped by reason, the names wrapped below it: a fleet of which nothing is seen fits a screen. `--wide` gives a
    /// row to each.
    private static func bucket(_ rows: [JSONValue], isOfActions: Bool, _ context: ViewContext) -> [String] {
        let entries = rows.map { row in
            let kind = isOfActions ? row.text("kind").map { "\($0): " } ?? "" : ""
            return (name: row.text("target") ?? "-", why: kind + (row.text("why") ?? row.text("reason") ?? "-"))
        }
        guard !context.isWide else {
            var table = Table([.init("TARGET"), .init("WHY")])
            for entry in entries { table.add([.init(entry.name, .bold), .init(entry.why)]) }
            return context.lines(table, absence: "nothing")
        }
        var reasons: [String] = []
        var names: [String: [String]] = [:]
        for entry in entries {
            if names[entry.why] == nil { reasons.append(entry.why) }
            names[entry.why, default: []].append(entry.name.escapedForDisplay())
        }
        return reasons.flatMap { why in
            why.escapedForDisplay().wrapped(to: context.terminal.width)
                + (names[why] ?? []).joined(separator: ", ").wrapped(to: context.terminal.width - 2).map { "  \($0)" }
        }
    }
}
