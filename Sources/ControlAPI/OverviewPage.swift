internal import ControlPlane
internal import FleetModel

/// The overview's HTML. Everything that comes from outside goes through `HTML`'s escaping.
enum OverviewPage {
    struct Facts {
        var status: ReadinessStatus
        var readiness: JSONValue
        var topology: JSONValue
        var health: JSONValue
        var plan: Result<JSONValue, ControlError>
        var approvals: [Approval]
        var actions: [Action]
        var decisions: [JSONValue]
        var now: WallTime
    }

    /// How many rows of a bucket the page shows; the API has all.
    private static let rows = 50

    static let closed: HTML = """
        <p>This Muster knows its callers. Send a key with the scope <code>fleet:read</code>, for example</p>
        <pre>curl -H "Authorization: Bearer $MUSTER_API_KEY" …/api/fleet/plan</pre>
        """

    static func render(_ facts: Facts) -> HTML {
        """
        \(status(facts))\(instances(facts.topology))\(domains(facts.health))\(divergences(facts.plan))\(approvals(facts.approvals))
        \(actions(facts.actions))\(decisions(facts.decisions))<p class="quiet">Seen at \(facts.now.rfc3339).</p>
        """
    }

    static func document(_ content: HTML, version: String) -> HTML {
        """
        <!doctype html>
        <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
        <title>Muster</title><style>\(HTML(stringLiteral: style))</style></head>
        <body><header><h1>Muster</h1><span class="quiet">\(version)</span></header><main>\(content)</main>
        <footer><nav>\(links)</nav></footer></body></html>
        """
    }

    // MARK: - Sections

    private static func status(_ facts: Facts) -> HTML {
        let failing = (facts.readiness["checks"]?.object?.members ?? []).filter { $0.value["ok"]?.bool == false }
        let list = HTML.joined(
            failing.map { "<li><b>\($0.name)</b>: \($0.value["message"]?.string ?? "not ok")</li>" as HTML })
        let word: HTML = "<b class=\"\(facts.status.rawValue)\">\(facts.status.rawValue)</b>"
        return """
            <section><h2>Status</h2><p>\(word). Leader: \(leader(facts.topology)).</p>
            \(failing.isEmpty ? "" : "<ul>\(list)</ul>" as HTML)</section>
            """
    }

    private static func leader(_ topology: JSONValue) -> HTML {
        guard let leader = topology["leader"], let holder = leader["instance"]?.string else { return "none" }
        let since = leader["since"]?.string.map { ", since \($0)" } ?? ""
        let why = leader["reason"]?.string.map { " (\($0))" } ?? ""
        return "\(holder), epoch \(leader["epoch"]?.integer ?? 0)\(since)\(why)"
    }

    /// Shown where there are several: one alone is named as the leader above.
    private static func instances(_ topology: JSONValue) -> HTML {
        let instances = topology["instances"]?.array ?? []
        guard instances.count > 1 else { return "" }
        return section(
            "Instances", header: ["instance", "role", "version", "heartbeat"],
            rows: instances.prefix(rows).map { instance in
                ["instance", "role", "version", "heartbeat"].map { "\(field(instance, $0))" }
            }, total: instances.count)
    }

    /// Counts by domain, whichever counts the control plane keeps: the columns are the numbers found.
    private static func domains(_ health: JSONValue) -> HTML {
        var entries: [(name: String, counts: JSONObject)] = []
        switch health["domains"] {
        case .array(let items)?:
            entries = items.compactMap { item in
                item.object.map { (item["name"]?.string ?? "", $0) }
            }
        case .object(let object)?:
            entries = object.members.compactMap { member in member.value.object.map { (member.name, $0) } }
        default: break
        }
        guard !entries.isEmpty else { return "" }
        var columns: [String] = []
        for entry in entries {
            for member in entry.counts.members where member.value.integer != nil && !columns.contains(member.name) {
                columns.append(member.name)
            }
        }
        let shown = entries.prefix(rows).map { entry -> [HTML] in
            ["\(entry.name.isEmpty ? "(none)" : entry.name)"]
                + columns.map { column in "\(entry.counts[column]?.integer ?? 0)" }
        }
        return section("Domains", header: ["domain"] + columns, rows: shown, total: entries.count)
    }

    private static func divergences(_ plan: Result<JSONValue, ControlError>) -> HTML {
        let value: JSONValue
        switch plan {
        case .failure(let error):
            return "<section><h2>Not as wanted</h2><p>There is no plan: \(APIError(error).message).</p></section>"
        case .success(let plan): value = plan
        }
        var found: [[HTML]] = (value["proposals"]?.array ?? []).map { item in
            [
                name(item), "\(field(item, "kind")) proposed", "\(field(item, "reason"))",
                "\(field(item, "decision"))",
            ]
        }
        for bucket in ["deferred", "waiting", "in_flight", "blocked", "held", "unknown"] {
            for item in value[bucket]?.array ?? [] {
                let what = bucket.replacing("_", with: " ")
                found.append([name(item), "\(what)", "\(field(item, "reason"))", "\(field(item, "why"))"])
            }
        }
        let inSync = value["in_sync"]?.integer ?? 0
        guard !found.isEmpty else {
            return "<section><h2>Not as wanted</h2><p>All \(inSync) services are as wanted.</p></section>"
        }
        return section(
            "Not as wanted", header: ["service", "what", "why", "gate"], rows: Array(found.prefix(rows)),
            total: found.count, note: "\(inSync) more are as wanted.")
    }

    private static func approvals(_ approvals: [Approval]) -> HTML {
        guard !approvals.isEmpty else {
            return "<section><h2>Approvals</h2><p>Nothing waits for a person.</p></section>"
        }
        let found: [[HTML]] = approvals.map { approval in
            [
                "<a href=\"/api/fleet/approvals/\(approval.id)\">\(approval.proposal.kind.rawValue)</a>",
                "\(approval.proposal.target)", "\(approval.proposal.reason)", "\(approval.expiresAt.rfc3339)",
                "<code>muster approvals approve \(approval.id)</code>",
            ]
        }
        return section(
            "Approvals", header: ["kind", "target", "why", "expires", "to approve"], rows: found, total: found.count)
    }

    private static func actions(_ actions: [Action]) -> HTML {
        let found: [[HTML]] = actions.map { action in
            [
                "<a href=\"/api/fleet/actions/\(action.id)\">\(action.plannedAt.rfc3339)</a>",
                "\(action.proposal.kind.rawValue)", "\(action.proposal.target)",
                "\(action.state.rawValue)\(action.dryRun ? " (dry run)" : "")", "\(action.detail ?? "")",
            ]
        }
        return section(
            "Last actions", header: ["planned", "kind", "target", "state", "detail"], rows: found, total: found.count)
    }

    private static func decisions(_ decisions: [JSONValue]) -> HTML {
        let found: [[HTML]] = decisions.map { decision in
            [
                "<a href=\"/api/fleet/decisions/\(field(decision, "id"))\">\(field(decision, "at"))</a>",
                "\(field(decision, "kind"))", "\(field(decision, "target"))", "\(field(decision, "decision"))",
                "\(decision["rule"]?["id"]?.string ?? "")",
            ]
        }
        return section(
            "Last decisions", header: ["at", "kind", "target", "decision", "rule"], rows: found, total: found.count)
    }

    // MARK: - Pieces

    private static func section(
        _ title: String, header: [String], rows: [[HTML]], total: Int, note: String = ""
    ) -> HTML {
        guard !rows.isEmpty else { return "<section><h2>\(title)</h2><p>None yet.</p></section>" }
        let head = HTML.joined(header.map { "<th scope=\"col\">\($0.replacing("_", with: " "))</th>" as HTML })
        let body = HTML.joined(
            rows.map { row in "<tr>\(HTML.joined(row.map { "<td>\($0)</td>" as HTML }))</tr>" as HTML })
        let more = total > rows.count ? "\(total - rows.count) further rows are in the API. " : ""
        return """
            <section><h2>\(title)</h2><table><thead><tr>\(head)</tr></thead><tbody>\(body)</tbody></table>
            <p class="quiet">\(more)\(note)</p></section>
            """
    }

    private static func name(_ item: JSONValue) -> HTML {
        let name = field(item, "target")
        return Names.isServiceName(name) ? "<a href=\"/api/fleet/services/\(name)\">\(name)</a>" : "\(name)"
    }

    private static func field(_ item: JSONValue, _ name: String) -> String {
        item[name]?.string ?? ""
    }

    private static let links: HTML = .joined(
        [
            "readyz", "api/fleet/services", "api/fleet/plan", "api/fleet/approvals?status=pending",
            "api/fleet/actions", "api/fleet/decisions", "api/fleet/reports", "api/fleet/policy",
            "api/fleet/topology", "api/fleet/health", "metrics", "openapi.json",
        ].map { "<a href=\"/\($0)\">\($0)</a> " as HTML })

    static let style = """
        :root{color-scheme:light dark;font:15px/1.5 system-ui,sans-serif}
        body{margin:0 auto;max-width:75rem;padding:1rem}
        header{display:flex;gap:.75rem;align-items:baseline}h1{margin:0}h2{margin:1.5rem 0 .25rem;font-size:1.1rem}
        table{border-collapse:collapse;width:100%}
        th,td{text-align:left;padding:.25rem .75rem .25rem 0;vertical-align:top;border-bottom:1px solid #8884;\
        overflow-wrap:anywhere}
        .quiet{opacity:.7}nav a{margin-right:1rem}code,pre{font-family:ui-monospace,monospace}
        .ready{color:#197a34}.degraded{color:#a86200}.not_ready{color:#c02626}
        """
}
