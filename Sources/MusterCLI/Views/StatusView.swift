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
        lines += topology(status["topology"], context)
        lines += health(status["health"], context)
        return lines
    }

    private static func topology(_ topology: JSONValue?, _ context: ViewContext) -> [String] {
        guard let topology else { return [] }
        var facts = Facts()
        if let leader = topology["leader"], !leader.isNull {
            let since = TimeText.age(leader["since"], at: context.now).map { ", since \($0)" } ?? ""
            facts.add("leader", "\(leader.text("instance") ?? "-"), epoch \(leader.text("epoch") ?? "-")\(since)")
            facts.add(
                "elected", [leader.text("reason"), leader.text("detail")].compactMap(\.self).joined(separator: ": "))
        } else {
            facts.add("leader", "none", .warning)
        }
        var instances = Table([
            .init("INSTANCE", minimumWidth: 12), .init("ROLE"), .init("VERSION"), .init("HEARTBEAT"), .init("UP"),
        ])
        for instance in topology["instances"]?.array ?? [] {
            let isSelf = instance["self"]?.bool == true ? ", answered" : ""
            let role = instance["silent"]?.bool == true ? "silent" : instance.text("role") ?? "-"
            instances.add([
                .init(instance.text("instance") ?? "-"),
                .init(role + isSelf, instance["role"] == "leader" ? .bold : .plain),
                .init(instance.text("version") ?? "-"),
                .init(TimeText.age(instance["heartbeat"], at: context.now) ?? "-"),
                .init(TimeText.age(instance["started_at"], at: context.now) ?? "-"),
            ])
        }
        return [""] + facts.lines(on: context.terminal) + [""] + context.lines(instances, absence: "no instances")
    }

    private static func health(_ health: JSONValue?, _ context: ViewContext) -> [String] {
        guard let health else { return [] }
        let counts = ["services", "up", "down", "absent", "unknown", "held", "diverging"]
        var table = Table([.init("DOMAIN", minimumWidth: 8)] + counts.map { .init($0.uppercased(), alignsRight: true) })
        let total = health["total"].map { [("total", $0)] } ?? []
        for (name, row) in (health["domains"]?.array ?? []).map({ ($0.text("name") ?? "", $0) }) + total {
            table.add(
                [.init(name.isEmpty ? "-" : name, name == "total" ? .bold : .plain)]
                    + counts.map { count in
                        let number = row.text(count) ?? "-"
                        return .init(number, number == "0" ? .dim : .init(word: count))
                    })
        }
        return [""] + context.lines(table, absence: "no services")
    }
}
