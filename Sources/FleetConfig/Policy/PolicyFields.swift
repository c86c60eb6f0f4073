/// The words of a policy file, of a posted override and of a policy test file (contract, Policy).
enum PolicyField: String, CaseIterable {
    case version
    case defaults
    case options
    case rules

    static let table = FieldTable(PolicyField.self)
}

enum PolicyDefaultsField: String, CaseIterable {
    case tier
    case rateLimit = "rate_limit"
    case blastRadius = "blast_radius"

    static let table = FieldTable(PolicyDefaultsField.self)
}

enum PolicyOptionField: String, CaseIterable {
    case watchScaleDown = "watch_scale_down"

    static let table = FieldTable(PolicyOptionField.self)
}

enum RuleField: String, CaseIterable {
    case id
    case kind
    case target
    case source
    case tier
    case rateLimit = "rate_limit"
    case blastRadius = "blast_radius"
    case maintenanceWindow = "maintenance_window"
    case approvals
    case expires
    case note

    static let table = FieldTable(RuleField.self)
}

/// A rule's words and `priority`: what may be posted to `/api/fleet/policy/overrides`.
enum OverrideField: String, CaseIterable {
    case id
    case kind
    case target
    case source
    case tier
    case rateLimit = "rate_limit"
    case blastRadius = "blast_radius"
    case maintenanceWindow = "maintenance_window"
    case approvals
    case expires
    case note
    case priority

    static let table = FieldTable(OverrideField.self)

    /// Nil for `priority`.
    var ruleField: RuleField? { RuleField(rawValue: rawValue) }
}

enum RateLimitField: String, CaseIterable {
    case max
    case windowSeconds = "window_s"

    static let table = FieldTable(RateLimitField.self)
}

enum BlastRadiusField: String, CaseIterable {
    case maxTargets = "max_targets"
    case windowSeconds = "window_s"

    static let table = FieldTable(BlastRadiusField.self)
}

enum WindowField: String, CaseIterable {
    case days
    case hours
    case timeZone = "tz"

    static let table = FieldTable(WindowField.self)
}
