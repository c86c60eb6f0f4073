import FleetConfig
import Testing

/// One registry per mistake, and exactly what a person is told about it.
struct RegistryMistake: CustomTestStringConvertible, Sendable {
    let note: String
    let text: String
    /// `line:column: message` of every error.
    let expected: [String]

    init(_ note: String, _ text: String, _ expected: String...) {
        self.note = note
        self.text = text
        self.expected = expected
    }

    /// One entry of which only the fields after the name are wrong.
    init(field note: String, _ field: String, _ expected: String...) {
        self.note = note
        text = "services:\n  - name: a\n    \(field)\n"
        self.expected = expected
    }

    var testDescription: String { note }
}

@Suite("A mistake in a registry is refused with its place")
struct RegistryMistakeTests {
    static let shape: [RegistryMistake] = [
        .init("empty file", "", "1:1: the file is empty"),
        .init("only a comment", "# nothing\n", "1:1: the file is empty"),
        .init("a list instead of a mapping", "- a\n", "1:1: `the registry` must be a mapping, not a list"),
        .init("no services", "version: 1\n", "1:1: `services` is missing; write `services: []` for a fleet of none"),
        .init("services are null", "services:\n", "1:10: `services` must be a list, not null"),
        .init(
            "another format", "version: 2\nservices: []\n",
            "1:10: `version` must be 1, not `2`; this muster knows no other format"),
        .init(
            "unknown top field", "servces: []\nservices: []\n",
            "1:1: unknown field `servces` in the registry; the nearest known one is `services`"),
        .init(
            "two documents", "services: []\n---\nservices: []\n",
            "2:1: a second document begins here; only one is read"),
        .init(
            "an alias", "services:\n  - &x {name: a}\n  - *x\n",
            "2:5: anchors (`&name`) are not read; write each value out",
            "3:5: aliases (`*name`) are not read; write the value out"),
        .init(
            "a merge key", "services:\n  - name: a\n    <<: {domain: x}\n",
            "3:5: unknown field `<<` in a service; the nearest known one is `name`"),
        .init(
            "a tag", "services:\n  - name: !!str a\n",
            "2:11: tags (`!name`) are not read; quote the value to make it a string"),
        .init(
            "a bracket that is not closed", "services: [\n",
            "2:1: did not find expected node content, while parsing a flow node (begun at line 2)"),
        .init(
            "a tab for indentation", "services:\n\t- name: a\n",
            "2:1: found character that cannot start any token, while scanning for the next token (begun at line 2)"),
        .init("a field name that is a list", "services: []\n[a]: 1\n", "2:1: a field name must be plain text"),
        .init("a field twice", "services: []\nservices: []\n", "2:1: field `services` stands twice in the registry"),
        .init(
            "a default that does not exist", "defaults: {port: 1}\nservices: []\n",
            "1:12: unknown field `port` in `defaults`; the nearest known one is `container_port`"),
        .init(
            "an image registry that ends in a slash", "defaults: {image_registry: docker.io/}\nservices: []\n",
            "1:28: `image_registry` must be what stands before `/name` in an image, not `docker.io/`"),
        .init(
            "allow_shrink is no boolean", "allow_shrink: yes\nservices: []\n",
            "1:15: `allow_shrink` must be `true` or `false`, not the string `yes`"),
    ]

    static let names: [RegistryMistake] = [
        .init("an entry that is a text", "services: [a]\n", "1:12: `a service` must be a mapping, not the string `a`"),
        .init("no name", "services:\n  - domain: x\n", "2:5: `name` is missing"),
        .init("a name that is null", "services:\n  - name:\n", "2:10: `name` must be a string, not null"),
        .init(
            "a name that is a number", "services:\n  - name: 12\n",
            "2:11: `name` must be a string, not the number `12`; quote it: \"12\""),
        .init(
            "a name with capitals", "services:\n  - name: Web\n",
            "2:11: `name` must be 1 to 63 of `a-z`, `0-9`, `.`, `_`, `-` and begin with a letter or digit, not `Web`"),
        .init(
            "a name that docker would read as a flag", "services:\n  - name: \"-rf\"\n",
            "2:11: `name` must be 1 to 63 of `a-z`, `0-9`, `.`, `_`, `-` and begin with a letter or digit, not `-rf`"),
        .init(
            "a name with an escape in it", "services:\n  - name: \"a\\e[31m\"\n",
            "2:11: `name` must be 1 to 63 of `a-z`, `0-9`, `.`, `_`, `-` and begin with a letter or digit, "
                + "not `a\\u{1b}[31m`"),
        .init(
            "a name twice", "services:\n  - name: a\n  - {domain: x, name: a}\n",
            "3:23: service `a` stands here again; it is first at line 2"),
    ]

    static let fields: [RegistryMistake] = [
        .init(
            field: "unknown field", "hostport: 80",
            "3:5: unknown field `hostport` in a service; the nearest known one is `host_port`"),
        .init(field: "port 0", "host_port: 0", "3:16: `host_port` must be 1 to 65535, not `0`"),
        .init(
            field: "port too large", "container_port: 65536", "3:21: `container_port` must be 1 to 65535, not `65536`"),
        .init(
            field: "a port beyond 64 bits", "host_port: 99999999999999999999",
            "3:16: `host_port` must be 1 to 65535, not `99999999999999999999`"),
        .init(
            field: "a quoted port", "host_port: \"80\"", "3:16: `host_port` must be an integer, not the string \"80\""),
        .init(
            field: "a port with a fraction", "host_port: 80.5",
            "3:16: `host_port` must be an integer, not the number `80.5`"),
        .init(field: "negative replicas", "replicas: -1", "3:15: `replicas` must be 0 to 10000, not `-1`"),
        .init(field: "too many replicas", "replicas: 10001", "3:15: `replicas` must be 0 to 10000, not `10001`"),
        .init(
            field: "unknown runtime", "runtime: docker",
            "3:14: `runtime` must be one of `container`, `swarm`, `none`, not `docker`"),
        .init(
            field: "unknown desired", "desired: up", "3:14: `desired` must be one of `running`, `stopped`, not `up`"),
        .init(
            field: "an unquoted version", "version: 1.4",
            "3:14: `version` must be a string, not the number `1.4`; quote it: \"1.4\""),
        .init(field: "a version that is no tag", "version: a/b", "3:14: `version` must be an image tag, not `a/b`"),
        .init(
            field: "an image in capitals", "image: Example/Web",
            "3:12: `image` must be an image such as `docker.io/example/name:tag`, not `Example/Web`"),
        .init(field: "profiles as a text", "profiles: x", "3:15: `profiles` must be a list, not the string `x`"),
        .init(field: "a profile twice", "profiles: [x, x]", "3:19: `x` stands twice in `profiles`"),
        .init(
            field: "a domain with a colon", "domain: \"a:b\"",
            "3:13: `domain` takes letters, digits, `.`, `_` and `-`, beginning with a letter or digit, not `a:b`"),
        .init(field: "an empty package", "package: \"\"", "3:14: `package` is empty"),
        .init(
            field: "a package on two lines", "package: \"a\\nb\"",
            "3:14: `package` must be one line of at most 255 bytes"),
        .init(
            field: "a dependency that is not there", "depends_on: [b]",
            "3:18: `depends_on` names `b`, which is no service of this fleet; the nearest one is `a`"),
        .init(
            field: "a dependency on itself", "depends_on: [a]", "3:18: `depends_on` goes round in a circle: `a` -> `a`"),
    ]

    static let probes: [RegistryMistake] = [
        .init(field: "a probe without a port", "probe: {tcp: true}", "3:12: `probe` needs a `host_port` to ask at"),
        .init(
            field: "a probe of nothing", "probe: {interval_s: 5}",
            "3:12: `probe` needs one of `http: /path` and `tcp: true`"),
        .init(
            field: "a probe of both", "probe: {tcp: true, http: /x}",
            "3:12: `probe` needs one of `http: /path` and `tcp: true`"),
        .init(
            field: "tcp: false", "probe: {tcp: false}",
            "3:18: `tcp` can only be `true`; leave it out for an http probe"),
        .init(
            field: "a path without its slash", "probe: {http: health}",
            "3:19: `http` must be a path such as `/health`, without spaces, not `health`"),
        .init(
            field: "a timeout of 0", "probe: {tcp: true, timeout_s: 0}",
            "3:12: `probe` needs a `host_port` to ask at", "3:35: `timeout_s` must be 1 to 300, not `0`"),
        .init(
            field: "a timeout above the interval", "host_port: 1\n    probe: {tcp: true, interval_s: 3, timeout_s: 4}",
            "4:12: `timeout_s` (4) must not exceed `interval_s` (3)"),
        .init(
            field: "an unknown probe field", "probe: {tpc: true}",
            "3:12: `probe` needs one of `http: /path` and `tcp: true`",
            "3:13: unknown field `tpc` in `probe`; the nearest known one is `tcp`"),
    ]

    @Test("the file as a whole", arguments: shape)
    func wholeFile(_ mistake: RegistryMistake) { expect(mistake) }

    @Test("names", arguments: names)
    func entryNames(_ mistake: RegistryMistake) { expect(mistake) }

    @Test("fields", arguments: fields)
    func entryFields(_ mistake: RegistryMistake) { expect(mistake) }

    @Test("probes", arguments: probes)
    func entryProbes(_ mistake: RegistryMistake) { expect(mistake) }

    private func expect(_ mistake: RegistryMistake) {
        #expect(Registry.errors(mistake.text) == mistake.expected.map { "r.yml:" + $0 })
    }

    @Test("all errors of both files are reported at once, in the order of their places")
    func allAtOnce() {
        let registry = "services:\n  - name: a\n    host_port: x\n    nme: 1\n  - {name: b, depends_on: [zz]}\n"
        let overlay = "services:\n  - {name: a, replicas: many}\n"
        #expect(
            Registry.errors(registry, overlay: overlay) == [
                "r.yml:3:16: `host_port` must be an integer, not the string `x`",
                "r.yml:4:5: unknown field `nme` in a service; the nearest known one is `name`",
                "r.yml:5:28: `depends_on` names `zz`, which is no service of this fleet; the nearest one is `a`",
                "o.yml:2:25: `replicas` must be an integer, not the string `many`",
            ])
    }

    @Test("a cycle is named once, whole, where it closes")
    func cycle() {
        let text = """
            services:
              - {name: a, depends_on: [b]}
              - {name: b, depends_on: [c]}
              - {name: c, depends_on: [d, b]}
              - {name: d}
            """
        #expect(
            Registry.errors(text) == [
                "r.yml:4:31: `depends_on` goes round in a circle: `b` -> `c` -> `b`"
            ])
    }

    @Test("64 levels are read, the 65th is refused")
    func depth() {
        // The root, `services`, the entry and the unknown value's lists: the value is skipped, its depth is not.
        func nested(_ lists: Int) -> String {
            "services: [{name: a, x: " + String(repeating: "[", count: lists) + String(repeating: "]", count: lists)
                + "}]"
        }
        let unknown = "r.yml:1:22: unknown field `x` in a service; the nearest known one is `name`"
        #expect(Registry.errors(nested(61)) == [unknown])
        #expect(Registry.errors(nested(62)) == [unknown, "r.yml:1:86: the nesting is deeper than 64 levels"])
    }

    @Test("more than a thousand errors are counted, not listed")
    func manyErrors() throws {
        let text = "services:\n" + (0..<1500).map { "  - {name: s\($0), x: 1}\n" }.joined()
        let errors = #expect(throws: ConfigErrors.self) { try Registry.load(text) }
        #expect(errors?.errors.count == 1000)
        #expect(errors?.omitted == 500)
        #expect(errors?.description.hasSuffix("\nand 500 more") == true)
    }

    @Test(
        "what is not UTF-8 is refused at its first byte",
        arguments: [
            ([0xFF, 0xFE, 0x61, 0x00], "1:1", "UTF-16 with a mark"),
            ([0x61, 0x3A, 0x20, 0xC3], "1:4", "cut in a character"),
            ([0x61, 0x0A, 0xC0, 0xAF], "2:1", "an overlong slash"),
            ([0xC3, 0xA9, 0xED, 0xA0, 0x80], "1:2", "a surrogate"),
            ([0xF4, 0x90, 0x80, 0x80], "1:1", "beyond Unicode"),
        ] as [([UInt8], String, String)])
    func notUTF8(bytes: [UInt8], place: String, note: String) {
        let errors = #expect(throws: ConfigErrors.self) {
            try LoadedDesiredState.read(registry: YAMLFile(name: "r.yml", bytes: bytes))
        }
        #expect(errors?.description == "r.yml:\(place): this is not valid utf-8", "\(note)")
    }

    @Test("a file above 64 MiB is refused unread")
    func tooLarge() {
        let bytes = [UInt8](repeating: UInt8(ascii: "#"), count: YAMLFile.maximumSize + 1)
        let errors = #expect(throws: ConfigErrors.self) {
            try LoadedDesiredState.read(registry: YAMLFile(name: "r.yml", bytes: bytes))
        }
        #expect(errors?.description == "r.yml:1:1: the file is larger than 64 MiB")
    }
}
