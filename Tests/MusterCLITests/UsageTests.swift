import Foundation
import MusterCLI
import Testing

@Suite("the command line without a daemon", .timeLimit(.minutes(2)))
struct UsageTests {
    static let usageErrors: [(arguments: [String], says: String)] = [
        (["nonsense"], "nonsense"),
        (["status", "--nonsense"], "nonsense"),
        (["status", "extra"], "extra"),
        (["act", "restart_service"], "target"),
        (["act", "restart_service", "web"], "reason"),
        (["act", "restart_service", "web", "--reason", "  "], "empty"),
        (["act", "restart_service", "a/b", "--reason", "x"], "a/b"),
        (["act", "scale_service", "web", "--reason", "x", "--param", "replicas"], "name=value"),
        (["pause", "fleet"], "reason"),
        (["pause", "web", "--reason", "x"], "service:NAME"),
        (["pause", "fleet", "--reason", "x", "--until", "soon"], "soon"),
        (["pause", "fleet", "--reason", "x", "--until", "2020-01-01T00:00:00Z"], "past"),
        (["resume", "domain:", "--reason", "x"], "domain:"),
        (["approvals", "approve"], "--all"),
        (["approvals", "approve", "abc"], "abc"),
        (["approvals", "approve", "--all", "abcdefgh"], "--all"),
        (["approvals", "deny", "abcdefgh", "--kind", "restart_*"], "--all"),
        (["approvals", "list", "--status", "open"], "open"),
        (["actions", "--state", "done"], "done"),
        (["actions", "--limit", "0"], "limit"),
        (["decisions", "--decision", "maybe"], "maybe"),
        (["decisions", "--since", "yesterday"], "yesterday"),
        (["policy", "explain", "restart_service"], "target"),
        (["policy", "explain", "restart_service", "web", "--source", "me"], "reconciler"),
        (["policy", "explain", "restart_service", "web", "--policy", "x.yml"], "--offline"),
        (["policy", "explain", "restart_service", "web", "--at", "later"], "later"),
        (["policy", "check"], "file"),
        (["policy", "test"], "files"),
        (["registry", "check"], "file"),
        (["registry", "check", "a", "b", "c"], "c"),
        (["audit", "verify", "all"], "all"),
    ]

    @Test("wrong usage ends with 64 and says what is wrong", arguments: usageErrors)
    func usage(arguments: [String], says: String) async throws {
        let run = try await MusterBinary.run(arguments)
        #expect(run.status == 64, "\(arguments): \(run)")
        #expect(run.errors.contains(says), "\(arguments): \(run.errors)")
        #expect(run.output.isEmpty)
    }

    @Test("the version and help are no errors")
    func version() async throws {
        let version = try await MusterBinary.run(["--version"])
        #expect(version.status == 0 && version.output == Version.current + "\n")
        let help = try await MusterBinary.run([])
        #expect(help.status == 0)
        for command in ["serve", "plan", "status", "approvals", "doctor"] { #expect(help.output.contains(command)) }
    }

    static let clientCommands = [
        ["status"], ["services"], ["services", "web"], ["approvals"], ["approvals", "show", "abcdefgh"],
        ["approvals", "approve", "abcdefgh"], ["approvals", "deny", "--all", "--yes"], ["actions"], ["decisions"],
        ["decisions", "--follow"], ["plan"], ["act", "restart_service", "web", "--reason", "x"],
        ["pause", "fleet", "--reason", "x"], ["resume", "fleet", "--reason", "x"],
        ["kill", "service:web", "--reason", "x"],
        ["policy", "explain", "restart_service", "web"], ["audit", "verify"],
    ]

    @Test("without a daemon every command ends with 1 and says what to do", arguments: clientCommands)
    func noDaemon(arguments: [String]) async throws {
        let url = "http://127.0.0.1:\(try unusedPort())"
        let run = try await MusterBinary.run(arguments, environment: ["MUSTER_URL": url])
        #expect(run.status == 1, "\(run)")
        let said = run.errors + run.output
        #expect(said.contains(url) && said.contains("muster serve") && said.contains("connection refused"), "\(said)")
    }

    @Test("--url wins over MUSTER_URL, and what is no URL is not shown: it may hold a password")
    func address() async throws {
        let port = try unusedPort()
        let run = try await MusterBinary.run(
            ["status", "--url", "http://127.0.0.1:\(port)"], environment: ["MUSTER_URL": "http://127.0.0.1:1"])
        #expect(run.errors.contains(":\(port)"))
        let broken = try await MusterBinary.run(["status"], environment: ["MUSTER_URL": "user:hunter2@host"])
        #expect(broken.status == 1 && !broken.errors.contains("hunter2"))
    }
}

@Suite("files are checked without a daemon", .timeLimit(.minutes(1)))
struct FileCommandTests {
    @Test(
        "what is shipped is valid",
        arguments: [
            ["policy", "check", "deploy/action-policy.default.yml"],
            ["policy", "check", "deploy/postures/locked-down.yml"],
            ["policy", "check", "deploy/postures/supervised.yml"],
            ["policy", "check", "deploy/postures/scoped-autonomous.yml"],
            ["policy", "test", "deploy/postures/tests/default.test.yml", "deploy/postures/tests/supervised.test.yml"],
            ["registry", "check", "deploy/mcp-fleet.registry.yml"],
        ])
    func shipped(arguments: [String]) async throws {
        let absolute = arguments.map { $0.hasPrefix("deploy/") ? MusterBinary.root + "/" + $0 : $0 }
        let run = try await MusterBinary.run(absolute)
        #expect(run.status == 0, "\(run)")
        let json = try await MusterBinary.run(absolute + ["--json"])
        #expect(json.status == 0 && json.output.contains(#""status":"ok""#), "\(json)")
    }

    @Test("every error is named with its place, and the command ends with 1")
    func errors() async throws {
        try await withFiles(["policy.yml": "version: 1\nrules:\n  - {kind: x, tier: maybe}\n  - {kin: y, tier: auto}\n"]
        ) {
            let path = $0 + "/policy.yml"
            let run = try await MusterBinary.run(["policy", "check", path])
            #expect(run.status == 1 && run.output.isEmpty)
            #expect(run.errors.contains("\(path):3:") && run.errors.contains("\(path):4:"), "\(run.errors)")
            let json = try await MusterBinary.run(["policy", "check", path, "--json"])
            #expect(json.status == 1 && json.output.contains(#""line":3"#) && json.output.contains(#""line":4"#))
        }
    }

    @Test("an overlay is laid over the registry, and its errors bear its own name")
    func overlay() async throws {
        let files = [
            "registry.yml": "version: 1\nservices:\n  - {name: web, image: example/web:1}\n",
            "good.yml": "version: 1\nservices:\n  - {name: web, replicas: 2}\n  - {name: db, image: example/db:1}\n",
            "bad.yml": "version: 1\nservices:\n  - {name: web, replicas: many}\n",
        ]
        try await withFiles(files) { folder in
            let good = try await MusterBinary.run(["registry", "check", folder + "/registry.yml", folder + "/good.yml"])
            #expect(good.status == 0 && good.output.contains("2 services"), "\(good)")
            let bad = try await MusterBinary.run(["registry", "check", folder + "/registry.yml", folder + "/bad.yml"])
            #expect(bad.status == 1 && bad.errors.contains("bad.yml:3:"), "\(bad)")
            let none = try await MusterBinary.run(["registry", "check", folder + "/none.yml"])
            #expect(none.status == 1 && none.errors.contains("none.yml"), "\(none)")
        }
    }

    @Test("a policy test that fails ends with 1 and says what was decided instead")
    func failingTest() async throws {
        let files = [
            "policy.yml": "version: 1\nrules:\n  - {id: heal, kind: restart_service, tier: auto}\n",
            "cases.yml": """
            version: 1
            policy: policy.yml
            cases:
              - {name: heals, request: {kind: restart_service, target: web}, expect: {decision: allow, rule: heal}}
              - {name: asks, request: {kind: restart_service, target: web}, expect: {decision: queue_approval}}

            """,
        ]
        try await withFiles(files) { folder in
            let run = try await MusterBinary.run(["policy", "test", folder + "/cases.yml"])
            #expect(run.status == 1, "\(run)")
            #expect(run.output.contains("asks") && run.output.contains("1 passed, 1 failed"), "\(run.output)")
            #expect(!run.output.contains("heals"))
        }
    }

    @Test("explain --offline judges by the file: its rule, its line, its window")
    func explain() async throws {
        let files = [
            "policy.yml": """
            version: 1
            rules:
              - {id: night, kind: deploy_service, target: "staging-*", tier: auto, maintenance_window: "02:00-05:00"}

            """
        ]
        try await withFiles(files) { folder in
            let arguments = [
                "policy", "explain", "deploy_service", "staging-a", "--offline", "--policy", folder + "/policy.yml",
            ]
            let day = try await MusterBinary.run(arguments + ["--at", "2026-05-01T12:00:00Z"])
            #expect(day.status == 0 && day.output.contains("queue_approval"), "\(day)")
            #expect(
                day.output.contains("night (line 3") && day.output.contains("2026-05-02T02:00:00Z"), "\(day.output)")
            let night = try await MusterBinary.run(arguments + ["--at", "2026-05-01T03:00:00Z", "--json"])
            #expect(night.output.contains(#""decision":"allow""#), "\(night)")
        }
    }

    @Test("doctor names a broken flag, never a secret, and ends with 1")
    func doctor() async throws {
        let run = try await MusterBinary.run(
            ["doctor", "--json"], environment: ["PORT": "many", "API_KEYS": "someone:hunter2"])
        #expect(run.status == 1, "\(run)")
        #expect(run.output.contains("PORT") && !(run.output + run.errors).contains("hunter2"), "\(run)")
    }

    @Test("doctor looks at the data directory's mode and at the daemon")
    func doctorFindings() async throws {
        try await withFiles([:]) { folder in
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder)
            let port = try unusedPort()
            let run = try await MusterBinary.run(
                ["doctor", "--json"],
                environment: ["MUSTER_DATA_DIR": folder, "PORT": "\(port)", "API_KEYS": "a:hunter2:admin"])
            #expect(run.output.contains("mode 0755") && run.output.contains("chmod 700"), "\(run)")
            #expect(run.output.contains("nothing listens at http://127.0.0.1:\(port)"), "\(run)")
            #expect(!run.output.contains("hunter2"))
        }
    }

    /// Files in a folder of their own, which is gone afterwards.
    private func withFiles(_ files: [String: String], _ body: (String) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("muster-cli-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for (name, text) in files {
            try text.write(to: folder.appendingPathComponent(name), atomically: true, encoding: .utf8)
        }
        try await body(folder.path)
    }
}
