/// Ids that fit a table and can be typed: the last characters of the 26 that follow an id's prefix.
///
/// The first ten characters are a time and nearly the same for all that was made together; the last are random.
package enum ShortIdentifier {
    package static let length = 8

    /// What follows the prefix: `01j…` of `action_approval:01j…`.
    package static func bare(_ id: String) -> String {
        id.split(separator: ":", maxSplits: 1).last.map(String.init) ?? id
    }

    /// The shortest ending, of at least `length` characters and the same for all, that tells these ids apart.
    package static func short(_ ids: [String]) -> [String: String] {
        let unique = Set(ids)
        var count = length
        while count < 26, Set(unique.map { bare($0).suffix(count) }).count < unique.count { count += 2 }
        return Dictionary(uniqueKeysWithValues: unique.map { ($0, String(bare($0).suffix(count))) })
    }

    package enum Match: Equatable, Sendable {
        /// A whole id; it needs no list to be known.
        case whole(String)
        /// Part of an id: it must be looked for.
        case part(String)
        /// Neither.
        case invalid
    }

    /// What a person typed. A whole id may come without its prefix; a part has at least four characters.
    package static func parse(_ text: String, prefix: String) -> Match {
        let given = text.lowercased()
        let rest = given.hasPrefix(prefix + ":") ? String(given.dropFirst(prefix.count + 1)) : given
        guard rest.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber) }) else { return .invalid }
        switch rest.count {
        case 26: return .whole("\(prefix):\(rest)")
        case 4..<26: return .part(rest)
        default: return .invalid
        }
    }

    /// The ids that begin or end with this part.
    package static func candidates(_ part: String, among ids: [String]) -> [String] {
        ids.filter { bare($0).hasSuffix(part) || bare($0).hasPrefix(part) }
    }
}
