/// The flags of the contract by their environment variable. In `config.json` the key is the same in lower case.
package enum FlagName: String, Sendable, CaseIterable {
    case host = "HOST"
    case port = "PORT"
    case allowOpenAccess = "ALLOW_OPEN_ACCESS"
    case dataDirectory = "MUSTER_DATA_DIR"
    case stateDatabaseURI = "STATE_DB_URI"
    case stateDatabasePoolSize = "STATE_DB_POOL_SIZE"
    case registryPath = "FLEET_REGISTRY_PATH"
    case desiredStatePath = "FLEET_DESIRED_STATE_PATH"
    case profiles = "FLEET_PROFILES"
    case policyPath = "ACTION_POLICY_PATH"
    case reconciler = "FLEET_RECONCILER"
    case reconcilerInterval = "FLEET_RECONCILER_INTERVAL"
    case reconcilerMaxActions = "FLEET_RECONCILER_MAX_ACTIONS"
    case actuator = "FLEET_ACTUATOR"
    case observers = "FLEET_OBSERVERS"
    case dockerHost = "DOCKER_HOST"
    case dockerTimeout = "DOCKER_TIMEOUT"
    case autoscaler = "FLEET_AUTOSCALER"
    case autoscalerInterval = "FLEET_AUTOSCALER_INTERVAL"
    case scalingPrometheusURL = "SCALING_PROMETHEUS_URL"
    case prometheusToken = "SCALING_PROMETHEUS_TOKEN"
    case prometheusTokenFile = "SCALING_PROMETHEUS_TOKEN_FILE"
    case prometheusUser = "SCALING_PROMETHEUS_USER"
    case prometheusPassword = "SCALING_PROMETHEUS_PASSWORD"
    case prometheusPasswordFile = "SCALING_PROMETHEUS_PASSWORD_FILE"
    case prometheusCAFile = "SCALING_PROMETHEUS_CA_FILE"
    case prometheusCertificateFile = "SCALING_PROMETHEUS_CERT_FILE"
    case prometheusKeyFile = "SCALING_PROMETHEUS_KEY_FILE"
    case deployWatchWindow = "DEPLOY_WATCH_WINDOW"
    case deployWatchPoll = "DEPLOY_WATCH_POLL"
    case approvalTTL = "APPROVAL_TTL"
    case approvalDenyCooldown = "APPROVAL_DENY_COOLDOWN"
    case eventsToken = "FLEET_EVENTS_TOKEN"
    case eventsTokenFile = "FLEET_EVENTS_TOKEN_FILE"
    case eventsRate = "FLEET_EVENTS_RATE"
    case apiKeys = "API_KEYS"
    case authRequired = "AUTH_REQUIRED"
    case jwksURI = "AUTH_JWT_JWKS_URI"
    case jwtIssuer = "AUTH_JWT_ISSUER"
    case jwtAudience = "AUTH_JWT_AUDIENCE"
    case notifyWebhookURL = "NOTIFY_WEBHOOK_URL"
    case logLevel = "LOG_LEVEL"
    case logFormat = "LOG_FORMAT"
    case metrics = "METRICS"
    case leaderLease = "LEADER_LEASE"

    /// What a value is, which is what JSON type it has in `config.json`.
    enum Kind {
        case text
        case integer
        case boolean
        /// A list; in one text its items are separated by this character.
        case list(separator: Character)
    }

    var kind: Kind {
        switch self {
        case .port, .stateDatabasePoolSize, .reconcilerInterval, .reconcilerMaxActions, .dockerTimeout,
            .autoscalerInterval, .deployWatchWindow, .deployWatchPoll, .approvalTTL, .approvalDenyCooldown,
            .eventsRate, .leaderLease:
            .integer
        case .allowOpenAccess, .reconciler, .autoscaler, .authRequired, .metrics: .boolean
        case .profiles, .observers: .list(separator: ",")
        case .apiKeys: .list(separator: ";")
        default: .text
        }
    }

    /// Marked * in the contract.
    package var isSecret: Bool {
        switch self {
        case .stateDatabaseURI, .eventsToken, .apiKeys, .notifyWebhookURL, .prometheusToken, .prometheusPassword:
            true
        default: false
        }
    }

    /// The key in `config.json`.
    package var key: String { rawValue.lowercased() }
}
