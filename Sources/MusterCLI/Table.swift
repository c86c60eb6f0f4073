import FleetModel

/// Rows under titles, in columns two spaces apart, cut to a terminal's width.
package struct Table: Sendable {
    package struct Column: Sendable {
        let title: String
        let alignsRight: Bool
        /// Nil: its content is never cut. Else it may be cut down to so many columns when the table is too wide.
        let minimumWidth: Int?

        package init(_ title: String, alignsRight: Bool = false, minimumWidth: Int? = nil) {
            self.title = title
            self.alignsRight = alignsRight
            self.minimumWidth = minimumWidth
        }
    }

    package struct Cell: Sendable, ExpressibleByStringLiteral {
        let text: String
        let style: TextStyle

        /// Text from outside: control characters and bidirectional marks are shown, never sent to the terminal.
        package init(_ text: String?, _ style: TextStyle = .plain) {
            self.text = (text ?? "-").escapedForDisplay()
            self.style = style
        }

        package init(stringLiteral value: String) {
            self.init(value)
        }
    }

    private let columns: [Column]
    private var rows: [[Cell]] = []

    package init(_ columns: [Column]) {
        self.columns = columns
    }

    package var isEmpty: Bool { rows.isEmpty }

    package mutating func add(_ cells: [Cell]) {
        precondition(cells.count == columns.count, "a row has one cell for each column")
        rows.append(cells)
    }

    /// Nil for `width` cuts nothing.
    package func lines(on terminal: Terminal, width: Int?) -> [String] {
        let widths = widths(within: width)
        let titles = columns.map { Cell($0.title, .dim) }
        return ([titles] + rows).map { line($0, widths: widths, on: terminal) }
    }

    private func line(_ cells: [Cell], widths: [Int], on terminal: Terminal) -> String {
        var output = ""
        for (index, cell) in cells.enumerated() {
            let isLast = index == cells.count - 1
            let text = cell.text.fitted(to: widths[index])
            let padding = String(repeating: " ", count: max(0, widths[index] - text.displayWidth))
            if index > 0 { output += "  " }
            if columns[index].alignsRight { output += padding }
            output += terminal.styled(text, cell.style)
            if !columns[index].alignsRight, !isLast { output += padding }
        }
        return output
    }

    /// The widest cell of each column; where they do not fit, the widest of those that may be cut gives way first.
    private func widths(within limit: Int?) -> [Int] {
        var widths = columns.map(\.title.displayWidth)
        for row in rows {
            for (index, cell) in row.enumerated() { widths[index] = max(widths[index], cell.text.displayWidth) }
        }
        guard let limit else { return widths }
        var excess = widths.reduce(0, +) + 2 * (columns.count - 1) - limit
        while excess > 0 {
            let candidates = columns.indices.filter { index in
                columns[index].minimumWidth.map { widths[index] > $0 } ?? false
            }
            guard let widest = candidates.max(by: { widths[$0] < widths[$1] }) else { break }
            widths[widest] -= 1
            excess -= 1
        }
        return widths
    }
}

/// Names and values below each other, the values wrapped to the terminal's width.
package struct Facts: Sendable {
    private var facts: [(name: String, value: String, style: TextStyle)] = []

    package init() {}

    /// Nil adds nothing.
    package mutating func add(_ name: String, _ value: String?, _ style: TextStyle = .plain) {
        if let value { facts.append((name, value.escapedForDisplay(maximumLength: 4000), style)) }
    }

    package func lines(on terminal: Terminal) -> [String] {
        let indent = (facts.map(\.name.displayWidth).max() ?? 0) + 2
        return facts.flatMap { fact in
            fact.value.wrapped(to: max(20, terminal.width - indent)).enumerated().map { index, line in
                terminal.styled((index == 0 ? fact.name : "").padded(to: indent), .dim)
                    + terminal.styled(line, fact.style)
            }
        }
    }
}
