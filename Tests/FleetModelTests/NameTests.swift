import FleetModel
import Testing

@Suite struct ImageReferenceTests {
    private static let hex = String(repeating: "a", count: 64)

    @Test(
        "an image's name falls into repository, tag and digest",
        arguments: [
            ("nginx", "nginx", nil, nil), ("nginx:1.27", "nginx", "1.27", nil),
            ("example/api:1", "example/api", "1", nil),
            ("docker.io/example/api", "docker.io/example/api", nil, nil), ("host:5000/api", "host:5000/api", nil, nil),
            ("host:5000/api:v2", "host:5000/api", "v2", nil), ("localhost/api", "localhost/api", nil, nil),
            ("Registry.Example/api", "Registry.Example/api", nil, nil),
            ("a/b/c_d__e.f--g:T_1", "a/b/c_d__e.f--g", "T_1", nil),
            ("api@sha256:\(hex)", "api", nil, "sha256:\(hex)"), ("api:1@sha256:\(hex)", "api", "1", "sha256:\(hex)"),
        ])
    func parsed(_ text: String, _ repository: String, _ tag: String?, _ digest: String?) {
        #expect(ImageReference(text) == ImageReference(repository: repository, tag: tag, digest: digest))
        #expect(ImageReference(text)?.description == text)
    }

    @Test(
        "what docker would not take as an image's name is refused",
        arguments: [
            "", ":1", "api:", "api@", "api@sha256:short", "api@md5:\(hex)", "API", "a b", "-api", "api-", "a//b", "/a",
            "a/",
            "a..b", "a___b", "a._b", "api:-1", "api:.1", "api:a/b:c:d", "host:port/api", "host:5000:1/api", "-h.x/api",
            "é",
            "sha256:\(hex)", hex, "--privileged", "api:" + String(repeating: "a", count: 129), "api\n", "a;b", "$(id)",
        ])
    func refused(_ text: String) {
        #expect(ImageReference(text) == nil)
    }

    @Test("another tag replaces tag and digest")
    func retag() {
        #expect(ImageReference("api:1@sha256:\(Self.hex)")?.with(tag: "2").description == "api:2")
    }
}

@Suite struct NamesTests {
    @Test(
        "registry names and docker targets",
        arguments: [
            ("a", true, true), ("vector-mcp", true, true), ("0_a.b-c", true, true), ("A", false, true),
            ("aB", false, true),
            ("", false, false), ("-a", false, false), (".a", false, false), ("_a", false, false), ("a b", false, false),
            ("a/b", false, false), ("a\n", false, false), ("é", false, false), ("a\u{301}", false, false),
            ("$x", false, false),
            (String(repeating: "a", count: 63), true, true), (String(repeating: "a", count: 64), false, true),
            (String(repeating: "a", count: 128), false, true), (String(repeating: "a", count: 129), false, false),
        ])
    func names(_ name: String, _ isServiceName: Bool, _ isTarget: Bool) {
        #expect(Names.isServiceName(name) == isServiceName)
        #expect(Names.isTarget(name) == isTarget)
    }

    @Test(
        "what could disturb a terminal or a reader is shown escaped",
        arguments: [
            ("plain ünïcode 😀", "plain ünïcode 😀"), ("\u{1b}[31mred", "\\u{1b}[31mred"),
            ("a\r\nb\tc", "a\\u{d}\\u{a}b\\u{9}c"),
            ("\u{202e}evil", "\\u{202e}evil"), ("\u{2066}x\u{2069}", "\\u{2066}x\\u{2069}"),
            ("\u{9b}31m", "\\u{9b}31m"),
            ("a\u{200b}b", "a\\u{200b}b"), ("\u{feff}", "\\u{feff}"), ("\u{0}\u{7f}", "\\u{0}\\u{7f}"),
            ("tag\u{e0041}", "tag\\u{e0041}"), ("\u{fffb}", "\\u{fffb}"), ("\u{ad}", "\\u{ad}"),
        ])
    func escaped(_ text: String, _ shown: String) {
        #expect(text.escapedForDisplay() == shown)
    }

    @Test("long text is cut, and says so")
    func cut() {
        #expect("abcdef".escapedForDisplay(maximumLength: 3) == "abc…")
        #expect("abc".escapedForDisplay(maximumLength: 3) == "abc")
    }
}

@Suite struct IdentifierTests {
    @Test("ids have their prefix and 26 characters, differ, and sort by the time of making")
    func order() {
        var generator = SeededGenerator(seed: 1)
        let times: [Int64] = [0, 1, 31, 32, 1023, 1024, 1_795_224_600_000, 1_795_224_600_001, (1 << 48) - 1]
        let ids = times.map { Identifier.make("action", at: WallTime(milliseconds: $0), using: &generator) }
        #expect(ids == ids.sorted())
        #expect(ids.allSatisfy { $0.hasPrefix("action:") && $0.utf8.count == 33 })
        let same = (0..<1000).map { _ in Identifier.make("a", at: WallTime(milliseconds: 5), using: &generator) }
        #expect(Set(same).count == 1000)
        #expect(Identifier.make("a", at: WallTime(milliseconds: -5), using: &generator).hasPrefix("a:0000000000"))
    }
}
