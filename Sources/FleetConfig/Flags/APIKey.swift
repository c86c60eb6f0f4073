/// One entry of `API_KEYS`: who bears the key, and what it grants.
package struct APIKey: Equatable, Sendable {
    /// Also the name under which votes and actions are recorded.
    package var name: String
    package var key: Secret
    /// Roles and scopes as written, at least one.
    package var grants: [String]

    package init(name: String, key: Secret, grants: [String]) {
        self.name = name
        self.key = key
        self.grants = grants
    }

    /// What an entry may grant (contract, HTTP: scopes by role).
    package static let roles = ["viewer", "reviewer", "operator", "service", "admin"]
    package static let scopes = [
        "fleet:read", "approvals:write", "actions:write", "policy:write", "events:write", "fleet:admin",
    ]

    /// Parses `name:key:role_or_scope[,…]` entries. Messages name an entry by its position or name, never by its key.
    static func parse(_ entries: [String]) -> (keys: [APIKey], messages: [String]) {
        var keys: [APIKey] = []
        var messages: [String] = []
        for (offset, entry) in entries.enumerated() {
            // Scopes hold colons themselves: only the first two separate.
            let parts = entry.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 3, !parts[1].isEmpty, FlagRules.isPrincipal(parts[0]) else {
                messages.append("entry \(offset + 1) must be `name:key:role_or_scope`")
                continue
            }
            let (name, key) = (parts[0], Secret(parts[1]))
            let grants = parts[2].split(separator: ",", omittingEmptySubsequences: false).map(String.init)
            for grant in grants where !(roles + scopes).contains(grant) {
                // With a key that holds a colon, its rest would stand here: say nothing of what was written.
                messages.append("entry \(offset + 1) (`\(name)`) grants what is neither a role nor a scope; \(known)")
            }
            if keys.contains(where: { $0.name == name }) { messages.append("the name `\(name)` stands twice") }
            if let other = keys.first(where: { $0.key == key }) {
                messages.append("`\(other.name)` and `\(name)` have the same key")
            }
            keys.append(APIKey(name: name, key: key, grants: grants))
        }
        return (keys, messages)
    }

    private static var known: String {
        (roles + scopes).map { "`\($0)`" }.joined(separator: ", ")
    }
}
