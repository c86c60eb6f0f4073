/// A shell-style pattern over a whole name: `*` any run of bytes, `?` one byte, `[a-z]` and `[!a-z]` one of a set.
///
/// The usual shapes are recognised once, so that a match is a comparison of bytes.
package struct Glob: Hashable, Sendable, CustomStringConvertible {
    package let pattern: String
    private let shape: Shape
    /// What a literal, prefix or suffix has to be equal to; empty for the other shapes.
    private let bytes: [UInt8]

    private enum Shape: Hashable, Sendable {
        case any
        case literal
        case prefix
        case suffix
        case general([Token])
    }

    private enum Token: Hashable, Sendable {
        case byte(UInt8)
        case one
        case many
        case set([ClosedRange<UInt8>], negated: Bool)

        func accepts(_ byte: UInt8) -> Bool {
            switch self {
            case .byte(let expected): byte == expected
            case .one: true
            case .many: false
            case .set(let ranges, let negated): ranges.contains { $0.contains(byte) } != negated
            }
        }
    }

    package static let any = Glob("*", .any, [])

    /// A pattern that matches this text and nothing else, whatever characters it holds.
    package static func literal(_ text: String) -> Glob {
        Glob(text, .literal, Array(text.utf8))
    }

    private init(_ pattern: String, _ shape: Shape, _ bytes: [UInt8]) {
        self.pattern = pattern
        self.shape = shape
        self.bytes = bytes
    }

    /// Nil when the pattern is empty, longer than 256 bytes, or a `[` is not closed or holds nothing.
    package init?(_ pattern: String) {
        let utf8 = Array(pattern.utf8)
        guard !utf8.isEmpty, utf8.count <= 256, let tokens = Glob.tokens(utf8) else { return nil }
        let isPlain = { (token: Token) in if case .byte = token { true } else { false } }
        if tokens == [.many] {
            self = Glob(pattern, .any, [])
        } else if tokens.allSatisfy(isPlain) {
            self = Glob(pattern, .literal, utf8)
        } else if tokens.last == .many, tokens.dropLast().allSatisfy(isPlain), tokens.count == utf8.count {
            self = Glob(pattern, .prefix, utf8.dropLast())
        } else if tokens.first == .many, tokens.dropFirst().allSatisfy(isPlain), tokens.count == utf8.count {
            self = Glob(pattern, .suffix, Array(utf8.dropFirst()))
        } else {
            self = Glob(pattern, .general(tokens), [])
        }
    }

    package var description: String { pattern }

    package func matches(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { matches(utf8: $0) }
    }

    /// As `matches(_:)`, for callers that match one text against many patterns. Compares bytes, allocates nothing.
    package func matches(utf8 text: UnsafeBufferPointer<UInt8>) -> Bool {
        switch shape {
        case .any: true
        case .literal: text.count == bytes.count && Glob.hasBytes(bytes, in: text, at: 0)
        case .prefix: text.count >= bytes.count && Glob.hasBytes(bytes, in: text, at: 0)
        case .suffix: text.count >= bytes.count && Glob.hasBytes(bytes, in: text, at: text.count - bytes.count)
        case .general(let tokens): Glob.matches(tokens, text)
        }
    }

    private static func hasBytes(_ bytes: [UInt8], in text: UnsafeBufferPointer<UInt8>, at offset: Int) -> Bool {
        for index in 0..<bytes.count where bytes[index] != text[offset + index] { return false }
        return true
    }

    /// Linear in practice and never worse than quadratic: only the last `*` is ever gone back to.
    private static func matches(_ tokens: [Token], _ text: UnsafeBufferPointer<UInt8>) -> Bool {
        var token = 0
        var position = 0
        var retry: (token: Int, position: Int)?
        while position < text.count {
            if token < tokens.count, tokens[token] == .many {
                retry = (token + 1, position)
                token += 1
            } else if token < tokens.count, tokens[token].accepts(text[position]) {
                token += 1
                position += 1
            } else if let last = retry {
                retry = (last.token, last.position + 1)
                token = last.token
                position = last.position + 1
            } else {
                return false
            }
        }
        return tokens[token...].allSatisfy { $0 == .many }
    }

    private static func tokens(_ pattern: [UInt8]) -> [Token]? {
        var tokens: [Token] = []
        var index = 0
        while index < pattern.count {
            switch pattern[index] {
            case UInt8(ascii: "*"):
                if tokens.last != .many { tokens.append(.many) }
            case UInt8(ascii: "?"):
                tokens.append(.one)
            case UInt8(ascii: "["):
                guard let end = pattern[(index + 1)...].firstIndex(of: UInt8(ascii: "]")),
                    let set = set(pattern[(index + 1)..<end])
                else { return nil }
                tokens.append(set)
                index = end
            default:
                tokens.append(.byte(pattern[index]))
            }
            index += 1
        }
        return tokens
    }

    private static func set(_ members: ArraySlice<UInt8>) -> Token? {
        let negated = members.first == UInt8(ascii: "!") || members.first == UInt8(ascii: "^")
        let bytes = Array(negated ? members.dropFirst() : members)
        var ranges: [ClosedRange<UInt8>] = []
        var index = 0
        while index < bytes.count {
            if index + 2 < bytes.count, bytes[index + 1] == UInt8(ascii: "-") {
                guard bytes[index] <= bytes[index + 2] else { return nil }
                ranges.append(bytes[index]...bytes[index + 2])
                index += 3
            } else {
                ranges.append(bytes[index]...bytes[index])
                index += 1
            }
        }
        return ranges.isEmpty ? nil : .set(ranges, negated: negated)
    }
}
