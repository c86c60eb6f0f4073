internal import FleetModel

/// A piece of HTML. Text becomes one only by being escaped, so that what a container, a label or a person says can
/// never become markup.
struct HTML: ExpressibleByStringInterpolation, Sendable {
    private(set) var source: String

    init(stringLiteral value: String) {
        source = value
    }

    init(stringInterpolation: Interpolation) {
        source = stringInterpolation.output
    }

    static func joined(_ parts: some Sequence<HTML>) -> HTML {
        var html: HTML = ""
        for part in parts { html.source += part.source }
        return html
    }

    struct Interpolation: StringInterpolationProtocol {
        fileprivate var output = ""

        init(literalCapacity: Int, interpolationCount: Int) {
            output.reserveCapacity(literalCapacity + interpolationCount * 16)
        }

        mutating func appendLiteral(_ literal: String) { output += literal }
        mutating func appendInterpolation(_ html: HTML) { output += html.source }
        mutating func appendInterpolation(_ number: Int) { output += String(number) }

        /// Text and attribute values alike: the five characters with a meaning in markup, and everything that a
        /// terminal or a bidirectional layout would obey.
        mutating func appendInterpolation(_ text: String) {
            for scalar in text.escapedForDisplay().unicodeScalars {
                switch scalar {
                case "&": output += "&amp;"
                case "<": output += "&lt;"
                case ">": output += "&gt;"
                case "\"": output += "&quot;"
                case "'": output += "&#39;"
                default: output.unicodeScalars.append(scalar)
                }
            }
        }
    }
}
