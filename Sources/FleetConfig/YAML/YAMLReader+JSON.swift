import CLibYAML
import FleetModel

/// Open values, where a file carries what the reader has no fields for (`params` of a policy test).
extension YAMLReader {
    func jsonObject(_ what: String) throws(YAMLStop) -> JSONObject? {
        guard isMapping else {
            try wrongType(what, "a mapping")
            return nil
        }
        return try jsonValue(what)?.object
    }

    /// Any node as JSON; nil after an error. Bounded in depth by the reader.
    private func jsonValue(_ what: String) throws(YAMLStop) -> JSONValue? {
        if isSequence {
            var values: [JSONValue] = []
            try sequence(what) { () throws(YAMLStop) in
                if let value = try jsonValue(what) { values.append(value) }
            }
            return .array(values)
        }
        guard isMapping else { return try jsonScalar(what) }
        var object = JSONObject()
        try advance()
        while !isMappingEnd {
            let start = mark
            guard isScalar else {
                problems.error("a field name must be plain text", at: start)
                try skip()
                try skip()
                continue
            }
            let name = String(decoding: text, as: UTF8.self)
            try advance()
            if object[name] != nil {
                problems.error("field `\(name.escapedForMessage)` stands twice in `\(what)`", at: start)
            }
            if let value = try jsonValue(what) { object[name] = value }
        }
        try advance()
        return .object(object)
    }

    private func jsonScalar(_ what: String) throws(YAMLStop) -> JSONValue? {
        guard isScalar else {
            try skip()
            return nil
        }
        let value: JSONValue?
        switch event.plain ? ScalarType(plain: text) : .string {
        case .null: value = .null
        case .bool(let flag): value = .bool(flag)
        case .integer(let number): value = .integer(number)
        case .number(let number) where number.isFinite: value = .number(number)
        case .string: value = .string(String(decoding: text, as: UTF8.self))
        case .number, .hugeInteger:
            problems.error("`\(shown(text))` in `\(what)` is outside what json holds", at: mark)
            value = nil
        }
        try advance()
        return value
    }
}
