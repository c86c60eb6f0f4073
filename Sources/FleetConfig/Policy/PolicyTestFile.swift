package import FleetModel

/// A policy test file: cases of request and expected decision (docs/policy.md, testing a policy).
package struct PolicyTestFile: Sendable {
    /// The policy under test, relative to the test file; nil when the file leaves it to the command line.
    package var policyPath: String?
    /// Never empty.
    package var cases: [PolicyTestCase]

    /// Throws every error of the file at once; a file without cases, or a case that expects nothing, is one.
    package static func read(_ file: YAMLFile) throws(ConfigErrors) -> PolicyTestFile {
        let problems = Problems(file: file.name)
        var decoder = PolicyTestDecoder()
        let isComplete = file.read(problems) { reader throws(YAMLStop) in try decoder.root(reader) }
        if isComplete, problems.isEmpty, decoder.cases.isEmpty {
            problems.error("the file has no cases, so it tests nothing", at: Mark(line: 1, column: 1))
        }
        guard problems.isEmpty else { throw ConfigErrors(problems.errors, omitted: problems.omittedErrors) }
        return PolicyTestFile(policyPath: decoder.policyPath, cases: decoder.cases)
    }
}

private enum TestFileField: String, CaseIterable {
    case version
    case policy
    case cases

    static let table = FieldTable(TestFileField.self)
}

private enum CaseField: String, CaseIterable {
    case name
    case request
    case at
    case spent
    case held
    case expect

    static let table = FieldTable(CaseField.self)
}

private enum RequestField: String, CaseIterable {
    case kind
    case target
    case source
    case params

    static let table = FieldTable(RequestField.self)
}

private enum SpendField: String, CaseIterable {
    case kind
    case target
    case agoSeconds = "ago_s"

    static let table = FieldTable(SpendField.self)
}

private enum ExpectField: String, CaseIterable {
    case decision
    case rule

    static let table = FieldTable(ExpectField.self)
}

private struct PolicyTestDecoder {
    /// 2026-01-05T12:00:00Z, a Monday at noon.
    static let defaultTime = WallTime(seconds: 1_767_614_400)

    var policyPath: String?
    var cases: [PolicyTestCase] = []
    private var lines: [String: Int] = [:]

    mutating func root(_ reader: YAMLReader) throws(YAMLStop) {
        try reader.mapping("the test file", in: "the test file", TestFileField.table) { field, _ throws(YAMLStop) in
            switch field {
            case .version: try reader.formatVersion()
            case .policy: policyPath = try reader.string("policy")
            case .cases: try reader.sequence("cases") { () throws(YAMLStop) in try testCase(reader) }
            }
        }
    }

    private mutating func testCase(_ reader: YAMLReader) throws(YAMLStop) {
        let start = reader.mark
        var name: String?
        var request: Proposal?
        var expected: (decision: VerdictKind, rule: String?)?
        var time = PolicyTestDecoder.defaultTime
        var spent: [PolicyTestCase.Spend] = []
        var held = false
        var present: Set<CaseField> = []
        let isMapping = try reader.mapping("a case", in: "a case", CaseField.table) { field, _ throws(YAMLStop) in
            present.insert(field)
            switch field {
            case .name: name = try reader.string("name")
            case .request: request = try self.request(reader)
            case .at: time = try reader.time("at") ?? time
            case .spent:
                try reader.sequence("spent") { () throws(YAMLStop) in spent += try spend(reader).map { [$0] } ?? [] }
            case .held: held = try reader.bool("held") ?? false
            case .expect: expected = try expectation(reader)
            }
        }
        guard isMapping else { return }
        for required in [CaseField.name, .request, .expect] where !present.contains(required) {
            reader.problems.error("a case needs `\(required.rawValue)`", at: start)
        }
        guard let name, let request, let expected else { return }
        if let line = lines[name] {
            reader.problems.error("the case at line \(line) has the same name, `\(name.escapedForMessage)`", at: start)
        }
        lines[name] = start.line
        cases.append(
            PolicyTestCase(
                name: name, proposal: request, at: time, spent: spent, isHeld: held,
                expectedDecision: expected.decision, expectedRule: expected.rule, line: start.line))
    }

    private func request(_ reader: YAMLReader) throws(YAMLStop) -> Proposal? {
        let start = reader.mark
        var kind: String?
        var target: String?
        var source = ProposalSource.manual
        var params = JSONObject()
        var present: Set<RequestField> = []
        let isMapping = try reader.mapping("request", in: "`request`", RequestField.table) {
            field, _ throws(YAMLStop) in
            present.insert(field)
            switch field {
            case .kind: kind = try reader.string("kind")
            case .target: target = try reader.target("target")
            case .source: source = try reader.word("source", ProposalSource.self) ?? source
            case .params: params = try reader.jsonObject("params") ?? params
            }
        }
        guard isMapping else { return nil }
        for required in [RequestField.kind, .target] where !present.contains(required) {
            reader.problems.error("`request` needs `\(required.rawValue)`", at: start)
        }
        guard let kind, let target else { return nil }
        return Proposal(
            kind: ActionKind(rawValue: kind), target: target, params: params, source: source, reason: "policy test")
    }

    private func spend(_ reader: YAMLReader) throws(YAMLStop) -> PolicyTestCase.Spend? {
        let start = reader.mark
        var kind: String?
        var target: String?
        var ago: Int?
        let before = reader.problems.errors.count
        try reader.mapping("spent", in: "`spent`", SpendField.table) { field, _ throws(YAMLStop) in
            switch field {
            case .kind: kind = try reader.string("kind")
            case .target: target = try reader.target("target")
            case .agoSeconds: ago = try reader.integer("ago_s", in: 0...366 * 86_400)
            }
        }
        if let kind, let target, let ago {
            let key = ActionKey(kind: ActionKind(rawValue: kind), target: target)
            return PolicyTestCase.Spend(key: key, agoSeconds: ago)
        }
        if reader.problems.errors.count == before {
            reader.problems.error("a spend needs `kind`, `target` and `ago_s`", at: start)
        }
        return nil
    }

    private func expectation(_ reader: YAMLReader) throws(YAMLStop) -> (decision: VerdictKind, rule: String?)? {
        let start = reader.mark
        var decision: VerdictKind?
        var rule: String?
        let before = reader.problems.errors.count
        try reader.mapping("expect", in: "`expect`", ExpectField.table) { field, _ throws(YAMLStop) in
            switch field {
            case .decision: decision = try reader.word("decision", VerdictKind.self)
            case .rule: rule = try reader.string("rule")
            }
        }
        if decision == nil, reader.problems.errors.count == before {
            reader.problems.error("`expect` needs a `decision`", at: start)
        }
        return decision.map { ($0, rule) }
    }
}

extension YAMLReader {
    fileprivate func target(_ what: String) throws(YAMLStop) -> String? {
        let start = mark
        guard let name = try string(what) else { return nil }
        if Names.isTarget(name) { return name }
        problems.error("`\(what)` must be a name that docker takes, not `\(name.escapedForMessage)`", at: start)
        return nil
    }
}
