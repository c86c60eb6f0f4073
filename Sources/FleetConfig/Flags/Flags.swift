/// What carries out actions.
package enum ActuatorChoice: String, Sendable, CaseIterable {
    case dryrun
    case docker
}

package enum ObserverName: String, Sendable, CaseIterable {
    case docker
    case probe
    case events
}

package enum ObserverChoice: Equatable, Sendable {
    /// Those that can work here.
    case auto
    /// Not empty, nothing twice, in the order given.
    case these([ObserverName])
}

package enum LogLevel: String, Sendable, CaseIterable {
    case trace, debug, info, notice, warning, error, critical
}

package enum LogFormat: String, Sendable, CaseIterable {
    case json, text
}

/// All flags of the contract, typed and within their bounds. Times in seconds.
package struct Flags: Sendable {
    /// A value that is not the default.
    package struct NonDefault: Hashable, Sendable {
        /// The flag's name.
        package var name: String
        /// The value, or `<secret>`.
        package var shown: String
        /// `environment variable PORT`, `/etc/muster/config.json: port`.
        package var source: String
    }

    package var host: String
    package var port: Int
    package var allowOpenAccess: Bool
    package var dataDirectory: String
    package var stateDatabaseURI: Secret?
    package var stateDatabasePoolSize: Int
    /// Nil: the shipped registry (`ShippedFiles`).
    package var registryPath: String?
    /// The overlay.
    package var desiredStatePath: String?
    /// Empty: all.
    package var profiles: [String]
    /// Nil: the shipped policy.
    package var policyPath: String?
    package var reconciler: Bool
    package var reconcilerInterval: Int
    package var reconcilerMaxActions: Int
    package var actuator: ActuatorChoice
    package var observers: ObserverChoice
    package var dockerHost: String?
    package var dockerTimeout: Int
    package var autoscaler: Bool
    package var autoscalerInterval: Int
    package var scalingPrometheusURL: String?
    package var deployWatchWindow: Int
    package var deployWatchPoll: Int
    package var approvalTTL: Int
    package var approvalDenyCooldown: Int
    package var eventsToken: Secret?
    package var eventsTokenFile: String?
    /// New events per minute and source; 0: no limit.
    package var eventsRate: Int
    package var apiKeys: [APIKey]
    package var authRequired: Bool
    package var jwksURI: String?
    package var jwtIssuer: String?
    package var jwtAudience: String?
    package var notifyWebhookURL: Secret?
    package var logLevel: LogLevel
    /// Nil: `text` on a terminal, else `json`.
    package var logFormat: LogFormat?
    package var metrics: Bool
    package var leaderLease: Int

    /// `config.json` as it was looked for; it need not exist.
    package var configPath: String
    /// What is not the default and who set it, in the contract's order: for the start-up log.
    package var nonDefaults: [NonDefault]

    /// Somebody has to prove who they are.
    package var hasIdentity: Bool { !apiKeys.isEmpty || jwksURI != nil }

    /// The host is reachable from this machine only.
    package var isLoopback: Bool { FlagRules.isLoopback(host) }

    /// What is set and asks for something that this version does not do, a sentence each. The executable refuses to
    /// start on them: ignoring a token or a database silently would be worse than not starting.
    package var notYetAvailable: [String] {
        var sentences: [String] = []
        func add(_ flag: FlagName, _ isSet: Bool, _ what: String) {
            if isSet { sentences.append("`\(flag.rawValue)` is set, but \(what); unset it to start") }
        }
        add(.observers, observers.names.contains(.events), "this version has no `events` observer")
        add(.scalingPrometheusURL, scalingPrometheusURL != nil, "this version does not scale by Prometheus signals")
        add(.eventsToken, eventsToken != nil, "this version takes no posted events")
        add(.eventsTokenFile, eventsTokenFile != nil, "this version takes no posted events")
        add(.jwksURI, jwksURI != nil, "this version knows callers by `API_KEYS` only")
        add(.jwtIssuer, jwtIssuer != nil, "this version knows callers by `API_KEYS` only")
        add(.jwtAudience, jwtAudience != nil, "this version knows callers by `API_KEYS` only")
        add(.notifyWebhookURL, notifyWebhookURL != nil, "this version notifies in its log only")
        return sentences
    }
}

extension ObserverChoice {
    /// The observers named; none for `auto`.
    package var names: [ObserverName] {
        if case .these(let names) = self { names } else { [] }
    }
}
