package import FleetModel

/// `--param name=value` as the API's `params`.
package enum ActionParameters {
    package enum Problem: Error, Equatable, Sendable, CustomStringConvertible {
        case noValue(String)
        case repeated(String)
        case invalidJSON(String, String)

        package var description: String {
            switch self {
            case .noValue(let text): "`\(text)`: expected `name=value`"
            case .repeated(let name): "the parameter `\(name)` is given twice"
            case .invalidJSON(let name, let message): "the value of `\(name)` is not JSON: \(message)"
            }
        }
    }

    /// Whole numbers, `true` and `false` become what they look like. What begins with `"`, `[` or `{` is read as
    /// JSON, so `tag='"7"'` is text. All else is text: `version=1.10` stays `1.10`.
    package static func parse(_ texts: [String]) throws(Problem) -> JSONObject {
        var object = JSONObject()
        for text in texts {
            guard let sign = text.firstIndex(of: "="), sign > text.startIndex else { throw .noValue(text) }
            let name = String(text[..<sign])
            guard object[name] == nil else { throw .repeated(name) }
            object[name] = try value(String(text[text.index(after: sign)...]), of: name)
        }
        return object
    }

    private static func value(_ text: String, of name: String) throws(Problem) -> JSONValue {
        if text == "true" || text == "false" { return .bool(text == "true") }
        // `007` and `+7` are no JSON numbers and stay text.
        if let number = Int(text), String(number) == text, number.magnitude <= 1 << 53 { return .integer(number) }
        guard let first = text.first, "\"[{".contains(first) else { return .string(text) }
        do {
            return try JSONValue.parse(text)
        } catch {
            throw .invalidJSON(name, "\(error)")
        }
    }
}
