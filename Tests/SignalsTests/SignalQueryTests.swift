import FleetModel
import Testing

@Suite struct SignalQueryTests {
    @Test(arguments: [
        (#"load{service="{service}"}"#, #"load{service="my.api-1"}"#),
        (#"load{service='{service}'}"#, #"load{service='my.api-1'}"#),
        ("load{service=`{service}`}", "load{service=`my.api-1`}"),
        // A pattern matches the name and nothing else.
        (#"load{service=~"{service}"}"#, #"load{service=~"my\\.api-1"}"#),
        (#"load{service !~ "x|{service}"}"#, #"load{service !~ "x|my\\.api-1"}"#),
        ("load{service=~`{service}.*`}", #"load{service=~`my\.api-1.*`}"#),
        // Twice, and behind a quote that is escaped.
        (#"a{x="\"{service}"} + b{y="{service}"}"#, #"a{x="\"my.api-1"} + b{y="my.api-1"}"#),
        (
            "# a comment \" with a quote\nload{service=\"{service}\"}",
            "# a comment \" with a quote\nload{service=\"my.api-1\"}"
        ),
        ("max(load)", "max(load)"),
    ])
    func `the name is put where it stands, quoted for that place`(text: String, filled: String) throws {
        #expect(try SignalQuery.read(text).get().filled(service: "my.api-1") == filled)
    }

    @Test func `no name breaks out of its string`() throws {
        for hostile in [#"a"} or vector(1) #"#, #"a\"#, "a'", #"a"b"#] {
            let filled = try SignalQuery.read(#"load{service="{service}"}"#).get().filled(service: hostile)
            // Every quote of the name is escaped, so the string ends where it was meant to.
            let inside = filled.dropFirst(#"load{service=""#.count).dropLast(#""}"#.count)
            var isEscaped = false
            var ends = 0
            for character in inside {
                if character == "\"", !isEscaped { ends += 1 }
                isEscaped = character == "\\" && !isEscaped
            }
            #expect(ends == 0 && !isEscaped, "\(filled)")
        }
    }

    @Test(arguments: [
        ("", SignalQuery.Problem.empty), ("  \n", .empty), ("load{{service}}", .unquotedService),
        ("sum by {service} (load)", .unquotedService), (#"load{a="{service}}"#, .openString),
        ("load\u{0}", .controlCharacter), (String(repeating: "x", count: 4097), .tooLong),
    ])
    func `what could mean something else is refused`(text: String, problem: SignalQuery.Problem) {
        #expect(SignalQuery.read(text) == .failure(problem))
    }

    @Test func `every built-in query is a good one and serves the whole fleet`() throws {
        for definition in SignalCatalog.builtIn {
            let query = try SignalQuery.read(try #require(definition.query)).get()
            #expect(!query.namesService, "\(definition.name)")
        }
        #expect(SignalCatalog().names == ["consumer_lag", "cpu", "queue_depth"])
    }
}
