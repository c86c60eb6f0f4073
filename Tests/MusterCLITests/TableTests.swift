import FleetModel
import MusterCLI
import Testing

@Suite("tables and text fit a terminal")
struct TableTests {
    static let texts: [(text: String, width: Int, note: String)] = [
        ("", 0, "nothing"),
        ("web", 3, "ASCII"),
        ("größe", 5, "letters outside ASCII take one column"),
        ("e\u{301}", 1, "a combining mark takes none"),
        ("日本", 4, "East Asian wide characters take two"),
        ("한글", 4, "Hangul syllables take two"),
        ("🚀", 2, "emoji take two"),
        ("👩‍👩‍👧", 2, "a joined sequence is one picture"),
        ("🇩🇪", 2, "a flag is one picture"),
        ("…", 1, "the ellipsis takes one"),
    ]

    @Test("text is as wide as a terminal shows it", arguments: texts)
    func width(text: String, width: Int, note: String) {
        #expect(text.displayWidth == width, "\(note)")
    }

    @Test("cut text never exceeds its room, and text that fits is not touched", arguments: texts, [0, 1, 2, 3, 5])
    func fitting(sample: (text: String, width: Int, note: String), room: Int) {
        let long = sample.text + sample.text + "tail"
        #expect(long.fitted(to: room).displayWidth <= room)
        #expect(sample.text.fitted(to: 20) == sample.text)
        if room >= 1 { #expect(long.fitted(to: room).hasSuffix("…") || long.displayWidth <= room) }
    }

    @Test("wrapped text keeps every word and never exceeds its width")
    func wrapping() {
        let text = "docker does not know it and the registry names no `runtime` " + String(repeating: "x", count: 95)
        for width in [10, 20, 40, 80] {
            let lines = text.wrapped(to: width)
            #expect(lines.allSatisfy { $0.displayWidth <= width }, "\(lines)")
            #expect(lines.joined().filter { $0 != " " } == text.filter { $0 != " " })
        }
        #expect("".wrapped(to: 10) == [""])
    }

    @Test("a table of long and wide cells fits 80 columns and keeps what may not be cut")
    func narrowing() {
        var table = Table([
            .init("ID"), .init("TARGET", minimumWidth: 10), .init("REASON", minimumWidth: 12),
            .init("N", alignsRight: true),
        ])
        let name = String(repeating: "service-", count: 9)
        table.add([.init("abcdefgh"), .init(name), .init(String(repeating: "理由", count: 60)), .init("7")])
        table.add([.init("ijklmnop"), "web", "exited", .init("12345")])
        let lines = table.lines(on: Terminal(), width: 80)
        #expect(lines.count == 3)
        #expect(lines.allSatisfy { $0.displayWidth <= 80 }, "\(lines)")
        #expect(lines[1].hasPrefix("abcdefgh  service-"))
        #expect(lines[1].hasSuffix("    7") && lines[2].hasSuffix("12345"))
        #expect(lines[1].contains("…"))
        let wide = table.lines(on: Terminal(), width: nil)
        #expect(wide[1].contains(name) && !wide[1].contains("…"), "nothing is cut without a width")
    }

    @Test("what came from outside cannot command the terminal")
    func escapes() {
        var table = Table([.init("NAME")])
        table.add([.init("a\u{1B}[31mred\u{202E}x\n")])
        let text = table.lines(on: Terminal(width: 80, hasColour: true), width: 80).joined()
        #expect(!text.contains("\u{1B}[31m") && !text.contains("\u{202E}") && !text.contains("\n"))
        #expect(text.contains("\\u{1b}[31mred"))
    }

    @Test("colour is only where the terminal has it, and changes no width")
    func colour() {
        var table = Table([.init("STATE"), .init("NAME")])
        table.add([.init("failed", .bad), "web"])
        let plain = table.lines(on: Terminal(), width: 80)
        let coloured = table.lines(on: Terminal(width: 80, hasColour: true), width: 80)
        #expect(!plain.joined().contains("\u{1B}"))
        #expect(coloured[1].contains("\u{1B}[31mfailed\u{1B}[0m"))
        #expect(coloured[1].replacing(/\u{1B}\[\d+m/, with: "") == plain[1])
    }
}

@Suite("times on the command line")
struct TimeTextTests {
    static let now = WallTime(seconds: 1_800_000_000)

    @Test(
        "an age is the largest unit that fits",
        arguments: [
            (0, "now"), (1, "1s ago"), (59, "59s ago"), (60, "1m ago"), (3599, "59m ago"), (3600, "1h ago"),
            (86_399, "23h ago"), (86_400, "1d ago"), (40 * 86_400, "40d ago"), (400 * 86_400, "1y ago"),
            (-1, "in 1s"), (-7200, "in 2h"),
        ])
    func age(seconds: Int, text: String) {
        #expect(TimeText.age(Self.now.adding(seconds: -seconds), at: Self.now) == text)
    }

    @Test(
        "durations are read or refused",
        arguments: [
            ("90s", 90), ("30m", 1800), ("2h", 7200), ("1d", 86_400), ("1h30m", 5400), ("0s", nil), ("", nil),
            ("2", nil), ("h", nil), ("2w", nil), ("-2h", nil), ("2 h", nil), ("99999999999d", nil), ("4000d", nil),
        ] as [(String, Int?)])
    func duration(text: String, seconds: Int?) {
        #expect(TimeText.duration(text) == seconds)
    }
}

@Suite("short ids")
struct ShortIdentifierTests {
    static let first = "action_approval:01jd4z8q2mabcdefghjkmnpqrs"
    static let second = "action_approval:01jd4z8q2mabcdefghjkmnpqrt"
    static let third = "action_approval:01jd4z8q2mzzzzzzzzzzmnpqrs"

    @Test("are as long as it takes to tell the list's ids apart, and find their id again")
    func short() throws {
        let short = ShortIdentifier.short([Self.first, Self.second, Self.third])
        #expect(Set(short.values).count == 3)
        for (id, text) in short {
            #expect(ShortIdentifier.candidates(text, among: [Self.first, Self.second, Self.third]) == [id])
        }
        #expect(ShortIdentifier.short([Self.first])[Self.first] == "jkmnpqrs", "eight characters when they suffice")
    }

    @Test(
        "a person may leave out the prefix, or most of the id",
        arguments: [
            (first, .whole(first)), ("01jd4z8q2mabcdefghjkmnpqrs", .whole(first)),
            ("01JD4Z8Q2MABCDEFGHJKMNPQRS", .whole(first)), ("npqrs", .part("npqrs")), ("qrs", .invalid),
            ("", .invalid), ("../../x", .invalid), ("action:01jd4z8q2mabcdefghjkmnpqrs", .invalid),
            ("action_approval:", .invalid),
        ] as [(String, ShortIdentifier.Match)])
    func parse(text: String, match: ShortIdentifier.Match) {
        #expect(ShortIdentifier.parse(text, prefix: "action_approval") == match)
    }
}

@Suite("--param")
struct ActionParametersTests {
    @Test("whole numbers and booleans are read as such, all else stays text")
    func values() throws {
        let object = try ActionParameters.parse([
            "replicas=3", "create=true", "version=1.10", "tag=007", "image=example/a:1=b", #"text="7""#, "empty=",
        ])
        #expect(
            JSONValue.object(object) == [
                "replicas": 3, "create": true, "version": "1.10", "tag": "007", "image": "example/a:1=b",
                "text": "7", "empty": "",
            ])
    }

    @Test(
        "what is not `name=value` is refused",
        arguments: [
            (["replicas"], .noValue("replicas")), (["=3"], .noValue("=3")), (["a=1", "a=2"], .repeated("a")),
        ] as [([String], ActionParameters.Problem)])
    func refusals(texts: [String], problem: ActionParameters.Problem) {
        #expect(throws: problem) { try ActionParameters.parse(texts) }
    }

    @Test("broken JSON is refused with the parameter's name")
    func brokenJSON() {
        #expect { try ActionParameters.parse(["a={"]) } throws: { "\($0)".contains("`a`") }
    }
}
