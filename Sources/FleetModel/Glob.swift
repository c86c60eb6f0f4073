/// A shell-style pattern over a whole name: `*` any run of bytes, `?` one byte, `[a-z]` and `[!a-z]` one of a set.
///
/// It is compiled once to a run of bytes, so that a match compares bytes and neither allocates nor counts
/// references, and so that the patterns of a whole policy can lie side by side (`RuleMatcher`).
package struct Glob: Hashable, Sendable, CustomStringConvertible {
    package let pattern: String
    /// An `Operation` and its operand.
    let program: [UInt8]

    /// The usual shapes are recognised: their operand is the text that the name has to equal, start or end with.
    private enum Operation: UInt8 {
        case any
        case literal
        case prefix
        case suffix
        /// The operand is a run of tokens, each a `Token` and its own operand.
        case tokens
    }

    private enum Token: UInt8 {
        /// One byte follows: the one expected.
        case byte
        case one
        case many
        /// Follows: 1 where the set is negated, the number of ranges, and each range's first and last byte.
        case set
    }

    package static let any = Glob("*", .any, [])

    /// A pattern that matches this text and nothing else, whatever characters it holds.
    package static func literal(_ text: String) -> Glob {
        Glob(text, .literal, Array(text.utf8))
    }

    private init(_ pattern: String, _ operation: Operation, _ operand: [UInt8]) {
        self.pattern = pattern
        self.program = [operation.rawValue] + operand
    }

    /// Nil when the pattern is empty, longer than 256 bytes, or a `[` is not closed, holds nothing or holds a range
    /// that runs backwards.
    package init?(_ pattern: String) {
        let utf8 = Array(pattern.utf8)
        guard !utf8.isEmpty, utf8.count <= 256, let tokens = Glob.tokens(utf8) else { return nil }
        let isPlain = { (bytes: ArraySlice<UInt8>) in !bytes.contains { "*?[".utf8.contains($0) } }
        if utf8 == [UInt8(ascii: "*")] {
            self = .any
        } else if isPlain(utf8[...]) {
            self = Glob(pattern, .literal, utf8)
        } else if utf8.last == UInt8(ascii: "*"), isPlain(utf8.dropLast()) {
            self = Glob(pattern, .prefix, utf8.dropLast())
        } else if utf8.first == UInt8(ascii: "*"), isPlain(utf8.dropFirst()) {
            self = Glob(pattern, .suffix, Array(utf8.dropFirst()))
        } else {
            self = Glob(pattern, .tokens, tokens)
        }
    }

    package var description: String { pattern }

    package func matches(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { text in
            program.withUnsafeBufferPointer { Glob.matches(program: $0, text) }
        }
    }

    /// Runs a program that a `Glob` was compiled to.
    static func matches(program: UnsafeBufferPointer<UInt8>, _ text: UnsafeBufferPointer<UInt8>) -> Bool {
        let length = program.count - 1
        switch Operation(rawValue: program[0]) {
        case .any: return true
        case .literal: return text.count == length && equal(program, text, offset: 0)
        case .prefix: return text.count >= length && equal(program, text, offset: 0)
        case .suffix: return text.count >= length && equal(program, text, offset: text.count - length)
        case .tokens: return runTokens(program, text)
        case nil: return false
        }
    }

    /// Whether the operand stands in `text` at `offset`; the caller has made sure that it fits.
    private static func equal(
        _ program: UnsafeBufferPointer<UInt8>, _ text: UnsafeBufferPointer<UInt8>, offset: Int
    ) -> Bool {
        for index in 1..<program.count where program[index] != text[offset + index - 1] { return false }
        return true
    }

    /// Linear in practice and never worse than quadratic: only the last `*` is ever gone back to.
    private static func runTokens(_ program: UnsafeBufferPointer<UInt8>, _ text: UnsafeBufferPointer<UInt8>) -> Bool {
        let many = Token.many.rawValue
        var token = 1
        var position = 0
        var retry: (token: Int, position: Int)?
        while position < text.count {
            if token < program.count, program[token] == many {
                token += 1
                retry = (token, position)
            } else if token < program.count, accepts(program, token, text[position]) {
                token += length(program, token)
                position += 1
            } else if let last = retry {
                token = last.token
                position = last.position + 1
                retry = (token, position)
            } else {
                return false
            }
        }
        while token < program.count, program[token] == many { token += 1 }
        return token == program.count
    }

    private static func accepts(_ program: UnsafeBufferPointer<UInt8>, _ token: Int, _ byte: UInt8) -> Bool {
        switch Token(rawValue: program[token]) {
        case .byte: return program[token + 1] == byte
        case .one: return true
        case .set:
            let ranges = stride(from: token + 3, to: token + length(program, token), by: 2)
            return ranges.contains { program[$0] <= byte && byte <= program[$0 + 1] } != (program[token + 1] == 1)
        case .many, nil: return false
        }
    }

    private static func length(_ program: UnsafeBufferPointer<UInt8>, _ token: Int) -> Int {
        switch Token(rawValue: program[token]) {
        case .byte: 2
        case .set: 3 + 2 * Int(program[token + 2])
        case .one, .many, nil: 1
        }
    }

    // MARK: - Compiling

    private static func tokens(_ pattern: [UInt8]) -> [UInt8]? {
        var tokens: [UInt8] = []
        var index = 0
        while index < pattern.count {
            switch pattern[index] {
            case UInt8(ascii: "*"):
                tokens.append(Token.many.rawValue)
            case UInt8(ascii: "?"):
                tokens.append(Token.one.rawValue)
            case UInt8(ascii: "["):
                guard let end = pattern[(index + 1)...].firstIndex(of: UInt8(ascii: "]")),
                    let set = set(pattern[(index + 1)..<end])
                else { return nil }
                tokens += set
                index = end
            default:
                tokens += [Token.byte.rawValue, pattern[index]]
            }
            index += 1
        }
        return tokens
    }

    private static func set(_ members: ArraySlice<UInt8>) -> [UInt8]? {
        let isNegated = members.first == UInt8(ascii: "!") || members.first == UInt8(ascii: "^")
        let bytes = Array(isNegated ? members.dropFirst() : members)
        var ranges: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if index + 2 < bytes.count, bytes[index + 1] == UInt8(ascii: "-") {
                guard bytes[index] <= bytes[index + 2] else { return nil }
                ranges += [bytes[index], bytes[index + 2]]
                index += 3
            } else {
                ranges += [bytes[index], bytes[index]]
                index += 1
            }
        }
        // A pattern has at most 256 bytes, so the number of ranges fits a byte.
        return ranges.isEmpty ? nil : [Token.set.rawValue, isNegated ? 1 : 0, UInt8(ranges.count / 2)] + ranges
    }
}
