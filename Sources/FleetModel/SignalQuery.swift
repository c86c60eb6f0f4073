/// A PromQL text in which `{service}` stands for a service's name: the only substitution there is.
///
/// `{service}` is replaced inside quoted strings alone, where nothing that a name may hold can end the string; where
/// the string is a regular expression (`=~`, `!~`), what means something there is escaped. Outside a string the text
/// is left as it is, so a grouping or a label matcher that happens to read `{service}` is refused when it is read.
package struct SignalQuery: Hashable, Sendable {
    /// Longer queries are refused; Prometheus' own limit is the size of a request.
    package static let maximumBytes = 4096

    package let text: String
    private let pieces: [Piece]

    private enum Piece: Hashable, Sendable {
        case text(String)
        case name(Quoting)
    }

    private struct Quoting: Hashable, Sendable {
        /// `"`, `'` or a backtick, within which a backslash is itself.
        var isRaw: Bool
        var isPattern: Bool
    }

    package enum Problem: Error, Hashable, Sendable, CustomStringConvertible {
        case empty
        case tooLong
        case controlCharacter
        case unquotedService
        case openString

        package var description: String {
            switch self {
            case .empty: "is empty"
            case .tooLong: "is longer than \(SignalQuery.maximumBytes) bytes"
            case .controlCharacter: "holds a control character"
            case .unquotedService: "has `{service}` outside a quoted string; write it as \"{service}\""
            case .openString: "has a string that does not end"
            }
        }
    }

    private init(text: String, pieces: [Piece]) {
        self.text = text
        self.pieces = pieces
    }

    package static func read(_ text: String) -> Result<SignalQuery, Problem> {
        guard !text.utf8.allSatisfy({ $0 == 0x20 || $0 == 0x0A || $0 == 0x09 }) else { return .failure(.empty) }
        guard text.utf8.count <= SignalQuery.maximumBytes else { return .failure(.tooLong) }
        guard text.utf8.allSatisfy({ ($0 >= 0x20 && $0 != 0x7F) || $0 == 0x0A || $0 == 0x09 }) else {
            return .failure(.controlCharacter)
        }
        return pieces(Array(text.utf8)).map { SignalQuery(text: text, pieces: $0) }
    }

    /// Every service has a query of its own; false where one query is shared by all.
    package var namesService: Bool {
        pieces.contains { if case .name = $0 { true } else { false } }
    }

    package func filled(service: String) -> String {
        pieces.map { piece in
            switch piece {
            case .text(let text): text
            case .name(let quoting): SignalQuery.quoted(service, quoting)
            }
        }.joined()
    }

    // MARK: - Reading

    private static let placeholder = Array("{service}".utf8)

    /// One pass over the text that knows in which string it is (PromQL's string literals are Go's: `"` and `'` with
    /// backslash escapes, backticks without; `#` begins a comment).
    private static func pieces(_ bytes: [UInt8]) -> Result<[Piece], Problem> {
        var pieces: [Piece] = []
        var plain: [UInt8] = []
        var string: (end: UInt8, quoting: Quoting)?
        var position = 0
        while position < bytes.count {
            let byte = bytes[position]
            if bytes[position...].starts(with: placeholder) {
                guard let string else { return .failure(.unquotedService) }
                pieces.append(.text(String(decoding: plain, as: UTF8.self)))
                pieces.append(.name(string.quoting))
                plain = []
                position += placeholder.count
                continue
            }
            plain.append(byte)
            position += 1
            if let open = string {
                if byte == open.end {
                    string = nil
                } else if byte == UInt8(ascii: "\\"), !open.quoting.isRaw, position < bytes.count {
                    plain.append(bytes[position])
                    position += 1
                }
            } else if byte == UInt8(ascii: "#") {
                while position < bytes.count, bytes[position] != 0x0A {
                    plain.append(bytes[position])
                    position += 1
                }
            } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") || byte == UInt8(ascii: "`") {
                let isPattern = endsInPatternMatch(plain.dropLast())
                string = (byte, Quoting(isRaw: byte == UInt8(ascii: "`"), isPattern: isPattern))
            }
        }
        guard string == nil else { return .failure(.openString) }
        return .success(pieces + [.text(String(decoding: plain, as: UTF8.self))])
    }

    private static func endsInPatternMatch(_ bytes: ArraySlice<UInt8>) -> Bool {
        var bytes = bytes
        while let last = bytes.last, last == 0x20 || last == 0x0A || last == 0x09 { bytes.removeLast() }
        return bytes.last == UInt8(ascii: "~")
    }

    /// RE2's quoting of one name, then the string's.
    private static func quoted(_ name: String, _ quoting: Quoting) -> String {
        var output = ""
        for character in name {
            var text = String(character)
            if quoting.isPattern, "\\.+*?()|[]{}^$".contains(character) { text = "\\" + text }
            if !quoting.isRaw {
                text = text.flatMap { $0 == "\\" || $0 == "\"" || $0 == "'" ? ["\\", $0] : [$0] }.map(String.init)
                    .joined()
            }
            output += text
        }
        return output
    }
}
