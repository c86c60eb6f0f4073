/// The comparison of docs/autoscaling.md, computed anew: plots and table. Nothing in them is written by hand.
package struct Comparison: Sendable {
    package var trace: LoadTrace
    package var runs: [SimulatedRun]

    package static func all() -> [Comparison] {
        LoadTrace.all.map { trace in
            Comparison(
                trace: trace,
                runs: [
                    SimulatedRun(HorizontalPodAutoscaler(), on: trace), SimulatedRun(MusterScaler.defaults, on: trace),
                    SimulatedRun(MusterScaler.brisk, on: trace),
                ])
        }
    }

    package static let folder = "docs/autoscaling"
    package static let page = "docs/autoscaling.md"
    private static let begin = "<!-- table: made by `make scaling-plots` -->\n"
    private static let end = "<!-- end of table -->\n"

    /// Every file with its path from the checkout and its content, given the page as it is. Nil when the page has
    /// no place for the table.
    package static func files(page: String) -> [(path: String, content: String)]? {
        let comparisons = all()
        guard let page = placing(table(comparisons), in: page) else { return nil }
        return comparisons.map { ("\(folder)/\($0.trace.name).svg", Plot($0).svg) } + [(Self.page, page)]
    }

    private static func placing(_ table: String, in page: String) -> String? {
        let parts = page.split(separator: begin, omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        let rest = parts[1].split(separator: end, omittingEmptySubsequences: false)
        guard rest.count == 2 else { return nil }
        return [String(parts[0]), begin, "\n", table, "\n", end, String(rest[1])].joined()
    }

    private static func table(_ comparisons: [Comparison]) -> String {
        var lines = [
            "| load | autoscaler | settles | overshoot | scalings | overloaded | idle replica-hours |",
            "|---|---|---|---|---|---|---|",
        ]
        for comparison in comparisons {
            for (index, run) in comparison.runs.enumerated() {
                let figures = run.figures
                let settling = zip(comparison.trace.phases, figures.settlingSeconds)
                    .map { "\($0.name): \($1) s" }.joined(separator: ", ")
                let cells = [
                    index == 0 ? "**[\(comparison.trace.title)](autoscaling/\(comparison.trace.name).svg)**" : "",
                    run.scaler, settling.isEmpty ? "never at rest" : settling, String(figures.overshoot),
                    String(figures.scalings), "\(fixed(figures.overloaded * 100)) %", fixed(figures.idleHours),
                ]
                lines.append("| " + cells.joined(separator: " | ") + " |")
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }
}

/// One digit behind the point, the same on every machine.
func fixed(_ value: Double) -> String {
    let tenths = Int((value * 10).rounded())
    return (tenths < 0 ? "-" : "") + "\(abs(tenths) / 10).\(abs(tenths) % 10)"
}
