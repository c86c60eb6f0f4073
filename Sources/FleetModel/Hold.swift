/// A person's "hands off".
package struct Hold: Hashable, Sendable {
    package enum Scope: Hashable, Sendable, Comparable, CustomStringConvertible {
        case fleet
        case domain(String)
        case service(String)

        /// `fleet`, `domain:y` or `service:x`; nil for everything else.
        package init?(_ text: String) {
            if text == "fleet" {
                self = .fleet
            } else if text.hasPrefix("domain:"), Names.isTarget(String(text.dropFirst(7))) {
                self = .domain(String(text.dropFirst(7)))
            } else if text.hasPrefix("service:"), Names.isTarget(String(text.dropFirst(8))) {
                self = .service(String(text.dropFirst(8)))
            } else {
                return nil
            }
        }

        package var description: String {
            switch self {
            case .fleet: "fleet"
            case .domain(let name): "domain:\(name)"
            case .service(let name): "service:\(name)"
            }
        }
    }

    package var scope: Scope
    package var reason: String
    package var by: String
    package var at: WallTime
    package var until: WallTime?

    package init(scope: Scope, reason: String, by: String, at: WallTime, until: WallTime? = nil) {
        self.scope = scope
        self.reason = reason
        self.by = by
        self.at = at
        self.until = until
    }

    /// Why something did not happen, in words.
    package var asReason: String { "held: \(scope) by \(by): \(reason)" }

    package func isInForce(at now: WallTime) -> Bool {
        until.map { now < $0 } ?? true
    }
}

extension Proposal {
    /// The parameter in which a stop asked for by a `kill` names that kill's scope; no request may set it.
    package static let killParameter = "kill"

    /// The scopes whose hold stands in the proposal's way: a kill's own hold does not stop what it asked for.
    package func scopes(domain: String?) -> [Hold.Scope] {
        let own = [.fleet, domain.map { .domain($0) }, .service(target)].compactMap { (scope: Hold.Scope?) in scope }
        guard kind == .stopService, source == .manual, let kill = params[Self.killParameter]?.string else { return own }
        return own.filter { $0.description != kill }
    }
}

/// The holds in force at one time; at most one per scope.
package struct HoldSet: Sendable, Equatable {
    package let holds: [Hold]
    private let fleet: Hold?
    private let domains: [String: Hold]
    private let services: [String: Hold]

    package init(_ holds: [Hold] = [], at now: WallTime) {
        let inForce = holds.filter { $0.isInForce(at: now) }.sorted { $0.scope < $1.scope }
        self.holds = inForce
        var fleet: Hold?
        var domains: [String: Hold] = [:]
        var services: [String: Hold] = [:]
        for hold in inForce {
            switch hold.scope {
            case .fleet: fleet = hold
            case .domain(let name): domains[name] = hold
            case .service(let name): services[name] = hold
            }
        }
        self.fleet = fleet
        self.domains = domains
        self.services = services
    }

    package var isEmpty: Bool { holds.isEmpty }

    /// The hold that covers a service, the widest first.
    package func hold(service: String, domain: String?) -> Hold? {
        fleet ?? domain.flatMap { domains[$0] } ?? services[service]
    }

    /// The first of these scopes' holds that is in force.
    package func hold(of scopes: [Hold.Scope]) -> Hold? {
        scopes.lazy.compactMap { scope in
            switch scope {
            case .fleet: fleet
            case .domain(let name): domains[name]
            case .service(let name): services[name]
            }
        }.first
    }
}
