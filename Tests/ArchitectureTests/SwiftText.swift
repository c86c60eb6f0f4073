/// Swift source with comments and string literals blanked, so that a rule about code does not trip over prose.
///
/// A scanner, not a parser: it knows line and nested block comments, string literals of one and of many lines, raw
/// strings and interpolation. Line breaks are kept, so that a place in the blanked text is a place in the file.
struct SwiftText {
    private let source: [UInt8]
    private var output: [UInt8] = []
    private var position = 0

    private static let lineFeed = UInt8(ascii: "\n")

    static func code(of text: String) -> String {
        var scanner = SwiftText(text)
        scanner.scan(untilClosingParenthesis: false)
        return String(decoding: scanner.output, as: UTF8.self)
    }

    private init(_ text: String) {
        source = Array(text.utf8)
        output.reserveCapacity(source.count)
    }

    private mutating func scan(untilClosingParenthesis: Bool) {
        var depth = 0
        while position < source.count {
            if startsWith("//") {
                while position < source.count, source[position] != Self.lineFeed { blank() }
            } else if startsWith("/*") {
                blockComment()
            } else if let pounds = poundsBeforeQuote() {
                literal(pounds: pounds)
            } else {
                if source[position] == UInt8(ascii: "(") { depth += 1 }
                if source[position] == UInt8(ascii: ")") {
                    depth -= 1
                    if untilClosingParenthesis, depth < 0 { return }
                }
                output.append(source[position])
                position += 1
            }
        }
    }

    private mutating func blockComment() {
        var depth = 0
        repeat {
            if startsWith("/*") {
                depth += 1
                blank(2)
            } else if startsWith("*/") {
                depth -= 1
                blank(2)
            } else {
                blank()
            }
        } while depth > 0 && position < source.count
    }

    /// How many `#` stand before the quote that begins here; nil when no literal does.
    private func poundsBeforeQuote() -> Int? {
        var index = position
        while index < source.count, source[index] == UInt8(ascii: "#") { index += 1 }
        return index < source.count && source[index] == UInt8(ascii: "\"") ? index - position : nil
    }

    private mutating func literal(pounds: Int) {
        blank(pounds)
        let quotes = startsWith("\"\"\"") ? 3 : 1
        let end = String(repeating: "\"", count: quotes) + String(repeating: "#", count: pounds)
        let escape = "\\" + String(repeating: "#", count: pounds)
        blank(quotes)
        while position < source.count {
            if startsWith(end) {
                blank(quotes + pounds)
                return
            } else if startsWith(escape + "(") {
                blank(escape.utf8.count + 1)
                let before = output.count
                scan(untilClosingParenthesis: true)
                blankOutput(from: before)
                blank()
            } else if startsWith(escape) {
                blank(escape.utf8.count + 1)
            } else {
                blank()
            }
        }
    }

    private mutating func blank(_ count: Int = 1) {
        for _ in 0..<count where position < source.count {
            output.append(source[position] == Self.lineFeed ? Self.lineFeed : UInt8(ascii: " "))
            position += 1
        }
    }

    private mutating func blankOutput(from start: Int) {
        for index in start..<output.count where output[index] != Self.lineFeed { output[index] = UInt8(ascii: " ") }
    }

    private func startsWith(_ text: String) -> Bool {
        var index = position
        for character in text.utf8 {
            guard index < source.count, source[index] == character else { return false }
            index += 1
        }
        return true
    }
}
