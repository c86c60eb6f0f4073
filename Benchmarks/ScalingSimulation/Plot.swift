/// A comparison as SVG 1.1: the load, the replicas of each scaler, and the load per replica with the target's band.
struct Plot {
    private let comparison: Comparison
    private let minutes: Double
    private let left = 76.0
    private let right = 936.0
    private let colors = ["#d9730d", "#86b3e8", "#1456b0"]

    init(_ comparison: Comparison) {
        self.comparison = comparison
        minutes = Double((comparison.trace.load.count - 1) * LoadTrace.tickSeconds) / 60
    }

    var svg: String {
        var lines: [String] = [
            #"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 960 700" width="960" height="700""#
                + #" font-family="system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif" font-size="12""#
                + ##" fill="#333">"##,
            "<title>\(comparison.trace.title): replicas by Kubernetes HPA and by Muster on the same load</title>",
            ##"<rect width="960" height="700" fill="#fff"/>"##,
            ##"<text x="76" y="30" font-size="18" font-weight="600" fill="#111">\##(comparison.trace.title)</text>"##,
            ##"<text x="76" y="49" fill="#555">\##(comparison.trace.story); target 100 requests/s a replica,"##
                + " \(Common.minimum) to \(Common.maximum) replicas</text>",
        ]
        lines += legend()
        lines += loadPanel()
        lines += replicasPanel()
        lines += perReplicaPanel()
        lines.append(##"<text x="506" y="690" text-anchor="middle" fill="#555">time, minutes</text>"##)
        lines.append("</svg>")
        return lines.joined(separator: "\n") + "\n"
    }

    // MARK: - Panels

    private func loadPanel() -> [String] {
        let trace = comparison.trace
        let panel = Panel(top: 92, bottom: 212, maximum: niceCeiling((trace.measured.max() ?? 1) * 1.05))
        return frame(panel, "load, requests/s")
            + [
                curve(trace.measured, panel, color: "#b8bec6", width: 1),
                curve(trace.load, panel, color: "#333", width: 1.6),
            ]
    }

    private func replicasPanel() -> [String] {
        let needed = comparison.trace.load.map(SimulatedRun.needed)
        let most = (comparison.runs.flatMap(\.replicas) + needed).max() ?? 1
        let panel = Panel(top: 242, bottom: 482, maximum: niceCeiling(Double(most) * 1.08))
        var lines = frame(panel, "replicas")
        let area = stairs(needed.map(Double.init), panel)
        let base = fixed(panel.bottom)
        lines.append(
            ##"<path d="\##(area) V\##(base) H\##(fixed(left)) Z" fill="#e9ecef" stroke="none"/>"##)
        // The lines lie on each other for long stretches: the first one drawn is the broadest.
        for (index, (run, color)) in zip(comparison.runs, colors).enumerated() {
            let path = stairs(run.replicas.map(Double.init), panel)
            let width = index == 0 ? "3.4" : "1.8"
            lines.append(
                #"<path d="\#(path)" fill="none" stroke="\#(color)" stroke-width="\#(width)" stroke-linejoin="round"/>"#
            )
        }
        return lines
    }

    /// Values above the panel's end are cut there: a load that has just jumped would flatten everything else.
    private func perReplicaPanel() -> [String] {
        let panel = Panel(top: 512, bottom: 642, maximum: 250)
        var lines = frame(panel, "load per replica, 1/s")
        let (high, low) = (panel.y(Common.target * 1.1), panel.y(Common.target * 0.9))
        lines.append(
            ##"<rect x="\##(fixed(left))" y="\##(fixed(high))" width="\##(fixed(right - left))" height="\##(fixed(low - high))""##
                + ##" fill="#2e9e5b" fill-opacity="0.22"/>"##)
        lines.append(
            ##"<line x1="\##(fixed(left))" x2="\##(fixed(right))" y1="\##(fixed(panel.y(100)))" y2="\##(fixed(panel.y(100)))""##
                + ##" stroke="#2e9e5b" stroke-dasharray="5 3"/>"##)
        for (run, color) in zip(comparison.runs, colors) {
            let values = zip(comparison.trace.load, run.replicas).map { min($0 / Double($1), panel.maximum) }
            lines.append(curve(values, panel, color: color, width: 1.2))
        }
        return lines
    }

    private func legend() -> [String] {
        let names = comparison.runs.map(\.scaler)
        var x = left
        var lines: [String] = []
        func entry(_ mark: String, _ text: String, width: Double) {
            lines.append(mark)
            lines.append(#"<text x="\#(fixed(x + 28))" y="75">\#(text)</text>"#)
            x += width
        }
        for (name, color) in zip(names, colors) {
            let mark = #"<path d="M\#(fixed(x)) 71 h22" stroke="\#(color)" stroke-width="3"/>"#
            entry(mark, name, width: 46 + 6.6 * Double(name.count))
        }
        entry(
            ##"<rect x="\##(fixed(x))" y="65" width="22" height="11" fill="#dde1e5"/>"##,
            "replicas that the load needs",
            width: 208)
        entry(
            ##"<rect x="\##(fixed(x))" y="65" width="22" height="11" fill="#2e9e5b" fill-opacity="0.22"/>"##,
            "target \u{b1} 10 %", width: 130)
        entry(
            ##"<path d="M\##(fixed(x)) 71 h22" stroke="#b8bec6" stroke-width="3"/>"##, "as measured", width: 0)
        return lines
    }

    // MARK: - Drawing

    private struct Panel {
        var top: Double
        var bottom: Double
        var maximum: Double

        func y(_ value: Double) -> Double { bottom - (bottom - top) * value / maximum }
    }

    private func x(_ tick: Int) -> Double {
        left + (right - left) * Double(tick * LoadTrace.tickSeconds) / 60 / minutes
    }

    /// Grid, ticks and the axis' name with its unit.
    private func frame(_ panel: Panel, _ name: String) -> [String] {
        var lines: [String] = []
        for index in 0...5 {
            let value = panel.maximum * Double(index) / 5
            let y = fixed(panel.y(value))
            let color = index == 0 ? "#888" : "#eceff1"
            lines.append(
                #"<line x1="\#(fixed(left))" x2="\#(fixed(right))" y1="\#(y)" y2="\#(y)" stroke="\#(color)"/>"#)
            let text = value == value.rounded() ? String(Int(value)) : fixed(value)
            lines.append(
                ##"<text x="\##(fixed(left - 8))" y="\##(fixed(panel.y(value) + 4))" text-anchor="end" fill="#555">\##(text)</text>"##
            )
        }
        for minute in stride(from: 0, through: Int(minutes), by: 10) {
            let x = fixed(left + (right - left) * Double(minute) / minutes)
            lines.append(
                ##"<line x1="\##(x)" x2="\##(x)" y1="\##(fixed(panel.bottom))" y2="\##(fixed(panel.bottom + 4))" stroke="#888"/>"##
            )
            lines.append(
                ##"<text x="\##(x)" y="\##(fixed(panel.bottom + 17))" text-anchor="middle" fill="#555">\##(minute)</text>"##
            )
        }
        let middle = fixed((panel.top + panel.bottom) / 2)
        lines.append(
            ##"<text transform="translate(22 \##(middle)) rotate(-90)" text-anchor="middle" fill="#333">\##(name)</text>"##
        )
        return lines
    }

    private func curve(_ values: [Double], _ panel: Panel, color: String, width: Double) -> String {
        let points = values.enumerated().map { "\(fixed(x($0))),\(fixed(panel.y($1)))" }.joined(separator: " ")
        return #"<polyline points="\#(points)" fill="none" stroke="\#(color)" stroke-width="\#(fixed(width))""#
            + #" stroke-linejoin="round"/>"#
    }

    /// A line that keeps each value until it changes.
    private func stairs(_ values: [Double], _ panel: Panel) -> String {
        guard var previous = values.first else { return "" }
        var path = "M\(fixed(left)) \(fixed(panel.y(previous)))"
        for (tick, value) in values.enumerated() where value != previous {
            path += " H\(fixed(x(tick))) V\(fixed(panel.y(value)))"
            previous = value
        }
        return path + " H\(fixed(right))"
    }

    /// The next number of 5, 10, 15, 20, 25, 50, 100 … that is at least `value`, so that a fifth of it reads well.
    private func niceCeiling(_ value: Double) -> Double {
        for step in [5.0, 10, 15, 20, 25, 50, 100, 250, 500, 1000, 1500, 2000, 2500, 5000] where value <= step {
            return step
        }
        return (value / 5000).rounded(.up) * 5000
    }
}
