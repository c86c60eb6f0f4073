package import FleetModel

/// The registry's services as a table, and one of them in full.
package enum ServiceViews {
    package static func table(_ rows: [JSONValue], _ context: ViewContext) -> [String] {
        var table = Table([
            .init("NAME", minimumWidth: 12), .init("DOMAIN", minimumWidth: 6), .init("WANTED"), .init("SEEN"),
            .init("REPLICAS", alignsRight: true), .init("STATE"), .init("WHY", minimumWidth: 12),
        ])
        for row in rows {
            let seen = condition(row)
            let state = divergence(row)
            table.add([
                .init(row.text("name"), .bold), .init(row.text("domain")),
                .init(row["desired"]?.text("desired")), .init(seen, .init(word: seen)),
                .init(replicas(row)), .init(state?.replacing("_", with: " "), .init(word: state)),
                .init(why(row) ?? ""),
            ])
        }
        return context.lines(table, absence: "no services")
    }

    package static func details(_ service: JSONValue, _ context: ViewContext) -> [String] {
        var facts = Facts()
        facts.add("name", service.text("name"), .bold)
        let state = divergence(service)
        facts.add("state", state?.replacing("_", with: " "), .init(word: state))
        facts.add("why", why(service))
        for (title, member) in [("wanted", "desired"), ("seen", "observed"), ("hold", "hold")] {
            for (name, value) in service[member]?.object?.members ?? [] where !isEmpty(value) && name != "name" {
                facts.add("\(title) \(name.replacing("_", with: " "))", shown(value))
            }
        }
        facts.add(
            "replicas",
            [service.text("replicas_owner"), service.text("replicas_reason")].compactMap { $0 }.joined(separator: ": "))
        for (title, member) in [("open action", "open_action"), ("last action", "last_action")] {
            guard let action = service[member], !action.isNull else { continue }
            let time = action["finished_at"]?.isNull == false ? action["finished_at"] : action["planned_at"]
            let words = [
                action.text("kind"), action.text("state"), TimeText.age(time, at: context.now), action.text("detail"),
            ]
            facts.add(title, words.compactMap { $0 }.joined(separator: ", "))
        }
        return facts.lines(on: context.terminal)
    }

    private static func condition(_ row: JSONValue) -> String? {
        row["observed"]?.text("condition")
    }

    private static func divergence(_ row: JSONValue) -> String? {
        row["divergence"]?.text("status")
    }

    private static func why(_ row: JSONValue) -> String? {
        // `as wanted` beside `in sync` says nothing more.
        divergence(row) == Outcome.inSync.word ? nil : row["divergence"]?.text("reason")
    }

    /// `2/3`: running of wanted.
    private static func replicas(_ row: JSONValue) -> String? {
        guard let count = row["observed"]?["replicas"], let running = count.text("running") else { return nil }
        return "\(running)/\(count.text("wanted") ?? "?")"
    }

    private static func isEmpty(_ value: JSONValue) -> Bool {
        value.isNull || value.array?.isEmpty == true || value.object?.isEmpty == true
    }

    private static func shown(_ value: JSONValue) -> String {
        switch value {
        case .string(let text): text
        case .array(let items): items.map { $0.string ?? $0.text }.joined(separator: ", ")
        case .object(let object):
            object.members.filter { !$0.value.isNull }.map { "\($0.name)=\($0.value.string ?? $0.value.text)" }
                .joined(separator: " ")
        case .null, .bool, .integer, .number: value.text
        }
    }
}
