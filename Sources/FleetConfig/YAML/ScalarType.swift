/// What a plain scalar is by the core schema of YAML 1.2 (section 10.3.2). Quoted scalars are always strings.
enum ScalarType: Equatable {
    case null
    case bool(Bool)
    case integer(Int)
    /// An integer in form, too large for 64 bits.
    case hugeInteger
    case number(Double)
    case string

    init(plain text: UnsafeBufferPointer<UInt8>) {
        guard let first = text.first else {
            self = .null
            return
        }
        switch first {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
            self = ScalarType.numeric(text)
        case UInt8(ascii: "~"), UInt8(ascii: "n"), UInt8(ascii: "N"), UInt8(ascii: "t"), UInt8(ascii: "T"),
            UInt8(ascii: "f"), UInt8(ascii: "F"):
            self = ScalarType.word(String(decoding: text, as: UTF8.self))
        default:
            self = .string
        }
    }

    private static func word(_ text: String) -> ScalarType {
        switch text {
        case "~", "null", "Null", "NULL": .null
        case "true", "True", "TRUE": .bool(true)
        case "false", "False", "FALSE": .bool(false)
        default: .string
        }
    }

    private static func numeric(_ text: UnsafeBufferPointer<UInt8>) -> ScalarType {
        let string = String(decoding: text, as: UTF8.self)
        if text.count > 2, text[0] == UInt8(ascii: "0"), text[1] == UInt8(ascii: "o") || text[1] == UInt8(ascii: "x") {
            let radix = text[1] == UInt8(ascii: "x") ? 16 : 8
            let digits = string.dropFirst(2)
            guard digits.utf8.allSatisfy({ isDigit($0, radix: radix) }) else { return .string }
            return Int(digits, radix: radix).map(ScalarType.integer) ?? .hugeInteger
        }
        switch string.lowercased() {
        case ".inf", "+.inf": return isOneCase(string) ? .number(.infinity) : .string
        case "-.inf": return isOneCase(string) ? .number(-.infinity) : .string
        case ".nan": return .number(.nan)
        default: break
        }
        var scanner = DecimalScanner(text)
        return switch scanner.form() {
        case .integer: Int(string).map(ScalarType.integer) ?? .hugeInteger
        case .number: Double(string).map(ScalarType.number) ?? .string
        case .neither: .string
        }
    }

    private static func isOneCase(_ text: String) -> Bool {
        ["inf", "Inf", "INF"].contains { text.hasSuffix($0) }
    }

    private static func isDigit(_ byte: UInt8, radix: Int) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "7"): true
        case UInt8(ascii: "8")...UInt8(ascii: "9"): radix == 16
        default: radix == 16 && (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte | 0x20)
        }
    }
}

/// `[-+]?[0-9]+` or `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
private struct DecimalScanner {
    enum Form {
        case integer
        case number
        case neither
    }

    private let text: UnsafeBufferPointer<UInt8>
    private var position = 0

    init(_ text: UnsafeBufferPointer<UInt8>) {
        self.text = text
    }

    mutating func form() -> Form {
        _ = take("+") || take("-")
        let whole = digits()
        guard position < text.count else { return whole > 0 ? .integer : .neither }
        if take(".") {
            guard digits() + whole > 0 else { return .neither }
        } else if whole == 0 {
            return .neither
        }
        if take("e") || take("E") {
            _ = take("+") || take("-")
            guard digits() > 0 else { return .neither }
        }
        return position == text.count ? .number : .neither
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard position < text.count, text[position] == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func digits() -> Int {
        let start = position
        while position < text.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(text[position]) { position += 1 }
        return position - start
    }
}
