import CLibYAML

/// Decoders of one node each. All consume the node, whatever it is; those that return an optional have recorded an
/// error when they return nil. `what` names the field for the message.
extension YAMLReader {
    /// A mapping whose keys are fields of `table`. `body` consumes the value of each known field. False when the
    /// node is no mapping. `place` says where an unknown field stands: "a service", "a rule".
    @discardableResult
    func mapping<Field>(
        _ what: String, in place: String, _ table: FieldTable<Field>,
        _ body: (Field, Mark) throws(YAMLStop) -> Void
    ) throws(YAMLStop) -> Bool {
        guard isMapping else {
            try wrongType(what, "a mapping")
            return false
        }
        try advance()
        var seen: UInt64 = 0
        while !isMappingEnd {
            let keyMark = mark
            guard isScalar else {
                if event.type != YAML_ALIAS_EVENT { problems.error("a field name must be plain text", at: keyMark) }
                try skip()
                try skip()
                continue
            }
            guard let (index, field) = table.find(text) else {
                let name = shown(text)
                let nearest = nearestName(to: name, among: table.names) ?? ""
                problems.error(
                    "unknown field `\(name)` in \(place); the nearest known one is `\(nearest)`", at: keyMark)
                try advance()
                try skip()
                continue
            }
            try advance()
            if seen & (1 << UInt64(index)) != 0 {
                problems.error("field `\(field.rawValue)` stands twice in \(place)", at: keyMark)
                try skip()
                continue
            }
            seen |= 1 << UInt64(index)
            try body(field, keyMark)
        }
        try advance()
        return true
    }

    /// A list; `element` consumes each item. False when the node is no list.
    @discardableResult
    func sequence(_ what: String, _ element: () throws(YAMLStop) -> Void) throws(YAMLStop) -> Bool {
        guard isSequence else {
            try wrongType(what, "a list")
            return false
        }
        try advance()
        while !isSequenceEnd { try element() }
        try advance()
        return true
    }

    /// True when the node is null; it is consumed then, and only then.
    func takeNull() throws(YAMLStop) -> Bool {
        guard isScalar, event.plain, ScalarType(plain: text) == .null else { return false }
        try advance()
        return true
    }

    /// A string that is not empty. A plain scalar that reads as another type has to be quoted.
    func string(_ what: String) throws(YAMLStop) -> String? {
        guard isScalar else {
            try wrongType(what, "a string")
            return nil
        }
        if event.plain, ScalarType(plain: text) != .string {
            try wrongType(what, "a string")
            return nil
        }
        let value = String(decoding: text, as: UTF8.self)
        guard !value.isEmpty else {
            problems.error("`\(what)` is empty", at: mark)
            try advance()
            return nil
        }
        try advance()
        return value
    }

    func integer(_ what: String, in range: ClosedRange<Int>) throws(YAMLStop) -> Int? {
        guard isScalar, event.plain else {
            try wrongType(what, "an integer")
            return nil
        }
        switch ScalarType(plain: text) {
        case .integer(let value) where range.contains(value):
            try advance()
            return value
        case .integer, .hugeInteger:
            problems.error(
                "`\(what)` must be \(range.lowerBound) to \(range.upperBound), not `\(shown(text))`", at: mark)
            try advance()
            return nil
        default:
            try wrongType(what, "an integer")
            return nil
        }
    }

    /// A finite number, whole or not.
    func number(_ what: String) throws(YAMLStop) -> Double? {
        guard isScalar, event.plain else {
            try wrongType(what, "a number")
            return nil
        }
        switch ScalarType(plain: text) {
        case .integer(let value):
            try advance()
            return Double(value)
        case .number(let value) where value.isFinite:
            try advance()
            return value
        case .number, .hugeInteger:
            problems.error("`\(what)` must be finite, not `\(shown(text))`", at: mark)
            try advance()
            return nil
        default:
            try wrongType(what, "a number")
            return nil
        }
    }

    func bool(_ what: String) throws(YAMLStop) -> Bool? {
        guard isScalar, event.plain, case .bool(let value) = ScalarType(plain: text) else {
            try wrongType(what, "`true` or `false`")
            return nil
        }
        try advance()
        return value
    }

    /// One of the raw values of `Word`.
    func word<Word: CaseIterable & RawRepresentable<String>>(
        _ what: String, _ type: Word.Type
    ) throws(YAMLStop) -> Word? {
        let start = mark
        guard let text = try string(what) else { return nil }
        if let word = Word(rawValue: text) { return word }
        let known = Word.allCases.map { "`\($0.rawValue)`" }.joined(separator: ", ")
        problems.error("`\(what)` must be one of \(known), not `\(text.escapedForMessage)`", at: start)
        return nil
    }

    /// Records what stands here instead of what was expected, and consumes it.
    func wrongType(_ what: String, _ expected: String) throws(YAMLStop) {
        // An alias has been reported as one.
        if event.type != YAML_ALIAS_EVENT {
            problems.error("`\(what)` must be \(expected), not \(found(wanting: expected))", at: mark)
        }
        try skip()
    }

    private func found(wanting expected: String) -> String {
        if isMapping { return "a mapping" }
        if isSequence { return "a list" }
        let value = shown(text)
        guard event.plain else { return "the string \"\(value)\"" }
        let type =
            switch ScalarType(plain: text) {
            case .null: "null"
            case .bool: "the boolean `\(value)`"
            case .integer, .hugeInteger, .number: "the number `\(value)`"
            case .string: "the string `\(value)`"
            }
        let isQuotable = expected == "a string" && !text.isEmpty
        return isQuotable ? type + "; quote it: \"\(value)\"" : type
    }

    /// What the user wrote, fit for a message.
    func shown(_ text: UnsafeBufferPointer<UInt8>) -> String {
        String(decoding: text, as: UTF8.self).escapedForMessage
    }
}
