import FleetModel
import MusterCLI
import Testing

@Suite("views fit 80 columns whatever the names, and say what matters")
struct ViewTests {
    static let context = ViewContext(terminal: Terminal(), now: WallTime(seconds: 1_767_225_600))
    static let name = "a-service-" + String(repeating: "x", count: 53)
    static let reason = String(repeating: "日本語の長い理由 and a long reason; ", count: 12)

    static let hold: JSONValue = [
        "scope": "domain:data", "reason": .string(reason), "by": "someone", "at": "2025-12-31T23:00:00Z",
        "until": nil,
    ]
    static let checks: JSONValue = [
        "hold": nil, "rate": ["used": 3, "max": 3, "window_s": 3600],
        "blast": ["used": 1, "max_targets": 3, "window_s": 1800],
        "window": ["hours": "02:00-05:00 UTC", "open": false],
    ]

    static let action: JSONValue = [
        "id": "action:01jd4z8q2mabcdefghjkmnpqrs", "kind": "restart_service", "target": .string(name), "params": [:],
        "source": "manual", "reason": .string(reason), "state": "failed", "dry_run": true, "detail": .string(reason),
        "planned_at": "2025-12-31T23:00:00Z", "started_at": nil, "finished_at": nil,
    ]

    static let decision: JSONValue = [
        "id": "action_decision:01jd4z8q2mabcdefghjkmnpqrs", "sequence": 123_456, "at": "2025-12-31T23:00:00Z",
        "kind": "restart_service", "target": .string(name), "decision": "queue_approval",
        "rule": ["id": .string(name), "origin": "file", "line": 7], "decision_reason": .string(reason),
    ]

    static let service: JSONValue = [
        "name": .string(name), "domain": "data",
        "desired": ["name": .string(name), "desired": "running", "image": "a:1"],
        "observed": ["condition": "down", "detail": .string(reason), "replicas": ["running": 1, "wanted": 3]],
        "divergence": ["status": "proposed", "reason": .string(reason)], "hold": hold, "replicas_owner": "registry",
        "last_action": action,
    ]

    static let status: JSONValue = [
        "status": "degraded",
        "checks": ["store": ["ok": true], "registry": ["ok": false, "message": .string(reason)]],
        "topology": [
            "leader": [
                "instance": .string(name), "epoch": 3, "since": "2025-12-31T23:00:00Z", "reason": "expired",
                "detail": .string(reason),
            ],
            "instances": [
                [:],
                [
                    "instance": .string(name), "role": "leader", "version": "1", "heartbeat": "2025-12-31T23:59:57Z",
                    "started_at": "2025-12-31T22:00:00Z", "self": true,
                ],
            ],
        ],
        "health": ["domains": [["name": .string(name), "services": 1, "up": 100_000]], "total": ["services": 1]],
    ]

    static let explanation: JSONValue = [
        "decision": "queue_approval", "reason": .string(reason), "tier": "auto", "approvals_needed": 2,
        "rule": ["id": .string(name), "origin": "file", "line": 7], "checks": checks,
        "earliest": "2026-01-01T02:00:00Z",
    ]

    static let views: [(name: String, lines: [String], says: [String])] = [
        ("actions", ActionViews.actions([action], context), ["failed", "1h ago", "dry run"]),
        ("decisions", ActionViews.decisions([decision], context), ["123456", "queue_approval"]),
        ("services", ServiceViews.table([service], context), ["running", "down", "1/3", "proposed"]),
        ("service", ServiceViews.details(service, context), ["domain:data", "registry", "restart_service, failed"]),
        (
            "status", StatusView.lines(status, context),
            ["degraded", "not ok", "epoch 3, since 1h ago", "expired", "3s ago", "leader, answered", "total"]
        ),
        (
            "explanation", ExplanationView.lines(explanation, context),
            ["3 of 3", "1 of 3", "closed", "line 7", "2026-01-01T02:00:00Z", "or by approval"]
        ),
        (
            "follow", [FollowView.decision(decision, context), FollowView.action(action, context)],
            ["23:00:00", "failed"]
        ),
        (
            "approval", ApprovalViews.details(ClientCommandTests.approval(ClientCommandTests.first, name), context),
            [ClientCommandTests.first, "0 of 1", "3 times"]
        ),
        (
            "approvals", ApprovalViews.table([ClientCommandTests.approval(ClientCommandTests.first, name)], context),
            ["pending", "jkmnpqrs"]
        ),
        (
            "plan",
            PlanViews.lines(
                [
                    "proposals": [decision], "in_sync": 7,
                    "held": [["target": .string(name), "reason": .string(reason)]],
                ], context), ["1 proposed, 7 in sync, 1 held", "queue_approval"]
        ),
    ]

    @Test("no line is wider than the terminal, and the facts are there", arguments: views)
    func fits(name: String, lines: [String], says: [String]) {
        for line in lines { #expect(line.displayWidth <= 80, "\(line)") }
        // A wrapped fact stands over several lines.
        let text = lines.joined(separator: " ").split(separator: " ").joined(separator: " ")
        for fact in says { #expect(text.contains(fact), "\(fact): \(text)") }
    }

    @Test("an empty list says so instead of printing titles alone")
    func empty() {
        #expect(ApprovalViews.table([], Self.context) == ["no approvals"])
        #expect(ActionViews.actions([], Self.context) == ["no actions"])
        #expect(ActionViews.decisions([], Self.context) == ["no decisions"])
    }

    @Test("--wide cuts nothing and prints ids in full")
    func wide() {
        var context = Self.context
        context.isWide = true
        let text = ActionViews.actions([Self.action], context).joined()
        #expect(text.contains(Self.name) && text.contains("action:01jd4z8q2mabcdefghjkmnpqrs"))
    }

    static let outlooks: [(json: JSONValue, says: String)] = [
        (["decision": "allow", "checks": checks], "now"),
        (["decision": "queue_approval", "earliest": nil, "checks": checks], "by approval"),
        (
            ["decision": "deny", "earliest": "2026-01-01T02:00:00Z", "checks": checks],
            "by itself at 2026-01-01T02:00:00Z"
        ),
        (["decision": "deny", "earliest": nil, "checks": ["hold": hold]], "muster resume domain:data"),
        (["decision": "deny", "earliest": nil, "checks": checks], "another rule"),
    ]

    @Test("explain says what would let it through", arguments: outlooks)
    func outlook(json: JSONValue, says: String) {
        let line = ExplanationView.lines(json, Self.context).last ?? ""
        #expect(line.hasPrefix("let through") && line.contains(says), "\(line)")
    }
}

@Suite("doctor's findings")
struct FindingTests {
    @Test("the worst finding is the status, and advice stands below its finding")
    func worst() {
        let fine = Finding.ok("clock", "it shows the time")
        let odd = Finding.warn("disk", String(repeating: "little room ", count: 20), do: "make room")
        let bad = Finding.fail("docker", "no answer", do: "start dockerd")
        #expect(FindingsView.worst([fine]) == .ok)
        #expect(FindingsView.worst([fine, odd]) == .warn)
        #expect(FindingsView.worst([bad, odd, fine]) == .fail)
        let lines = FindingsView.lines([fine, odd, bad], on: Terminal())
        #expect(lines.allSatisfy { $0.displayWidth <= 80 }, "\(lines)")
        #expect(lines[0].hasPrefix("ok    clock"))
        #expect(lines.last?.drop { $0 == " " } == "-> start dockerd")
    }
}
