/// Why a text is not the JSON that Muster accepts. `offset` counts bytes from 0.
package struct JSONError: Error, Equatable, Sendable, CustomStringConvertible {
    package enum Problem: String, Sendable {
        case unexpectedEnd = "the text ends too early"
        case unexpectedByte = "a value, a comma or a closing bracket was expected"
        case invalidUTF8 = "the text is not valid UTF-8"
        case invalidEscape = "an escape in a string is not valid"
        case controlCharacter = "a control character stands unescaped in a string"
        case invalidNumber = "a number is not valid JSON"
        case numberOutOfRange = "a number is outside what can be kept exactly"
        case duplicateName = "a name occurs twice in one object"
        case tooDeep = "the nesting is too deep"
        case trailingBytes = "something follows the value"
    }

    package var problem: Problem
    package var offset: Int

    package var description: String { "\(problem.rawValue) (at byte \(offset))" }
}

extension JSONValue {
    /// Parses strictly: one value, valid UTF-8, no duplicate names, integers within 2^53, finite numbers,
    /// objects and arrays nested at most `maximumDepth` deep (reliability.md, bad input).
    package static func parse(_ bytes: some Collection<UInt8>, maximumDepth: Int = 32) throws(JSONError) -> JSONValue {
        let copied = Array(bytes)
        guard String(validating: copied, as: UTF8.self) != nil else {
            throw JSONError(problem: .invalidUTF8, offset: 0)
        }
        var parser = JSONParser(bytes: copied, maximumDepth: maximumDepth)
        return try parser.document()
    }

    package static func parse(_ text: String, maximumDepth: Int = 32) throws(JSONError) -> JSONValue {
        try parse(text.utf8, maximumDepth: maximumDepth)
    }
}

private struct JSONParser {
    let bytes: [UInt8]
    let maximumDepth: Int
    var position = 0

    init(bytes: [UInt8], maximumDepth: Int) {
        self.bytes = bytes
        self.maximumDepth = maximumDepth
    }

    mutating func document() throws(JSONError) -> JSONValue {
        skipWhitespace()
        let value = try self.value(depth: 1)
        skipWhitespace()
        guard position == bytes.count else { throw error(.trailingBytes) }
        return value
    }

    private mutating func value(depth: Int) throws(JSONError) -> JSONValue {
        let byte = try peek()
        let isCollection = byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[")
        guard !isCollection || depth <= maximumDepth else { throw error(.tooDeep) }
        switch byte {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        case UInt8(ascii: "-"), 0x30...0x39: return try number()
        default: throw error(.unexpectedByte)
        }
    }

    private mutating func object(depth: Int) throws(JSONError) -> JSONValue {
        position += 1
        var members: [(name: String, value: JSONValue)] = []
        var names: Set<String> = []
        skipWhitespace()
        if try peek() == UInt8(ascii: "}") {
            position += 1
            return .object(JSONObject())
        }
        while true {
            skipWhitespace()
            guard try peek() == UInt8(ascii: "\"") else { throw error(.unexpectedByte) }
            let nameOffset = position
            let name = try string()
            guard names.insert(name).inserted else { throw JSONError(problem: .duplicateName, offset: nameOffset) }
            skipWhitespace()
            guard try peek() == UInt8(ascii: ":") else { throw error(.unexpectedByte) }
            position += 1
            skipWhitespace()
            members.append((name, try value(depth: depth + 1)))
            if try closes(with: UInt8(ascii: "}")) { return .object(JSONObject(unique: members)) }
        }
    }

    private mutating func array(depth: Int) throws(JSONError) -> JSONValue {
        position += 1
        var values: [JSONValue] = []
        skipWhitespace()
        if try peek() == UInt8(ascii: "]") {
            position += 1
            return .array([])
        }
        while true {
            skipWhitespace()
            values.append(try value(depth: depth + 1))
            if try closes(with: UInt8(ascii: "]")) { return .array(values) }
        }
    }

    /// True when the collection ended, false when a comma was passed.
    private mutating func closes(with bracket: UInt8) throws(JSONError) -> Bool {
        skipWhitespace()
        let byte = try peek()
        guard byte == bracket || byte == UInt8(ascii: ",") else { throw error(.unexpectedByte) }
        position += 1
        return byte == bracket
    }

    private mutating func string() throws(JSONError) -> String {
        position += 1
        let start = position
        while position < bytes.count {
            let byte = bytes[position]
            if byte == UInt8(ascii: "\"") {
                defer { position += 1 }
                return String(decoding: bytes[start..<position], as: UTF8.self)
            }
            if byte == UInt8(ascii: "\\") { return try escapedString(from: start) }
            guard byte >= 0x20 else { throw error(.controlCharacter) }
            position += 1
        }
        throw error(.unexpectedEnd)
    }

    private mutating func escapedString(from start: Int) throws(JSONError) -> String {
        var text = Array(bytes[start..<position])
        while true {
            let byte = try peek()
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"): try escape(into: &text)
            case 0..<0x20: throw error(.controlCharacter)
            default: text.append(byte)
            }
        }
    }

    private mutating func escape(into text: inout [UInt8]) throws(JSONError) {
        let byte = try peek()
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            var scalar = try hexadecimal()
            if (0xD800..<0xDC00).contains(scalar) {
                guard try peek() == UInt8(ascii: "\\") else { throw error(.invalidEscape) }
                position += 1
                guard try peek() == UInt8(ascii: "u") else { throw error(.invalidEscape) }
                position += 1
                let low = try hexadecimal()
                guard (0xDC00..<0xE000).contains(low) else { throw error(.invalidEscape) }
                scalar = 0x10000 + (scalar - 0xD800) << 10 + (low - 0xDC00)
            }
            guard let unicode = Unicode.Scalar(scalar) else { throw error(.invalidEscape) }
            text.append(contentsOf: String(unicode).utf8)
        default: throw error(.invalidEscape)
        }
    }

    private mutating func hexadecimal() throws(JSONError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            let byte = try peek()
            switch byte {
            case 0x30...0x39: value = value << 4 | UInt32(byte - 0x30)
            case 0x41...0x46: value = value << 4 | UInt32(byte - 0x37)
            case 0x61...0x66: value = value << 4 | UInt32(byte - 0x57)
            default: throw error(.invalidEscape)
            }
            position += 1
        }
        return value
    }

    private mutating func number() throws(JSONError) -> JSONValue {
        let start = position
        if bytes[position] == UInt8(ascii: "-") { position += 1 }
        let firstDigit = position
        try digits()
        if bytes[firstDigit] == 0x30, position > firstDigit + 1 { throw error(.invalidNumber) }
        var isInteger = true
        if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
            isInteger = false
            position += 1
            try digits()
        }
        if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
            isInteger = false
            position += 1
            if position < bytes.count, bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-") {
                position += 1
            }
            try digits()
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if isInteger {
            guard let value = Int(text), value.magnitude <= 1 << 53 else { throw error(.numberOutOfRange) }
            return .integer(value)
        }
        guard let value = Double(text), value.isFinite else { throw error(.numberOutOfRange) }
        return .number(value)
    }

    private mutating func digits() throws(JSONError) {
        let start = position
        while position < bytes.count, (0x30...0x39).contains(bytes[position]) { position += 1 }
        guard position > start else { throw error(.invalidNumber) }
    }

    private mutating func literal(_ text: StaticString, _ value: JSONValue) throws(JSONError) -> JSONValue {
        for index in 0..<text.utf8CodeUnitCount {
            guard try peek() == text.utf8Start[index] else { throw error(.unexpectedByte) }
            position += 1
        }
        return value
    }

    private func peek() throws(JSONError) -> UInt8 {
        guard position < bytes.count else { throw error(.unexpectedEnd) }
        return bytes[position]
    }

    private mutating func skipWhitespace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            default: return
            }
        }
    }

    private func error(_ problem: JSONError.Problem) -> JSONError {
        JSONError(problem: problem, offset: position)
    }
}
