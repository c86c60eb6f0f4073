package import FleetModel

/// `muster status`: readiness with every check, then who leads and how the fleet is.
package enum StatusView {
    package static func lines(_ status: JSONValue, _ context: ViewContext) -> [String] {
        let word = status.text("status")
        var lines = [context.terminal.styled((word ?? "unknown").replacing("_", with: " "), .init(word: word))]
        var checks = Table([.init("CHECK"), .init("OK"), .init("MESSAGE", minimumWidth: 20)])
        for (name, check) in status["checks"]?.object?.members ?? [] {
            let isOK = check["ok"]?.bool == true
            checks.add([
                .init(name), .init(isOK ? "ok" : "not ok", isOK ? .good : .bad), .init(check.text("message") ?? ""),
            ])
        }
        lines += context.lines(checks, absence: "no checks")
        let facts = facts("", status["topology"]) + facts("", status["health"])
        if !facts.isEmpty {
            var shown = Facts()
            for fact in facts { shown.add(fact.name, fact.value) }
            lines += [""] + shown.lines(on: context.terminal)
        }
        return lines
    }

    /// The members as names and values, those of nested objects behind their own name; lists by their length.
    private static func facts(_ prefix: String, _ value: JSONValue?) -> [(name: String, value: String)] {
        (value?.object?.members ?? []).flatMap { name, value -> [(name: String, value: String)] in
            let name = (prefix + name).replacing("_", with: " ")
            return switch value {
            case .null: []
            case .object: facts(name + " ", value)
            case .array(let items): [(name, items.isEmpty ? "none" : list(items))]
            case .string(let text): [(name, text)]
            case .bool(let flag): [(name, flag ? "yes" : "no")]
            case .integer, .number: [(name, value.text)]
            }
        }
    }

    private static func list(_ items: [JSONValue]) -> String {
        let names = items.compactMap { $0.string ?? $0.text("name") ?? $0.text("domain") }
        return names.isEmpty ? "\(items.count)" : names.joined(separator: ", ")
    }
}
