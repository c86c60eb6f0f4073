package import FleetModel

/// What a view needs besides the JSON it shows.
package struct ViewContext: Sendable {
    package var terminal: Terminal
    package var now: WallTime
    /// `--wide`: nothing is cut, ids stand in full.
    package var isWide: Bool

    package init(terminal: Terminal, now: WallTime, isWide: Bool = false) {
        self.terminal = terminal
        self.now = now
        self.isWide = isWide
    }

    /// The table's lines; `absence` in place of an empty one.
    func lines(_ table: Table, absence: String) -> [String] {
        table.isEmpty ? [absence] : table.lines(on: terminal, width: isWide ? nil : terminal.width)
    }

    /// How the ids of these rows are written.
    func identifiers(_ rows: [JSONValue]) -> [String: String] {
        let ids = rows.compactMap { $0["id"]?.string }
        return isWide
            ? Dictionary(ids.map { ($0, $0) }, uniquingKeysWith: { first, _ in first }) : ShortIdentifier.short(ids)
    }
}

extension JSONValue {
    /// The member as text; nil where it is missing, null or a collection.
    func text(_ name: String) -> String? {
        switch self[name] {
        case .string(let text): text
        case .integer(let number): String(number)
        case .number(let number): "\(number)"
        case .bool(let flag): flag ? "yes" : "no"
        case .null, .array, .object, nil: nil
        }
    }

    /// A rule's id: the contract gives it as an object in decisions and approvals, as text in plans.
    var ruleID: String? {
        self["rule"]?.string ?? self["rule"]?["id"]?.string
    }

    /// `k=v k=v`, nested values as JSON; nil when there are none.
    func parameters(_ name: String = "params") -> String? {
        guard let object = self[name]?.object, !object.isEmpty else { return nil }
        return object.members.map { "\($0.name)=\($0.value.string ?? $0.value.text)" }.joined(separator: " ")
    }
}

extension TextStyle {
    /// The colour of a verdict, a status, a state or a condition.
    init(word: String?) {
        switch word {
        case "allow", "allow_notify", "succeeded", "executed", "up", "ready", "in_sync", "approved": self = .good
        case "queue_approval", "pending", "planned", "executing", "unknown", "degraded", "held", "waiting",
            "in_flight", "proposed", "updating":
            self = .warning
        case "deny", "denied", "failed", "down", "absent", "not_ready", "blocked": self = .bad
        case "expired", "superseded", "cancelled": self = .dim
        default: self = .plain
        }
    }
}
