import FleetModel

enum SignalField: String, CaseIterable {
    case query
    case aggregation
    case unit
    case maximumAgeSeconds = "max_age_s"

    static let table = FieldTable(SignalField.self)
}

/// `signals:` of the registry or the overlay: definitions by name. What is wrong in one refuses the file.
extension YAMLReader {
    /// So many definitions in one file; each may cost a query at every evaluation.
    static let mostSignals = 256

    func signals() throws(YAMLStop) -> [SignalDefinition] {
        guard isMapping else {
            try wrongType("signals", "a mapping of names to definitions")
            return []
        }
        let start = mark
        try advance()
        var definitions: [SignalDefinition] = []
        var lines: [String: Int] = [:]
        while !isMappingEnd {
            let place = mark
            let name = try signalName("a signal's name")
            if let name, let first = lines[name] {
                problems.error("signal `\(name)` stands here again; it is first at line \(first)", at: place)
                try skip()
                continue
            }
            if let name { lines[name] = place.line }
            if let definition = try signal(name ?? "unnamed", at: place), name != nil {
                definitions.append(definition)
            }
        }
        try advance()
        if definitions.count > YAMLReader.mostSignals {
            problems.error("`signals` takes at most \(YAMLReader.mostSignals) definitions", at: start)
        }
        return definitions
    }

    /// `{query, aggregation, unit, max_age_s}`; without a query it is only ever pushed.
    private func signal(_ name: String, at start: Mark) throws(YAMLStop) -> SignalDefinition? {
        var present: Set<SignalField> = []
        var definition = SignalDefinition(name: name, aggregation: .fleetTotal, unit: "")
        let isMapping = try mapping(name, in: "a signal", SignalField.table) { field, _ throws(YAMLStop) in
            present.insert(field)
            switch field {
            case .query: definition.query = try signalQuery()
            case .aggregation:
                definition.aggregation = try word("aggregation", SignalAggregation.self) ?? .fleetTotal
            case .unit: definition.unit = try signalUnit() ?? ""
            case .maximumAgeSeconds:
                definition.maximumAgeSeconds =
                    try integer("max_age_s", in: 1...86_400) ?? definition.maximumAgeSeconds
            }
        }
        guard isMapping else { return nil }
        for required in [SignalField.aggregation, .unit] where !present.contains(required) {
            problems.error("signal `\(name)` needs `\(required.rawValue)`", at: start)
        }
        return definition
    }

    private func signalQuery() throws(YAMLStop) -> String? {
        let start = mark
        guard let text = try string("query") else { return nil }
        switch SignalQuery.read(text) {
        case .success(let query): return query.text
        case .failure(let problem):
            problems.error("`query` \(problem)", at: start)
            return nil
        }
    }

    private func signalUnit() throws(YAMLStop) -> String? {
        let start = mark
        guard let text = try label("unit") else { return nil }
        if text.utf8.count <= 32 { return text }
        problems.error("`unit` must be one line of at most 32 bytes", at: start)
        return nil
    }

    func signalName(_ what: String) throws(YAMLStop) -> String? {
        let start = mark
        guard let name = try string(what) else { return nil }
        if Names.isSignal(name) { return name }
        problems.error(
            "`\(what)` must be `a-z`, `0-9` and `_`, beginning with a letter, not `\(name.escapedForMessage)`",
            at: start)
        return nil
    }
}
