import FleetModel

/// What a flag's value has to look like beyond its type.
enum FlagRules {
    static func isPrincipal(_ name: String) -> Bool { Names.isTarget(name) }

    static func isHost(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 253 && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x2F }
    }

    static func isHTTPURL(_ text: String) -> Bool { hasScheme(text, ["http", "https"]) }

    /// No user, query or fragment in it: it is printed.
    static func isBareHTTPURL(_ text: String) -> Bool {
        isHTTPURL(text) && text.utf8.allSatisfy { !"@?#".utf8.contains($0) }
    }

    static func isPostgresURI(_ text: String) -> Bool { hasScheme(text, ["postgresql", "postgres"]) }

    /// Reaches this machine only: `localhost`, 127.0.0.0/8, `::1`.
    static func isLoopback(_ host: String) -> Bool {
        if host.lowercased() == "localhost" || host == "::1" || host == "[::1]" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }

    private static func hasScheme(_ text: String, _ schemes: [String]) -> Bool {
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return false }
        return schemes.contains { text.lowercased().hasPrefix($0 + "://") && text.utf8.count > $0.utf8.count + 3 }
    }
}
