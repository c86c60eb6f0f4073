import FleetModel
import Testing

/// The JSON rows of reliability.md's table of bad input, and what is taken.
@Suite struct JSONTests {
    @Test(
        "what is not strict JSON is refused with its problem",
        arguments: [
            ("", JSONError.Problem.unexpectedEnd), ("  ", .unexpectedEnd), ("{", .unexpectedEnd),
            ("[1,", .unexpectedEnd),
            ("\"a", .unexpectedEnd), ("\"\\", .unexpectedEnd), ("tru", .unexpectedEnd), ("{\"a\"", .unexpectedEnd),
            ("NaN", .unexpectedByte), ("Infinity", .unexpectedByte), ("-Infinity", .invalidNumber),
            ("nul1", .unexpectedByte),
            ("{a:1}", .unexpectedByte), ("{\"a\" 1}", .unexpectedByte), ("[1 2]", .unexpectedByte),
            ("[1,]", .unexpectedByte),
            ("{\"a\":1,}", .unexpectedByte), ("[,1]", .unexpectedByte), ("'a'", .unexpectedByte),
            ("\u{FEFF}1", .unexpectedByte),
            ("// x\n1", .unexpectedByte), ("+1", .unexpectedByte), (".5", .unexpectedByte),
            ("01", .invalidNumber), ("-01", .invalidNumber), ("1.", .invalidNumber), ("1.e5", .invalidNumber),
            ("-", .invalidNumber),
            ("1e", .invalidNumber), ("1e+", .invalidNumber),
            ("1e999", .numberOutOfRange), ("-1e999", .numberOutOfRange), ("9007199254740993", .numberOutOfRange),
            ("-9007199254740993", .numberOutOfRange), ("99999999999999999999999999", .numberOutOfRange),
            ("{\"a\":1,\"a\":1}", .duplicateName), ("{\"a\":1,\"\\u0061\":2}", .duplicateName),
            ("{\"x\":{\"a\":1,\"b\":2,\"a\":3}}", .duplicateName),
            ("1 1", .trailingBytes), ("{} x", .trailingBytes), ("null,", .trailingBytes), ("0x10", .trailingBytes),
            ("\"\\x\"", .invalidEscape), ("\"\\u12g4\"", .invalidEscape), ("\"\\ud800\"", .invalidEscape),
            ("\"\\ud800x\"", .invalidEscape), ("\"\\ud800\\u0041\"", .invalidEscape), ("\"\\udc00\"", .invalidEscape),
            ("\"a\nb\"", .controlCharacter), ("\"\u{0}\"", .controlCharacter), ("\"\\n\u{1f}\"", .controlCharacter),
        ])
    func refused(_ text: String, _ problem: JSONError.Problem) {
        #expect(throws: JSONError.self) { try JSONValue.parse(text) }
        do throws(JSONError) { _ = try JSONValue.parse(text) } catch { #expect(error.problem == problem) }
    }

    @Test(
        "invalid UTF-8 is refused wherever it stands",
        arguments: [
            [0xFF], [0x22, 0xC3, 0x28, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x31, 0x80],
        ] as [[UInt8]])
    func invalidUTF8(_ bytes: [UInt8]) {
        do throws(JSONError) {
            _ = try JSONValue.parse(bytes)
            Issue.record("accepted")
        } catch {
            #expect(error.problem == .invalidUTF8)
        }
    }

    @Test(
        "strict JSON is taken",
        arguments: [
            ("null", nil), (" true\r\n\t", true), ("-0", 0), ("9007199254740992", 9_007_199_254_740_992),
            ("1.5e2", 150.0),
            ("\"\\u00e9\\ud83d\\ude00\\/\\\"\\\\\\b\\f\\n\\r\\t\"", "é😀/\"\\\u{8}\u{c}\n\r\t"), ("[]", []),
            ("{ }", [:]),
            ("[ 1 , \"a\" ]", [1, "a"]), ("{\"a\":{\"b\":[null]}}", ["a": ["b": [nil]]]),
        ] as [(String, JSONValue)])
    func taken(_ text: String, _ value: JSONValue) throws {
        #expect(try JSONValue.parse(text) == value)
    }

    @Test("32 levels are taken and 33 refused, whatever stands inside", arguments: ["", "1", "\"a\"", "null"])
    func depth(_ inside: String) throws {
        func nested(_ levels: Int) -> String {
            String(repeating: "[", count: levels) + inside + String(repeating: "]", count: levels)
        }
        _ = try JSONValue.parse(nested(32))
        do throws(JSONError) {
            _ = try JSONValue.parse(nested(33))
            Issue.record("accepted")
        } catch {
            #expect(error.problem == .tooDeep)
            #expect(error.offset == 32)
        }
    }

    @Test(
        "every value survives being written and read; the canonical text does not depend on order", arguments: 0..<100)
    func roundTrip(_ seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let value = Self.value(depth: 4, &generator)
        #expect(try JSONValue.parse(value.text) == value)
        #expect(try JSONValue.parse(value.canonical) == value)
        #expect(Self.shuffled(value, &generator).canonical == value.canonical)
    }

    private static func value(depth: Int, _ generator: inout SeededGenerator) -> JSONValue {
        switch Int.random(in: 0..<(depth > 0 ? 7 : 5), using: &generator) {
        case 0: return nil
        case 1: return .bool(.random(using: &generator))
        case 2: return .integer(.random(in: -(1 << 53)...(1 << 53), using: &generator))
        case 3: return .number(.random(in: -1e9...1e9, using: &generator))
        case 4: return .string(text(&generator))
        case 5: return .array((0..<3).map { _ in value(depth: depth - 1, &generator) })
        default:
            return .object(
                JSONObject((0..<4).map { ("\(text(&generator))\($0)", value(depth: depth - 1, &generator)) }))
        }
    }

    private static func text(_ generator: inout SeededGenerator) -> String {
        let scalars: [Unicode.Scalar] = [
            "a", "\"", "\\", "\n", "\u{1}", "\u{7f}", "é", "\u{301}", "😀", "\u{202e}", "/",
        ]
        var text = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: 0...6, using: &generator) { text.append(scalars.randomElement(using: &generator)!) }
        return String(text)
    }

    private static func shuffled(_ value: JSONValue, _ generator: inout SeededGenerator) -> JSONValue {
        switch value {
        case .array(let values): .array(values.map { shuffled($0, &generator) })
        case .object(let object):
            .object(
                JSONObject(object.members.shuffled(using: &generator).map { ($0.name, shuffled($0.value, &generator)) })
            )
        default: value
        }
    }

    @Test("what JSON cannot say is null, and control characters are escaped")
    func writing() {
        #expect(JSONValue.array([.number(.nan), .number(.infinity)]).text == "[null,null]")
        #expect(JSONValue.string("\u{1b}[31m\u{0}\u{7f}\t\"").text == #""\u001b[31m\u0000\u007f\t\"""#)
    }
}
