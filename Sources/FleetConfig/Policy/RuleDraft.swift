import FleetModel

/// A rule while its fields are read, from a policy file or from a posted override.
struct RuleDraft {
    private(set) var id: String
    private(set) var idMark: Mark
    private let start: Mark
    private var present: Set<RuleField> = []
    private var kind: Glob?
    private var target = Glob.any
    private var source = Glob.any
    private var tier: Tier?
    private var rateLimit: RateLimit?
    private var blastRadius: BlastRadius?
    private var window: MaintenanceWindow?
    private var approvals = 1
    private var expires: WallTime?
    private var note: String?

    init(id: String, start: Mark) {
        self.id = id
        self.start = start
        idMark = start
    }

    /// Consumes the value of `field`.
    mutating func take(_ field: RuleField, _ reader: YAMLReader) throws(YAMLStop) {
        present.insert(field)
        switch field {
        case .id:
            idMark = reader.mark
            id = try reader.ruleID() ?? id
        case .kind: kind = try reader.glob("kind")
        case .target: target = try reader.glob("target") ?? target
        case .source: source = try reader.sourceGlob() ?? source
        case .tier: tier = try reader.word("tier", Tier.self)
        case .rateLimit: rateLimit = try reader.rateLimit()
        case .blastRadius: blastRadius = try reader.blastRadius()
        case .maintenanceWindow: window = try reader.maintenanceWindow()
        case .approvals: approvals = try reader.integer("approvals", in: 1...10) ?? approvals
        case .expires: expires = try reader.time("expires")
        case .note: note = try reader.string("note")
        }
    }

    /// The finished rule; nil, with the reason recorded, when something it needs is not there.
    func rule(origin: RuleOrigin, _ problems: Problems) -> PolicyRule? {
        for required in [RuleField.kind, .tier] where !present.contains(required) {
            problems.error("a rule needs `\(required.rawValue)`", at: start)
        }
        guard let kind, let tier else { return nil }
        return PolicyRule(
            id: id, kind: kind, target: target, source: source, tier: tier, rateLimit: rateLimit,
            blastRadius: blastRadius, window: window, approvals: approvals, expires: expires, note: note,
            origin: origin)
    }
}

/// Decoders of a rule's fields. They consume one node and return nil after an error.
extension YAMLReader {
    /// An id is shown, logged and looked for in the ledger: short, on one line.
    fileprivate func ruleID() throws(YAMLStop) -> String? {
        let start = mark
        guard let id = try string("id") else { return nil }
        if Names.isTarget(id) { return id }
        problems.error(
            "`id` takes letters, digits, `.`, `_` and `-`, at most 128, not `\(id.escapedForMessage)`", at: start)
        return nil
    }

    func glob(_ what: String) throws(YAMLStop) -> Glob? {
        let start = mark
        guard let pattern = try string(what) else { return nil }
        if let glob = Glob(pattern) { return glob }
        problems.error("`\(what)` is no pattern: `\(pattern.escapedForMessage)`; a `[` needs its `]`", at: start)
        return nil
    }

    /// A pattern over sources has to match one that exists: anything else is a slip that would never match.
    fileprivate func sourceGlob() throws(YAMLStop) -> Glob? {
        let start = mark
        guard let glob = try glob("source") else { return nil }
        if ProposalSource.allCases.contains(where: { glob.matches($0.rawValue) }) { return glob }
        let known = ProposalSource.allCases.map { "`\($0.rawValue)`" }.joined(separator: ", ")
        problems.error("`source` matches none of \(known): `\(glob.pattern.escapedForMessage)`", at: start)
        return nil
    }

    func time(_ what: String) throws(YAMLStop) -> WallTime? {
        let start = mark
        guard let text = try string(what) else { return nil }
        if let time = WallTime(rfc3339: text) { return time }
        problems.error(
            "`\(what)` must be a time such as `2026-12-31T00:00:00Z`, not `\(text.escapedForMessage)`", at: start)
        return nil
    }

    func rateLimit() throws(YAMLStop) -> RateLimit? {
        let start = mark
        var maximum: Int?
        var window: Int?
        let before = problems.errors.count
        try mapping("rate_limit", in: "`rate_limit`", RateLimitField.table) { field, _ throws(YAMLStop) in
            switch field {
            case .max: maximum = try integer("max", in: 0...10_000)
            case .windowSeconds: window = try windowSeconds()
            }
        }
        if let maximum, let window { return RateLimit(maximum: maximum, windowSeconds: window) }
        if problems.errors.count == before { problems.error("`rate_limit` needs `max` and `window_s`", at: start) }
        return nil
    }

    func blastRadius() throws(YAMLStop) -> BlastRadius? {
        let start = mark
        var maximum: Int?
        var window: Int?
        let before = problems.errors.count
        try mapping("blast_radius", in: "`blast_radius`", BlastRadiusField.table) { field, _ throws(YAMLStop) in
            switch field {
            case .maxTargets: maximum = try integer("max_targets", in: 0...10_000)
            case .windowSeconds: window = try windowSeconds()
            }
        }
        if let maximum, let window { return BlastRadius(maximumTargets: maximum, windowSeconds: window) }
        if problems.errors.count == before {
            problems.error("`blast_radius` needs `max_targets` and `window_s`", at: start)
        }
        return nil
    }

    /// At most 31 days: the ledger is read back so far, no further.
    private func windowSeconds() throws(YAMLStop) -> Int? {
        try integer("window_s", in: 1...31 * 86_400)
    }
}
