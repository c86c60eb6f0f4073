import FleetModel
import Testing

@Suite struct GlobTests {
    @Test(
        "a pattern matches the whole name or not at all",
        arguments: [
            ("*", "", true), ("*", "anything", true), ("api", "api", true), ("api", "apis", false),
            ("api", "ap", false),
            ("staging-*", "staging-", true), ("staging-*", "staging-1", true), ("staging-*", "astaging-1", false),
            ("*-mcp", "-mcp", true), ("*-mcp", "x-mcp", true), ("*-mcp", "x-mcp2", false), ("*-mcp", "mcp", false),
            ("a*c", "ac", true), ("a*c", "abcbc", true), ("a*c", "ab", false), ("a**c", "abc", true), ("**", "", true),
            ("*a*", "bab", true), ("*a*", "bbb", false), ("*a*b*c", "aabbcc", true), ("*a*b*c", "aabbccd", false),
            ("?", "a", true), ("?", "", false), ("?", "ab", false), ("a?c", "abc", true),
            ("db-[0-9]", "db-7", true), ("db-[0-9]", "db-x", false), ("[!a-c]x", "dx", true), ("[!a-c]x", "bx", false),
            ("[^a-c]x", "bx", false), ("[abc-]", "-", true), ("[a-]", "-", true), ("[-a]", "-", true),
            ("[a-cx-z]", "y", true),
            ("[*]", "*", true), ("[*]", "a", false), ("[?]a*", "?ab", true), ("A", "a", false), ("é", "é", true),
            ("e\u{301}", "é", false), ("[!a]", "", false), ("a.b", "axb", false),
        ])
    func matches(_ pattern: String, _ name: String, _ expected: Bool) {
        #expect(Glob(pattern)?.matches(name) == expected)
    }

    @Test(
        "a pattern that means nothing is refused",
        arguments: [
            "", "[", "a[", "[]", "[!]", "[^]", "[z-a]", "[a", String(repeating: "a", count: 257),
        ])
    func refused(_ pattern: String) {
        #expect(Glob(pattern) == nil)
    }

    @Test("a literal matches its own text, whatever it holds", arguments: ["*", "a*", "[x]", "", "?"])
    func literal(_ text: String) {
        #expect(Glob.literal(text).matches(text))
        #expect(!Glob.literal(text).matches(text + "x"))
    }

    @Test("the longest pattern made of one set of many members is taken whole")
    func longestSet() {
        let pattern = "[" + String(repeating: "ab", count: 126) + "z]"
        #expect(Glob(pattern)?.matches("z") == true)
        #expect(Glob(pattern)?.matches("c") == false)
    }

    @Test("it agrees with a matcher that tries everything", arguments: 0..<40)
    func naive(_ seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<300 {
            let pieces = ["a", "b", "*", "?", "[ab]", "[!a]", "[a-b]", "c"]
            let pattern = (0..<Int.random(in: 1...6, using: &generator)).map { _ in
                pieces.randomElement(using: &generator)!
            }
            let name = (0..<Int.random(in: 0...7, using: &generator)).map { _ in "abc".randomElement(using: &generator)!
            }
            let expected = Self.matches(pattern[...], name[...])
            #expect(Glob(pattern.joined())?.matches(String(name)) == expected, "\(pattern.joined()) \(String(name))")
        }
    }

    private static func matches(_ pattern: ArraySlice<String>, _ name: ArraySlice<Character>) -> Bool {
        guard let piece = pattern.first else { return name.isEmpty }
        if piece == "*" {
            return (name.startIndex...name.endIndex).contains { matches(pattern.dropFirst(), name[$0...]) }
        }
        guard let byte = name.first else { return false }
        let accepted =
            switch piece {
            case "?": true
            case "[ab]", "[a-b]": byte == "a" || byte == "b"
            case "[!a]": byte != "a"
            default: String(byte) == piece
            }
        return accepted && matches(pattern.dropFirst(), name.dropFirst())
    }

    @Test("a pattern made to be slow is not", .timeLimit(.minutes(1)))
    func hostile() {
        let pattern = Glob(String(repeating: "*a", count: 100) + "b")!
        #expect(!pattern.matches(String(repeating: "a", count: 20_000)))
    }
}
