package import FleetModel

/// One row as one line, for `--follow`. It begins with the time of day in UTC: an age would be wrong a minute later.
package enum FollowView {
    package static func action(_ row: JSONValue, _ context: ViewContext) -> String {
        let time = row.text("finished_at") ?? row.text("started_at") ?? row.text("planned_at")
        return line(time, row.text("state"), row, row.text("detail") ?? row.text("reason"), context)
    }

    package static func decision(_ row: JSONValue, _ context: ViewContext) -> String {
        line(row.text("at"), row.text("decision"), row, row.text("decision_reason") ?? row.text("reason"), context)
    }

    private static func line(
        _ time: String?, _ word: String?, _ row: JSONValue, _ detail: String?, _ context: ViewContext
    ) -> String {
        // `01:40:00` of `2026-11-21T01:40:00.123Z`.
        let clock = (time ?? "-").prefix { $0 != "." && $0 != "Z" }.suffix(8)
        let head = "\(clock)  "
        let state = (word ?? "-").padded(to: 14)
        let rest = "  \(row.text("kind") ?? "-") \(row.text("target") ?? "-"): \(detail ?? "-")".escapedForDisplay()
        let room = context.terminal.width - head.displayWidth - state.displayWidth
        return head + context.terminal.styled(state, .init(word: word))
            + (context.isWide ? rest : rest.fitted(to: room))
    }
}
