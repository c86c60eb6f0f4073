package import FleetModel

extension Policy {
    /// Reads a policy file. Throws every error of it at once; a policy is never read in part.
    ///
    /// No IO: the caller has read the bytes. The digest is that of the bytes.
    package static func read(_ file: YAMLFile) throws(ConfigErrors) -> Policy {
        let problems = Problems(file: file.name)
        var decoder = PolicyDecoder()
        let isComplete = file.read(problems) { reader throws(YAMLStop) in try decoder.root(reader) }
        if isComplete { decoder.checkIDs(problems) }
        if isComplete, !decoder.hasRules, problems.isEmpty {
            problems.error("`rules` is missing; write `rules: []` for none", at: Mark(line: 1, column: 1))
        }
        guard problems.isEmpty else {
            throw ConfigErrors(
                problems.errors.sorted { ($0.line, $0.column) < ($1.line, $1.column) }, omitted: problems.omittedErrors)
        }
        return Policy(
            defaults: decoder.defaults, watchScaleDown: decoder.watchScaleDown, rules: decoder.rules,
            digest: Digest.sha256(file.bytes))
    }
}

private struct PolicyDecoder {
    var defaults = PolicyDefaults()
    var watchScaleDown = false
    var rules: [PolicyRule] = []
    var hasRules = false
    private var idMarks: [Mark] = []

    mutating func root(_ reader: YAMLReader) throws(YAMLStop) {
        try reader.mapping("the policy", in: "the policy", PolicyField.table) { field, _ throws(YAMLStop) in
            switch field {
            case .version: try reader.formatVersion()
            case .defaults: try defaults(reader)
            case .options: try options(reader)
            case .rules:
                hasRules = true
                var ordinal = 0
                try reader.sequence("rules") { () throws(YAMLStop) in
                    ordinal += 1
                    try rule(reader, ordinal: ordinal)
                }
            }
        }
    }

    /// First match wins, so two rules of one id could not be told apart in the ledger.
    func checkIDs(_ problems: Problems) {
        var lines: [String: Int] = [:]
        for (rule, mark) in zip(rules, idMarks) {
            if let line = lines[rule.id] {
                problems.error("rule id `\(rule.id.escapedForMessage)` is that of the rule at line \(line)", at: mark)
            } else if case .file(let line) = rule.origin {
                lines[rule.id] = line
            }
        }
    }

    private mutating func defaults(_ reader: YAMLReader) throws(YAMLStop) {
        try reader.mapping("defaults", in: "`defaults`", PolicyDefaultsField.table) { field, _ throws(YAMLStop) in
            switch field {
            case .tier: defaults.tier = try reader.word("tier", Tier.self) ?? defaults.tier
            case .rateLimit: defaults.rateLimit = try reader.rateLimit() ?? defaults.rateLimit
            case .blastRadius: defaults.blastRadius = try reader.blastRadius() ?? defaults.blastRadius
            }
        }
    }

    private mutating func options(_ reader: YAMLReader) throws(YAMLStop) {
        try reader.mapping("options", in: "`options`", PolicyOptionField.table) { field, _ throws(YAMLStop) in
            switch field {
            case .watchScaleDown: watchScaleDown = try reader.bool("watch_scale_down") ?? false
            }
        }
    }

    private mutating func rule(_ reader: YAMLReader, ordinal: Int) throws(YAMLStop) {
        let start = reader.mark
        var draft = RuleDraft(id: "rule-\(ordinal)", start: start)
        let isMapping = try reader.mapping("a rule", in: "a rule", RuleField.table) { field, _ throws(YAMLStop) in
            try draft.take(field, reader)
        }
        guard isMapping, let rule = draft.rule(origin: .file(line: start.line), reader.problems) else { return }
        rules.append(rule)
        idMarks.append(draft.idMark)
    }
}
