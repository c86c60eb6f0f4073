import FleetConfig
import FleetModel
import Foundation
import Testing

@Suite("Flags")
struct FlagsTests {
    private let scratch: Scratch

    init() throws {
        scratch = try Scratch()
    }

    private func load(_ environment: [String: String] = [:], json: String? = nil) throws -> Flags {
        var environment = environment
        if let json {
            try scratch.write("config.json", json)
            environment["MUSTER_CONFIG_DIR"] = scratch.path
        }
        return try Flags.load(environment: environment, home: scratch.path)
    }

    /// The errors as lines, the scratch directory shown as `DIR`.
    private func errors(_ environment: [String: String] = [:], json: String? = nil) -> [String] {
        do {
            _ = try load(environment, json: json)
            return []
        } catch {
            let lines = "\(error)".split(separator: "\n").map(String.init)
            return lines.map { $0.replacing(scratch.path, with: "DIR") }
        }
    }

    @Test("have the contract's defaults when nothing exists")
    func defaults() throws {
        let flags = try load()
        #expect(flags.host == "127.0.0.1")
        #expect(flags.port == 9000)
        #expect(flags.dataDirectory == scratch.path + "/.local/share/muster")
        #expect(flags.configPath == scratch.path + "/.config/muster/config.json")
        #expect(flags.stateDatabaseURI == nil)
        #expect(flags.stateDatabasePoolSize == 8)
        #expect(flags.registryPath == nil)
        #expect(flags.desiredStatePath == nil)
        #expect(flags.profiles.isEmpty)
        #expect(flags.policyPath == nil)
        #expect(flags.reconciler)
        #expect(flags.reconcilerInterval == 120)
        #expect(flags.reconcilerMaxActions == 5)
        #expect(flags.actuator == .dryrun)
        #expect(flags.observers == .auto)
        #expect(flags.dockerHost == nil)
        #expect(flags.dockerTimeout == 60)
        #expect(flags.autoscaler)
        #expect(flags.autoscalerInterval == 60)
        #expect(flags.deployWatchWindow == 300)
        #expect(flags.deployWatchPoll == 15)
        #expect(flags.approvalTTL == 86_400)
        #expect(flags.approvalDenyCooldown == 3600)
        #expect(flags.eventsToken == nil)
        #expect(flags.eventsRate == 6000)
        #expect(flags.apiKeys.isEmpty)
        #expect(flags.authRequired == false)
        #expect(flags.logLevel == .info)
        #expect(flags.logFormat == nil)
        #expect(flags.metrics)
        #expect(flags.leaderLease == 15)
        #expect(flags.nonDefaults.isEmpty)
        #expect(flags.notYetAvailable.isEmpty)
    }

    @Test("come from the environment first, then config.json, then the default")
    func precedence() throws {
        let json = #"{"port": 9100, "log_level": "debug", "fleet_profiles": ["a", "b"], "metrics": false}"#
        let flags = try load(["PORT": "9200", "METRICS": "", "LOG_FORMAT": "text"], json: json)
        #expect(flags.port == 9200)
        #expect(flags.logLevel == .debug)
        #expect(flags.profiles == ["a", "b"])
        #expect(flags.metrics == false, "an empty variable is not set")
        let file = scratch.path + "/config.json"
        #expect(
            flags.nonDefaults.map { "\($0.name)=\($0.shown) from \($0.source)" } == [
                "PORT=9200 from environment variable PORT", "FLEET_PROFILES=a,b from \(file): fleet_profiles",
                "LOG_LEVEL=debug from \(file): log_level", "LOG_FORMAT=text from environment variable LOG_FORMAT",
                "METRICS=false from \(file): metrics",
            ])
    }

    @Test("that repeat their default are not listed as set")
    func repeatedDefaults() throws {
        let flags = try load(["PORT": "9000", "FLEET_OBSERVERS": "auto", "METRICS": "1", "LOG_LEVEL": "info"])
        #expect(flags.nonDefaults.isEmpty)
    }

    @Test("follow the XDG directories, absolute ones only")
    func xdg() throws {
        let flags = try load(["XDG_DATA_HOME": "/data", "XDG_CONFIG_HOME": "/conf"])
        #expect(flags.dataDirectory == "/data/muster")
        #expect(flags.configPath == "/conf/muster/config.json")
        #expect(try load(["XDG_DATA_HOME": "data"]).dataDirectory == scratch.path + "/.local/share/muster")
    }

    @Test("name the key, the source and what was expected, all at once")
    func allErrors() {
        let json = #"{"port": "9000", "fleet_reconciler": 1, "prot": 2, "fleet_profiles": [1], "log_level": "loud"}"#
        #expect(
            errors(["DOCKER_TIMEOUT": "0", "METRICS": "maybe", "FLEET_ACTUATOR": "swarm"], json: json) == [
                "`PORT` (DIR/config.json: port): an integer is expected",
                "`FLEET_RECONCILER` (DIR/config.json: fleet_reconciler): `true` or `false` is expected",
                "`prot` (DIR/config.json: prot): no flag has this name; the nearest one is `port`",
                "`FLEET_PROFILES` (DIR/config.json: fleet_profiles): a list of strings without `,` in them is expected",
                "`FLEET_ACTUATOR` (environment variable FLEET_ACTUATOR): one of `dryrun`, `docker` is expected, "
                    + "not `swarm`",
                "`DOCKER_TIMEOUT` (environment variable DOCKER_TIMEOUT): an integer 1 to 3600 is expected, not `0`",
                "`LOG_LEVEL` (DIR/config.json: log_level): one of `trace`, `debug`, `info`, `notice`, `warning`, "
                    + "`error`, `critical` is expected, not `loud`",
                "`METRICS` (environment variable METRICS): `true` or `false` is expected, not `maybe`",
            ])
    }

    @Test(
        "refuse a config.json that is no JSON object, with the place",
        arguments: [
            (
                "{\n  \"port\": 1,\n}",
                "a JSON object is expected; at 3:1 a value, a comma or a closing bracket was expected"
            ),
            ("[]", "a JSON object is expected"),
            ("", "a JSON object is expected; at 1:1 the text ends too early"),
            ("{\"port\":1,\"port\":2}", "a JSON object is expected; at 1:11 a name occurs twice in one object"),
        ])
    func brokenFile(json: String, expected: String) {
        #expect(errors(json: json) == ["`config.json` (DIR/config.json): \(expected)"])
    }

    @Test(
        "are bounded",
        arguments: [
            ("PORT", "0"), ("PORT", "65536"), ("PORT", "9000x"), ("STATE_DB_POOL_SIZE", "0"),
            ("FLEET_RECONCILER_INTERVAL", "0"), ("FLEET_RECONCILER_MAX_ACTIONS", "0"),
            ("FLEET_AUTOSCALER_INTERVAL", "-1"),
            ("DEPLOY_WATCH_WINDOW", "1e3"), ("APPROVAL_TTL", "0"), ("APPROVAL_DENY_COOLDOWN", "-1"),
            ("FLEET_EVENTS_RATE", "-1"), ("LEADER_LEASE", "1"), ("HOST", "a b"), ("STATE_DB_URI", "mysql://x"),
            ("SCALING_PROMETHEUS_URL", "prometheus:9090"), ("FLEET_OBSERVERS", "docker,docker"),
            ("FLEET_OBSERVERS", "dokcer"), ("FLEET_OBSERVERS", ","), ("FLEET_PROFILES", "a b"),
            ("AUTH_REQUIRED", "true"),
        ])
    func bounds(name: String, value: String) {
        let found = errors([name: value])
        #expect(found.count == 1)
        #expect(found.first?.hasPrefix("`\(name)` (environment variable \(name)): ") == true)
    }

    @Test("that are secret are never shown, neither when they are right nor when they are wrong")
    func secrets() throws {
        let key = "sEcReT-1"
        let set = [
            "STATE_DB_URI": "postgresql://u:\(key)@h/db", "FLEET_EVENTS_TOKEN": key,
            "API_KEYS": "ops:\(key):operator", "NOTIFY_WEBHOOK_URL": "https://h/\(key)",
        ]
        let flags = try load(set)
        #expect(flags.nonDefaults.map(\.shown) == Array(repeating: "<secret>", count: 4))
        #expect("\(Secret(key))" == "<secret>")
        #expect("\(flags)".contains(key) == false)
        #expect(String(reflecting: flags).contains(key) == false)
        var dumped = ""
        dump(flags, to: &dumped)
        #expect(dumped.contains(key) == false)
        #expect(flags.eventsToken?.revealed == key)
        #expect(flags.apiKeys.first?.key.revealed == key)
        let wrong = [
            "STATE_DB_URI": "mysql://\(key)", "API_KEYS": "\(key);a b:\(key):x;o:p:\(key)", "NOTIFY_WEBHOOK_URL": key,
        ]
        let told = errors(wrong).joined()
        #expect(told.isEmpty == false)
        #expect(told.contains(key) == false)
        let inFile = errors(json: #"{"api_keys": [["\#(key)"]], "fleet_events_token": {"x": "\#(key)"}}"#).joined()
        #expect(inFile.isEmpty == false)
        #expect(inFile.contains(key) == false)
    }

    @Test("read API_KEYS with scopes, which hold colons themselves")
    func apiKeys() throws {
        let expected = [
            APIKey(name: "ops", key: Secret("k1"), grants: ["operator"]),
            APIKey(name: "bot", key: Secret("k2"), grants: ["fleet:read", "events:write"]),
        ]
        #expect(try load(["API_KEYS": "ops:k1:operator; bot:k2:fleet:read,events:write"]).apiKeys == expected)
        let json = #"{"api_keys": ["ops:k1:operator", "bot:k2:fleet:read,events:write"]}"#
        #expect(try load(json: json).apiKeys == expected)
    }

    @Test(
        "refuse API_KEYS that nobody could rely on",
        arguments: [
            ("ops:k1", "entry 1 must be `name:key:role_or_scope`"),
            ("ops::admin", "entry 1 must be `name:key:role_or_scope`"),
            ("a:k:admin;b:k:viewer", "`a` and `b` have the same key"),
            ("a:k:admin;a:l:viewer", "the name `a` stands twice"),
            (
                "a:k:root",
                "entry 1 (`a`) grants what is neither a role nor a scope; `viewer`, `reviewer`, `operator`, `service`, "
                    + "`admin`, `fleet:read`, `approvals:write`, `actions:write`, `policy:write`, `events:write`, "
                    + "`fleet:admin`"
            ),
            (";", "at least one `name:key:role_or_scope` is expected"),
        ])
    func badKeys(text: String, expected: String) {
        #expect(errors(["API_KEYS": text]) == ["`API_KEYS` (environment variable API_KEYS): \(expected)"])
    }

    @Test("do not open the API to a network by accident")
    func openAccess() throws {
        for host in ["127.0.0.1", "127.8.9.10", "localhost", "::1"] { #expect(try load(["HOST": host]).isLoopback) }
        for host in ["0.0.0.0", "::", "192.168.1.5", "127.0.0.1.example.org", "muster.example.org"] {
            #expect(errors(["HOST": host]).first?.contains("no identity is configured") == true, "\(host)")
            #expect(try load(["HOST": host, "API_KEYS": "a:k:admin"]).host == host)
            #expect(try load(["HOST": host, "ALLOW_OPEN_ACCESS": "1"]).allowOpenAccess)
        }
        #expect(try load(["AUTH_REQUIRED": "true", "API_KEYS": "a:k:admin"]).authRequired)
    }

    @Test(
        "that this version cannot honour are said, one sentence each",
        arguments: [
            ("AUTH_JWT_JWKS_URI", "https://h/jwks"), ("AUTH_JWT_ISSUER", "x"),
            ("AUTH_JWT_AUDIENCE", "x"), ("NOTIFY_WEBHOOK_URL", "https://h/"), ("FLEET_EVENTS_TOKEN", "x"),
            ("FLEET_EVENTS_TOKEN_FILE", "/x"), ("SCALING_PROMETHEUS_URL", "http://h:9090"),
            ("FLEET_OBSERVERS", "docker,events"),
        ])
    func notYetAvailable(name: String, value: String) throws {
        let sentences = try load([name: value]).notYetAvailable
        #expect(sentences.count == 1)
        #expect(sentences.first?.hasPrefix("`\(name)` is set, but ") == true)
    }

    @Test("have one documented row each")
    func documented() throws {
        let page = try String(contentsOfFile: Checkout.root + "/docs/configuration.md", encoding: .utf8)
        for flag in FlagName.allCases { #expect(page.contains("`\(flag.rawValue)`"), "\(flag.rawValue)") }
    }
}
