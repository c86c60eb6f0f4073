extension Flags {
    /// Reads all flags: environment > `config.json` > default. Throws everything that is wrong at once.
    ///
    /// `environment` and `home` are the process's own, handed in so that a test needs no process.
    package static func load(environment: [String: String], home: String) throws(FlagErrors) -> Flags {
        let set = environment.filter { !$0.value.isEmpty }
        let file = ConfigFile(path: ConfigFile.path(environment: set, home: home))
        var reader = FlagReader(environment: set, file: file)
        var flags = read(&reader, dataDirectory: Directories.data(environment: set, home: home))
        flags.configPath = file.path
        flags.nonDefaults = reader.nonDefaults
        checkIdentity(flags, &reader)
        guard reader.errors.isEmpty else { throw FlagErrors(reader.errors) }
        return flags
    }

    private static func read(_ reader: inout FlagReader, dataDirectory: String) -> Flags {
        let day = 86_400
        let year = 365 * day
        // The arguments are evaluated in order, which is the contract's: so are errors and the start-up log.
        return Flags(
            host: reader.string(.host, expected: "a host name or address", where: FlagRules.isHost) ?? "127.0.0.1",
            port: reader.integer(.port, default: 9000, in: 1...65_535),
            allowOpenAccess: reader.bool(.allowOpenAccess, default: false),
            dataDirectory: reader.string(.dataDirectory) ?? dataDirectory,
            stateDatabaseURI: reader.secret(
                .stateDatabaseURI, expected: "`postgresql://…`", where: FlagRules.isPostgresURI),
            stateDatabasePoolSize: reader.integer(.stateDatabasePoolSize, default: 8, in: 1...1000),
            registryPath: reader.string(.registryPath),
            desiredStatePath: reader.string(.desiredStatePath),
            profiles: profiles(&reader),
            policyPath: reader.string(.policyPath),
            reconciler: reader.bool(.reconciler, default: true),
            reconcilerInterval: reader.integer(.reconcilerInterval, default: 120, in: 1...day),
            reconcilerMaxActions: reader.integer(.reconcilerMaxActions, default: 5, in: 1...10_000),
            actuator: reader.word(.actuator, default: ActuatorChoice.dryrun) ?? .dryrun,
            observers: observers(&reader),
            dockerHost: reader.string(.dockerHost),
            dockerTimeout: reader.integer(.dockerTimeout, default: 60, in: 1...3600),
            autoscaler: reader.bool(.autoscaler, default: true),
            autoscalerInterval: reader.integer(.autoscalerInterval, default: 60, in: 1...day),
            scalingPrometheusURL: reader.prometheusURL(),
            prometheusAccess: reader.prometheusAccess(),
            deployWatchWindow: reader.integer(.deployWatchWindow, default: 300, in: 1...day),
            deployWatchPoll: reader.integer(.deployWatchPoll, default: 15, in: 1...3600),
            approvalTTL: reader.integer(.approvalTTL, default: day, in: 1...year),
            approvalDenyCooldown: reader.integer(.approvalDenyCooldown, default: 3600, in: 0...year),
            eventsToken: reader.secret(.eventsToken),
            eventsTokenFile: reader.string(.eventsTokenFile),
            eventsRate: reader.integer(.eventsRate, default: 6000, in: 0...10_000_000),
            apiKeys: apiKeys(&reader),
            authRequired: reader.bool(.authRequired, default: false),
            jwksURI: url(&reader, .jwksURI),
            jwtIssuer: reader.string(.jwtIssuer),
            jwtAudience: reader.string(.jwtAudience),
            notifyWebhookURL: reader.secret(
                .notifyWebhookURL, expected: "an http or https URL", where: FlagRules.isHTTPURL),
            logLevel: reader.word(.logLevel, default: LogLevel.info) ?? .info,
            logFormat: reader.word(.logFormat, default: nil as LogFormat?),
            metrics: reader.bool(.metrics, default: true),
            leaderLease: reader.integer(.leaderLease, default: 15, in: 2...600),
            configPath: "", nonDefaults: [])
    }

    private static func url(_ reader: inout FlagReader, _ flag: FlagName) -> String? {
        reader.string(flag, expected: "an http or https URL", where: FlagRules.isHTTPURL)
    }

    private static func profiles(_ reader: inout FlagReader) -> [String] {
        let names = reader.list(.profiles)
        for name in names where !FlagRules.isPrincipal(name) {
            reader.refuse(.profiles, "a list of profile names is expected, not `\(name.escapedForMessage)`")
        }
        if names.isEmpty, reader.isSet(.profiles) { reader.refuse(.profiles, "at least one profile is expected") }
        return names
    }

    private static func observers(_ reader: inout FlagReader) -> ObserverChoice {
        let words = reader.list(.observers, default: ["auto"])
        guard words != ["auto"] else { return .auto }
        var names: [ObserverName] = []
        for word in words {
            if let name = ObserverName(rawValue: word), !names.contains(name) {
                names.append(name)
            } else {
                let known = ObserverName.allCases.map { "`\($0.rawValue)`" }.joined(separator: ", ")
                reader.refuse(
                    .observers,
                    "`auto`, or a list of \(known) each once, is expected, not `\(word.escapedForMessage)`")
            }
        }
        if words.isEmpty { reader.refuse(.observers, "`auto` or at least one observer is expected") }
        return .these(names)
    }

    private static func apiKeys(_ reader: inout FlagReader) -> [APIKey] {
        let (keys, messages) = APIKey.parse(reader.list(.apiKeys))
        for message in messages { reader.refuse(.apiKeys, message) }
        if keys.isEmpty, messages.isEmpty, reader.isSet(.apiKeys) {
            reader.refuse(.apiKeys, "at least one `name:key:role_or_scope` is expected")
        }
        return keys
    }

    /// An API that anybody on the network can use, or that nobody can, is a mistake in the flags.
    private static func checkIdentity(_ flags: Flags, _ reader: inout FlagReader) {
        let hasKeys = flags.hasIdentity || reader.isSet(.apiKeys) || reader.isSet(.jwksURI)
        if !flags.isLoopback, !hasKeys, !flags.allowOpenAccess {
            reader.refuse(
                .host,
                "`\(flags.host.escapedForMessage)` can be reached from outside and no identity is configured: "
                    + "set API_KEYS, listen on 127.0.0.1, or set ALLOW_OPEN_ACCESS=1")
        }
        if flags.authRequired, !hasKeys {
            reader.refuse(.authRequired, "needs API_KEYS or AUTH_JWT_JWKS_URI, or nobody could use the API")
        }
    }
}
