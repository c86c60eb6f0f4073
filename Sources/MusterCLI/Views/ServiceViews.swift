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
                .init(row.text("name"), .bold), .init(row["desired"]?.text("domain") ?? row.text("domain")),
                .init(row["desired"]?.text("desired") ?? row.text("desired")), .init(seen, .init(word: seen)),
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
        facts.add("replicas' owner", service.text("replicas_owner"))
        if let action = service["last_action"], !action.isNull {
            let age =
                TimeText.age(action["finished_at"], at: context.now)
                ?? TimeText.age(action["planned_at"], at: context.now)
            let words = [action.text("kind"), action.text("state"), age, action.text("detail")]
            facts.add("last action", words.compactMap { $0 }.joined(separator: ", "))
        }
        return facts.lines(on: context.terminal)
    }

    private static func condition(_ row: JSONValue) -> String? {
        row["observed"]?.text("condition") ?? row["observed"]?.text("status") ?? row.text("observed")
    }

    private static func divergence(_ row: JSONValue) -> String? {
        row.text("divergence") ?? row["divergence"]?.text("outcome") ?? row["divergence"]?.text("state")
    }

    private static func why(_ row: JSONValue) -> String? {
        let texts = [row["divergence"]?.text("reason"), row["observed"]?.text("detail"), row["hold"]?.text("reason")]
        return texts.compactMap { $0 }.first
    }

    /// `2/3`: running of wanted.
    private static func replicas(_ row: JSONValue) -> String? {
        guard let count = row["observed"]?["replicas"], let running = count.text("running") else {
            return row["observed"]?.text("replicas")
        }
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
