/// How much freedom a rule gives.
package enum Tier: String, Sendable, CaseIterable {
    case auto
    case autoNotify = "auto_notify"
    case approvalRequired = "approval_required"
    case forbidden
}

/// At most `maximum` spends per kind and target in a sliding window.
package struct RateLimit: Hashable, Sendable {
    package var maximum: Int
    package var windowSeconds: Int

    package init(maximum: Int, windowSeconds: Int) {
        self.maximum = maximum
        self.windowSeconds = windowSeconds
    }
}

/// At most `maximumTargets` distinct targets per kind in a sliding window.
package struct BlastRadius: Hashable, Sendable {
    package var maximumTargets: Int
    package var windowSeconds: Int

    package init(maximumTargets: Int, windowSeconds: Int) {
        self.maximumTargets = maximumTargets
        self.windowSeconds = windowSeconds
    }
}

/// Where a rule stands: in the policy file, in the store, or nowhere (the defaults).
package enum RuleOrigin: Hashable, Sendable {
    case file(line: Int)
    case override(id: String)
    case defaults
}

package struct PolicyRule: Sendable {
    package var id: String
    package var kind: Glob
    package var target: Glob
    package var source: Glob
    package var tier: Tier
    /// Nil: the defaults' limit.
    package var rateLimit: RateLimit?
    /// Nil: the defaults' radius.
    package var blastRadius: BlastRadius?
    package var window: MaintenanceWindow?
    package var approvals: Int
    package var expires: WallTime?
    package var note: String?
    package var origin: RuleOrigin

    package init(
        id: String, kind: Glob, target: Glob = .any, source: Glob = .any, tier: Tier, rateLimit: RateLimit? = nil,
        blastRadius: BlastRadius? = nil, window: MaintenanceWindow? = nil, approvals: Int = 1,
        expires: WallTime? = nil, note: String? = nil, origin: RuleOrigin
    ) {
        self.id = id
        self.kind = kind
        self.target = target
        self.source = source
        self.tier = tier
        self.rateLimit = rateLimit
        self.blastRadius = blastRadius
        self.window = window
        self.approvals = approvals
        self.expires = expires
        self.note = note
        self.origin = origin
    }
}

package struct PolicyDefaults: Hashable, Sendable {
    package var tier: Tier
    package var rateLimit: RateLimit
    package var blastRadius: BlastRadius

    package init(
        tier: Tier = .approvalRequired, rateLimit: RateLimit = RateLimit(maximum: 3, windowSeconds: 3600),
        blastRadius: BlastRadius = BlastRadius(maximumTargets: 3, windowSeconds: 3600)
    ) {
        self.tier = tier
        self.rateLimit = rateLimit
        self.blastRadius = blastRadius
    }
}

/// The policy in force: the stored overrides first, highest priority first, then the file's rules in its order.
package struct Policy: Sendable {
    package var defaults: PolicyDefaults
    package var watchScaleDown: Bool
    package var rules: [PolicyRule] { didSet { matcher = RuleMatcher(rules) } }
    /// SHA-256 over the file's bytes and the overrides in force.
    package var digest: String
    /// The patterns of `rules`, compiled.
    private(set) var matcher: RuleMatcher

    package init(defaults: PolicyDefaults, watchScaleDown: Bool = false, rules: [PolicyRule], digest: String) {
        self.defaults = defaults
        self.watchScaleDown = watchScaleDown
        self.rules = rules
        self.digest = digest
        self.matcher = RuleMatcher(rules)
    }
}

/// A rule kept in the store, laid over the policy file; `POST /api/fleet/policy/overrides` makes one.
package struct PolicyOverride: Sendable {
    package var id: String
    package var priority: Int
    package var rule: PolicyRule
    /// The rule as it was posted, in the policy file's words; what is stored and shown.
    package var body: JSONObject
    package var createdBy: String
    package var createdAt: WallTime

    package init(
        id: String, priority: Int, rule: PolicyRule, body: JSONObject, createdBy: String, createdAt: WallTime
    ) {
        self.id = id
        self.priority = priority
        self.rule = rule
        self.body = body
        self.createdBy = createdBy
        self.createdAt = createdAt
    }

    package func isExpired(at now: WallTime) -> Bool {
        rule.expires.map { now >= $0 } ?? false
    }
}

extension Policy {
    /// This file's policy with `overrides` before its rules: highest priority first, older first among equals;
    /// the expired ones are left out.
    package func overlaid(with overrides: [PolicyOverride], at now: WallTime) -> Policy {
        let inForce = overrides.filter { !$0.isExpired(at: now) }.sorted {
            ($1.priority, $0.createdAt, $0.id) < ($0.priority, $1.createdAt, $1.id)
        }
        guard !inForce.isEmpty else { return self }
        var policy = self
        policy.rules = inForce.map(\.rule) + rules
        policy.digest = Digest.sha256(digest + inForce.map { $0.id }.joined(separator: ","))
        return policy
    }
}
