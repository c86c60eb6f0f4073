/// The gate's verdict.
package enum VerdictKind: String, Sendable, CaseIterable {
    case allow
    case allowNotify = "allow_notify"
    case queueApproval = "queue_approval"
    case deny

    package var allows: Bool { self == .allow || self == .allowNotify }
}

/// Which rule made a decision.
package struct RuleReference: Hashable, Sendable {
    package var id: String
    package var origin: RuleOrigin

    package init(id: String, origin: RuleOrigin) {
        self.id = id
        self.origin = origin
    }

    package static let defaults = RuleReference(id: "defaults", origin: .defaults)
}

/// Every check's numbers at the time of the decision, whether or not it settled the matter.
package struct DecisionChecks: Hashable, Sendable {
    package var hold: Hold?
    package var rateUsed: Int
    package var rateLimit: RateLimit
    package var blastUsed: Int
    package var blastRadius: BlastRadius
    package var window: MaintenanceWindow?
    /// True where there is no window.
    package var windowOpen: Bool

    package init(
        hold: Hold? = nil, rateUsed: Int, rateLimit: RateLimit, blastUsed: Int, blastRadius: BlastRadius,
        window: MaintenanceWindow? = nil, windowOpen: Bool = true
    ) {
        self.hold = hold
        self.rateUsed = rateUsed
        self.rateLimit = rateLimit
        self.blastUsed = blastUsed
        self.blastRadius = blastRadius
        self.window = window
        self.windowOpen = windowOpen
    }
}

/// Why a verdict is what it is.
package enum VerdictReason: Hashable, Sendable {
    case tier(Tier)
    case held(Hold)
    case rateLimitUsedUp(RateLimit, used: Int)
    case blastRadiusUsedUp(BlastRadius, used: Int)
    case outsideWindow(MaintenanceWindow)
    case approved(by: [String])
    /// The gate itself could not decide; it fails closed.
    case failedClosed(String)
}

/// What the gate says of one proposal.
package struct Verdict: Hashable, Sendable {
    package var kind: VerdictKind
    package var reason: VerdictReason
    package var tier: Tier
    package var rule: RuleReference
    package var approvalsNeeded: Int
    package var checks: DecisionChecks
    /// The earliest time at which the same proposal would be let through with nothing else changed; `now` when it
    /// is let through already, nil when time alone will not do it.
    package var earliest: WallTime?

    package init(
        kind: VerdictKind, reason: VerdictReason, tier: Tier, rule: RuleReference, approvalsNeeded: Int = 1,
        checks: DecisionChecks, earliest: WallTime?
    ) {
        self.kind = kind
        self.reason = reason
        self.tier = tier
        self.rule = rule
        self.approvalsNeeded = approvalsNeeded
        self.checks = checks
        self.earliest = earliest
    }
}

/// One entry of the ledger: a proposal, the verdict on it, and what a later replay needs.
package struct Decision: Sendable, Equatable {
    /// `action_decision:…`
    package var id: String
    package var at: WallTime
    package var proposal: Proposal
    package var verdict: Verdict
    package var policyDigest: String
    package var approvalID: String?
    package var actionID: String?
    package var epoch: Int
    package var dryRun: Bool

    package init(
        id: String, at: WallTime, proposal: Proposal, verdict: Verdict, policyDigest: String,
        approvalID: String? = nil, actionID: String? = nil, epoch: Int, dryRun: Bool
    ) {
        self.id = id
        self.at = at
        self.proposal = proposal
        self.verdict = verdict
        self.policyDigest = policyDigest
        self.approvalID = approvalID
        self.actionID = actionID
        self.epoch = epoch
        self.dryRun = dryRun
    }
}

/// A decision as it stands in the ledger: numbered from 1 without gaps and chained to the one before.
package struct LedgerEntry: Sendable, Equatable {
    package var sequence: Int
    /// The decision's JSON without `prev_hash` and `hash`: the canonical text that was hashed.
    package var body: String
    package var previousHash: String
    package var hash: String

    package init(sequence: Int, body: String, previousHash: String, hash: String) {
        self.sequence = sequence
        self.body = body
        self.previousHash = previousHash
        self.hash = hash
    }

    /// The chain's link: SHA-256 over the previous hash, the sequence and the body, separated by newlines.
    package static func hash(sequence: Int, body: String, previousHash: String) -> String {
        Digest.sha256("\(previousHash)\n\(sequence)\n\(body)")
    }

    /// What the first entry has as its `previousHash`.
    package static let genesis = String(repeating: "0", count: 64)
}

// MARK: - JSON

extension VerdictReason: CustomStringConvertible {
    package var description: String {
        switch self {
        case .tier(.auto): "the rule lets it run"
        case .tier(.autoNotify): "the rule lets it run with notice"
        case .tier(.approvalRequired): "the rule asks a person"
        case .tier(.forbidden): "the rule forbids it"
        case .held(let hold): hold.asReason
        case .rateLimitUsedUp(let limit, let used):
            "rate limit used up: \(used) of \(limit.maximum) in \(limit.windowSeconds) s for this kind and target"
        case .blastRadiusUsedUp(let radius, let used):
            "blast radius used up: \(used) of \(radius.maximumTargets) targets in \(radius.windowSeconds) s"
        case .outsideWindow(let window): "outside the maintenance window \(window)"
        case .approved(let people): "approved by \(people.joined(separator: ", "))"
        case .failedClosed(let message): "the gate could not decide and fails closed: \(message)"
        }
    }
}

extension RuleReference {
    package var json: JSONValue {
        switch origin {
        case .file(let line): ["id": .string(id), "origin": "file", "line": .integer(line)]
        case .override(let override):
            ["id": .string(id), "origin": "override", "override_id": .string(override), "line": nil]
        case .defaults: ["id": .string(id), "origin": "defaults", "line": nil]
        }
    }
}

extension Hold {
    package var json: JSONValue {
        [
            "scope": .string(scope.description), "reason": .string(reason), "by": .string(by),
            "at": .string(at.rfc3339), "until": JSONValue(until),
        ]
    }
}

extension DecisionChecks {
    package var json: JSONValue {
        [
            "hold": hold?.json ?? .null,
            "rate": [
                "used": .integer(rateUsed), "max": .integer(rateLimit.maximum),
                "window_s": .integer(rateLimit.windowSeconds),
            ],
            "blast": [
                "used": .integer(blastUsed), "max_targets": .integer(blastRadius.maximumTargets),
                "window_s": .integer(blastRadius.windowSeconds),
            ],
            "window": window.map { ["hours": .string($0.description), "open": .bool(windowOpen)] } ?? .null,
        ]
    }
}

extension Decision {
    /// The contract's decision, without `prev_hash` and `hash`, which the ledger adds.
    package var json: JSONObject {
        JSONObject(unique: [
            ("id", .string(id)), ("at", .string(at.rfc3339)), ("kind", .string(proposal.kind.rawValue)),
            ("target", .string(proposal.target)), ("params", .object(proposal.params)),
            ("source", .string(proposal.source.rawValue)), ("reason", .string(proposal.reason)),
            ("tier", .string(verdict.tier.rawValue)), ("decision", .string(verdict.kind.rawValue)),
            ("decision_reason", .string(verdict.reason.description)), ("rule", verdict.rule.json),
            ("approvals_needed", .integer(verdict.approvalsNeeded)), ("policy_digest", .string(policyDigest)),
            ("desired_digest", .string(proposal.desiredDigest)), ("evidence", .string(proposal.evidence)),
            ("requested_by", JSONValue(proposal.requestedBy)), ("checks", verdict.checks.json),
            ("earliest", JSONValue(verdict.earliest)), ("approval_id", JSONValue(approvalID)),
            ("action_id", JSONValue(actionID)), ("epoch", .integer(epoch)), ("dry_run", .bool(dryRun)),
        ])
    }
}

extension LedgerEntry {
    /// The contract's decision with its place in the chain.
    package var json: JSONValue {
        guard case .object(var object)? = try? JSONValue.parse(body, maximumDepth: 64) else { return .null }
        object["sequence"] = .integer(sequence)
        object["prev_hash"] = .string(previousHash)
        object["hash"] = .string(hash)
        return .object(object)
    }
}
