internal import Crypto

/// What a caller may do (contract, HTTP). `Role` bundles them.
package enum Scope: String, Sendable, CaseIterable {
    case fleetRead = "fleet:read"
    case approvalsWrite = "approvals:write"
    case actionsWrite = "actions:write"
    case policyWrite = "policy:write"
    case eventsWrite = "events:write"
    case fleetAdmin = "fleet:admin"
}

/// The contract's roles; each adds to the one before, `service` stands apart.
package enum Role: String, Sendable, CaseIterable {
    case viewer
    case reviewer
    case `operator`
    case service
    case admin

    package var scopes: Set<Scope> {
        switch self {
        case .viewer: [.fleetRead]
        case .reviewer: [.fleetRead, .approvalsWrite]
        case .operator: [.fleetRead, .approvalsWrite, .actionsWrite, .policyWrite]
        case .service: [.fleetRead, .eventsWrite]
        case .admin: Set(Scope.allCases)
        }
    }
}

/// Who is calling. `name` is the person that votes and holds are recorded under.
package struct Principal: Sendable, Equatable {
    package var name: String
    package var scopes: Set<Scope>

    package init(name: String, scopes: Set<Scope>) {
        self.name = name
        self.scopes = scopes
    }

    /// Every caller, where no identity is configured.
    package static let local = Principal(name: "local", scopes: Set(Scope.allCases))
}

/// Why the entries of `API_KEYS` make no identity. Never holds a key.
package enum IdentityError: Error, Equatable, Sendable, CustomStringConvertible {
    case emptyName(index: Int)
    case emptyKey(name: String)
    case noGrant(name: String)
    case unknownGrant(name: String, grant: String)
    /// The same key under two entries: it would not say who calls.
    case sharedKey(first: String, second: String)

    package var description: String {
        switch self {
        case .emptyName(let index): "entry \(index + 1) of `API_KEYS` has no name"
        case .emptyKey(let name): "the entry of `\(name)` in `API_KEYS` has no key"
        case .noGrant(let name): "the entry of `\(name)` in `API_KEYS` has neither a role nor a scope"
        case .unknownGrant(let name, let grant):
            "`\(grant)` in the entry of `\(name)` in `API_KEYS` is no role ("
                + Role.allCases.map(\.rawValue).joined(separator: ", ") + ") and no scope ("
                + Scope.allCases.map(\.rawValue).joined(separator: ", ") + ")"
        case .sharedKey(let first, let second):
            "the entries of `\(first)` and `\(second)` in `API_KEYS` have the same key"
        }
    }
}

/// Whom the API knows, by key. Only digests of the keys are kept.
package struct Identity: Sendable {
    /// One entry of `API_KEYS`, taken apart: `name:key:role_or_scope[,…]`.
    package struct Key: Sendable {
        package var name: String
        package var key: String
        package var grants: [String]

        package init(name: String, key: String, grants: [String]) {
            self.name = name
            self.key = key
            self.grants = grants
        }
    }

    private struct Entry: Sendable {
        var principal: Principal
        var digest: SHA256Digest
    }

    private let entries: [Entry]

    /// No identity: every caller is `local` with all scopes.
    package static let none = Identity(entries: [])

    private init(entries: [Entry]) {
        self.entries = entries
    }

    /// Two entries may bear one name, so that a person's key can be rotated; two names may not share a key.
    package init(keys: [Key]) throws(IdentityError) {
        var entries: [Entry] = []
        for (index, key) in keys.enumerated() {
            guard !key.name.isEmpty else { throw .emptyName(index: index) }
            guard !key.key.isEmpty else { throw .emptyKey(name: key.name) }
            guard !key.grants.isEmpty else { throw .noGrant(name: key.name) }
            var scopes: Set<Scope> = []
            for grant in key.grants {
                if let role = Role(rawValue: grant) {
                    scopes.formUnion(role.scopes)
                } else if let scope = Scope(rawValue: grant) {
                    scopes.insert(scope)
                } else {
                    throw .unknownGrant(name: key.name, grant: grant)
                }
            }
            let digest = SHA256.hash(data: Array(key.key.utf8))
            if let other = entries.first(where: { $0.digest == digest }) {
                throw .sharedKey(first: other.principal.name, second: key.name)
            }
            entries.append(Entry(principal: Principal(name: key.name, scopes: scopes), digest: digest))
        }
        self.entries = entries
    }

    package var isConfigured: Bool { !entries.isEmpty }

    /// Whose credential it is, or nil. Compares the fixed-length digest with every entry's, each in constant time
    /// (swift-crypto's digest comparison), so that the time says nothing about keys.
    package func authenticate(_ credential: String) -> Principal? {
        let digest = SHA256.hash(data: Array(credential.utf8))
        var found: Principal?
        for entry in entries where entry.digest == digest { found = entry.principal }
        return found
    }
}
