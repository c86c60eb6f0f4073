import Foundation

/// How a piece of text stands out, on a terminal with colour.
package enum TextStyle: Sendable {
    case plain
    case good
    case warning
    case bad
    case dim
    case bold

    /// The parameter of ECMA-48's SGR sequence.
    fileprivate var code: String? {
        switch self {
        case .plain: nil
        case .good: "32"
        case .warning: "33"
        case .bad: "31"
        case .dim: "2"
        case .bold: "1"
        }
    }
}

/// Where text is printed: how wide it may be, and whether it may have colour.
package struct Terminal: Sendable, Equatable {
    package var width: Int
    package var hasColour: Bool

    package init(width: Int = 80, hasColour: Bool = false) {
        self.width = width
        self.hasColour = hasColour
    }

    /// Standard output as it is: colour only on a terminal and never with `NO_COLOR` (no-color.org) or `TERM=dumb`;
    /// the terminal's width, and 80 columns where there is none.
    package static func current(environment: [String: String]) -> Terminal {
        guard isatty(STDOUT_FILENO) == 1 else { return Terminal() }
        let isPlain = !(environment["NO_COLOR"] ?? "").isEmpty || environment["TERM"] == "dumb"
        var size = winsize()
        let hasSize = ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
        return Terminal(width: hasSize ? min(max(Int(size.ws_col), 60), 240) : 80, hasColour: !isPlain)
    }

    package func styled(_ text: String, _ style: TextStyle) -> String {
        guard hasColour, let code = style.code else { return text }
        return "\u{1B}[\(code)m\(text)\u{1B}[0m"
    }
}
