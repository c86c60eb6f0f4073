internal import FleetModel

/// What a route takes as its body. The same rule checks requests and describes the API.
enum BodyRule: Sendable {
    /// Nothing; what is sent all the same is not read.
    case none
    /// An object of these fields and no others. When no field is required, the body may be missing.
    case fields([BodyField], schema: String)
    /// An object whose fields the control plane checks.
    case free(schema: String)

    var schema: String? {
        switch self {
        case .none: nil
        case .fields(_, let schema), .free(let schema): schema
        }
    }
}

/// One field of a body.
struct BodyField: Sendable {
    enum Kind: Sendable {
        /// Text of 1...maximum characters; control characters are escaped before anything sees them.
        case text(maximum: Int)
        case choice([String])
        /// `^[a-z][a-z0-9_]{0,63}$`
        case actionKind
        /// `Names.isTarget`
        case target
        /// `service:x`, `domain:y` or `fleet`.
        case scope
        /// RFC 3339.
        case time
        case object
    }

    var name: String
    var kind: Kind
    var isRequired: Bool
    var summary: String

    init(_ name: String, _ kind: Kind, required: Bool = false, _ summary: String) {
        self.name = name
        self.kind = kind
        self.isRequired = required
        self.summary = summary
    }
}

extension BodyRule {
    var mayBeMissing: Bool {
        if case .fields(let fields, _) = self { !fields.contains(where: \.isRequired) } else { false }
    }

    /// Checks a parsed body and hands back its members as handlers use them: absent where they were `null`,
    /// texts escaped. An unknown field is a bad request; a field that is missing, or of a wrong type or value, is
    /// unprocessable.
    func checked(_ value: JSONValue) throws(APIError) -> JSONObject {
        guard case .object(let object) = value else { throw .badRequest("the body must be a JSON object") }
        guard case .fields(let fields, _) = self else { return object }
        for name in object.names where !fields.contains(where: { $0.name == name }) {
            throw .badRequest(Suggestion.unknown("field", name, allowed: fields.map(\.name)))
        }
        var output = JSONObject()
        for field in fields {
            guard let value = object[field.name], !value.isNull else {
                guard !field.isRequired else { throw .unprocessable("`\(field.name)` is required: \(field.summary)") }
                continue
            }
            output[field.name] = try field.checked(value)
        }
        return output
    }
}

extension BodyField {
    func checked(_ value: JSONValue) throws(APIError) -> JSONValue {
        if case .object = kind {
            guard value.object != nil else { throw .unprocessable("`\(name)` must be an object") }
            return value
        }
        guard let text = value.string else { throw .unprocessable("`\(name)` must be a string") }
        let shown = text.escapedForDisplay(maximumLength: 80)
        switch kind {
        case .text(let maximum):
            guard !text.isEmpty, text.unicodeScalars.count <= maximum else {
                throw .unprocessable("`\(name)` must have 1 to \(maximum) characters")
            }
            return .string(text.escapedForDisplay(maximumLength: maximum))
        case .choice(let choices):
            guard choices.contains(text) else {
                let list = choices.map { "`\($0)`" }.joined(separator: ", ")
                throw .unprocessable("`\(name)` is `\(shown)`; it must be one of \(list)")
            }
        case .actionKind:
            guard BodyField.isActionKind(text) else {
                throw .unprocessable("`\(name)` is `\(shown)`; a kind looks like `restart_service`")
            }
        case .target:
            guard Names.isTarget(text) else {
                throw .unprocessable(
                    "`\(name)` is `\(shown)`; it must begin with a letter or digit and go on with up to 127 of "
                        + "letters, digits, `_`, `.` and `-`")
            }
        case .scope:
            guard Hold.Scope(text) != nil else {
                throw .unprocessable("`\(name)` is `\(shown)`; it must be `service:NAME`, `domain:NAME` or `fleet`")
            }
        case .time:
            guard WallTime(rfc3339: text) != nil else {
                throw .unprocessable("`\(name)` is `\(shown)`; it must be a time such as `2026-01-31T06:00:00Z`")
            }
        case .object: break
        }
        return value
    }

    private static func isActionKind(_ text: String) -> Bool {
        guard let first = text.utf8.first, text.utf8.count <= 64, (0x61...0x7A).contains(first) else { return false }
        return text.utf8.allSatisfy {
            (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == UInt8(ascii: "_")
        }
    }
}
