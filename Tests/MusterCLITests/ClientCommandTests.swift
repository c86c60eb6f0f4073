import FleetModel
import Synchronization
import Testing

@Suite("commands against an API", .timeLimit(.minutes(2)))
struct ClientCommandTests {
    static let first = "action_approval:01jd4z8q2mabcdefghjkmnpqrs"
    static let second = "action_approval:01jd4z8q2mabcdefghjkaaaaaa"

    static func approval(_ id: String, _ target: String) -> JSONValue {
        [
            "id": .string(id), "kind": "restart_service", "target": .string(target), "params": [:],
            "source": "reconciler", "reason": "exited with code 137 and a rather long story of how it came to that",
            "tier": "approval_required", "rule": ["id": "defaults", "origin": "defaults", "line": nil],
            "status": "pending", "created_at": "2026-01-01T00:00:00Z", "expires_at": "2026-01-02T00:00:00Z",
            "last_seen_at": "2026-01-01T00:10:00Z", "seen_count": 3, "approvals_needed": 1, "votes": [],
            "action_id": nil, "resolution": nil, "digest": "d",
        ]
    }

    static func queue() throws -> CannedAPI {
        try CannedAPI { request in
            let path = request.line.split(separator: " ")[1]
            if path.hasPrefix("/api/fleet/approvals?") {
                return .init(["approvals": [approval(first, "web"), approval(second, "db")], "next_cursor": nil])
            }
            if path.hasPrefix("/api/fleet/approvals/\(first)") {
                return .init([
                    "status": "success",
                    "result": [
                        "approval_id": .string(first), "decision": "approved", "approval_status": "approved",
                    ],
                ])
            }
            return .init(
                ["status": "error", "error": "conflict", "message": "it is `expired`", "request_id": "r-1"],
                status: 409)
        }
    }

    @Test("approvals fit 80 columns, and the ids shown find their approval")
    func approvals() async throws {
        let api = try Self.queue()
        defer { api.stop() }
        let run = try await MusterBinary.run(["approvals", "--url", api.url])
        #expect(run.status == 0, "\(run)")
        let lines = run.output.split(separator: "\n")
        #expect(lines.count == 3 && lines.allSatisfy { $0.count <= 80 }, "\(run.output)")
        #expect(!run.output.contains("\u{1B}"), "no colour where there is no terminal")
        let id = String(lines[1].split(separator: " ")[0])
        let approved = try await MusterBinary.run(["approvals", "approve", id, "--note", "fine", "--url", api.url])
        #expect(approved.status == 0, "\(approved)")
        let vote = try #require(api.requests.last)
        #expect(vote.line.hasPrefix("POST /api/fleet/approvals/\(Self.first)/approve "))
        #expect(vote.body == #"{"note":"fine"}"#)
    }

    @Test("of several votes each result is printed, and one failure ends with 1")
    func bulk() async throws {
        let api = try Self.queue()
        defer { api.stop() }
        let run = try await MusterBinary.run(["approvals", "approve", "--all", "--yes", "--url", api.url])
        #expect(run.status == 1, "\(run)")
        #expect(run.output.contains("approved") && run.output.contains("it is `expired`"), "\(run.output)")
        let one = try await MusterBinary.run(
            ["approvals", "approve", "--all", "--yes", "--target", "w*", "--url", api.url, "--json"])
        #expect(one.status == 0, "\(one)")
        let json = try JSONValue.parse(one.output)
        #expect(json["results"]?.array?.count == 1)
    }

    @Test("part of an id that fits several approvals is no vote")
    func ambiguous() async throws {
        let api = try Self.queue()
        defer { api.stop() }
        let run = try await MusterBinary.run(["approvals", "deny", "01jd4z8q", "--url", api.url])
        #expect(run.status == 1 && run.output.contains("fits 2 approvals"), "\(run)")
        #expect(!api.requests.contains { $0.line.hasPrefix("POST") })
    }

    @Test("without a terminal to ask on, --all needs --yes")
    func confirmation() async throws {
        let api = try Self.queue()
        defer { api.stop() }
        let run = try await MusterBinary.run(["approvals", "approve", "--all", "--url", api.url])
        #expect(run.status == 64 && run.errors.contains("--yes"), "\(run)")
        #expect(!api.requests.contains { $0.line.hasPrefix("POST") })
    }

    @Test("the key goes as a bearer token, and a 401 says how to set it")
    func key() async throws {
        let api = try CannedAPI { _ in
            .init(
                ["status": "error", "error": "unauthorized", "message": "a key is needed", "request_id": "r"],
                status: 401)
        }
        defer { api.stop() }
        let run = try await MusterBinary.run(["plan", "--url", api.url], environment: ["MUSTER_API_KEY": "k-123"])
        #expect(run.status == 1 && run.errors.contains("MUSTER_API_KEY") && !run.errors.contains("k-123"), "\(run)")
        #expect(api.requests.first?.headers["authorization"] == "Bearer k-123")
    }

    static let plans: [(plan: JSONValue, status: Int32, note: String)] = [
        (plan(proposals: []), 0, "in sync"),
        (plan(proposals: [proposal]), 2, "a proposal"),
        (plan(proposals: [], deferred: [["kind": "restart_service", "target": "web", "why": "later"]]), 2, "deferred"),
        (plan(proposals: [], failure: "dockerd is gone"), 1, "nothing is known of what docker covers"),
        (plan(proposals: [proposal], failure: "dockerd is gone"), 2, "what is known is to be done"),
    ]

    static let proposal: JSONValue = [
        "kind": "restart_service", "target": "a-service-with-quite-a-long-name-as-names-go-today", "params": [:],
        "source": "reconciler", "reason": "exited with code 1", "decision": "queue_approval",
        "tier": "approval_required", "rule": "defaults",
    ]

    static func plan(proposals: [JSONValue], deferred: [JSONValue] = [], failure: String? = nil) -> JSONValue {
        [
            "generated_at": "2026-01-01T00:00:00Z", "term": 1, "proposals": .array(proposals), "in_sync": 3,
            "unknown": [], "deferred": .array(deferred), "held": [],
            "sources": [["source": "docker", "at": "2026-01-01T00:00:00Z", "failure": JSONValue(failure)]],
        ]
    }

    @Test("plan ends with 0, 2 or 1 as the contract says, and --json prints the API's answer", arguments: plans)
    func planStatus(plan: JSONValue, status: Int32, note: String) async throws {
        let api = try CannedAPI { _ in .init(plan) }
        defer { api.stop() }
        let run = try await MusterBinary.run(["plan", "--url", api.url])
        #expect(run.status == status, "\(note): \(run)")
        #expect(run.output.split(separator: "\n").allSatisfy { $0.count <= 80 }, "\(run.output)")
        let json = try await MusterBinary.run(["plan", "--json", "--url", api.url])
        #expect(json.status == status && json.output == plan.text + "\n")
    }

    @Test(
        "status ends with 1 only when the daemon is not ready",
        arguments: [("ready", 200, 0), ("degraded", 200, 0), ("not_ready", 503, 1)] as [(String, Int, Int32)])
    func status(word: String, code: Int, status: Int32) async throws {
        let api = try CannedAPI { request in
            guard request.line.contains("/readyz") else { return .init([:]) }
            return .init(
                ["status": .string(word), "checks": ["store": ["ok": false, "message": "disk full"]]], status: code)
        }
        defer { api.stop() }
        let run = try await MusterBinary.run(["status", "--url", api.url])
        #expect(run.status == status, "\(run)")
        #expect(run.output.contains("disk full"))
    }

    @Test("audit verify reads every page and ends with 2 at the first bad entry", arguments: [false, true])
    func audit(isBroken: Bool) async throws {
        let sound = LedgerAuditTests.ledger(5)
        let ledger = isBroken ? LedgerAuditTests.changed(sound, 2, "target", "other") : sound
        let api = try CannedAPI { request in
            let rows = request.line.contains("cursor=") ? ledger[3...] : ledger[..<3]
            let next: JSONValue = request.line.contains("cursor=") ? nil : "page-2"
            return .init(["decisions": .array(Array(rows)), "next_cursor": next])
        }
        defer { api.stop() }
        let run = try await MusterBinary.run(["audit", "verify", "--url", api.url])
        #expect(run.status == (isBroken ? 2 : 0), "\(run)")
        #expect(run.output.contains(isBroken ? "entry 2" : "5 entries"), "\(run.output)")
    }

    @Test("a denied action ends with 1, a queued one names the command that approves it")
    func act() async throws {
        let api = try CannedAPI { request in
            let isDenied = request.body.contains("stop_service")
            return .init(
                [
                    "proposal_id": "p", "state": "decided", "decision": isDenied ? "deny" : "queue_approval",
                    "reason": "because", "approval_id": isDenied ? nil : .string(Self.first), "action_id": nil,
                ], status: 202)
        }
        defer { api.stop() }
        let queued = try await MusterBinary.run([
            "act", "scale_service", "web", "--param", "replicas=3", "--reason", "load", "--url", api.url,
        ])
        #expect(queued.status == 0, "\(queued)")
        #expect(queued.output.contains("muster approvals approve 01jd4z8q2mabcdefghjkmnpqrs"), "\(queued.output)")
        let body = try JSONValue.parse(api.requests[0].body)
        #expect(
            body == ["kind": "scale_service", "target": "web", "params": ["replicas": 3], "reason": "load"], "\(body)")
        let denied = try await MusterBinary.run(["act", "stop_service", "web", "--reason", "x", "--url", api.url])
        #expect(denied.status == 1, "\(denied)")
    }

    @Test("an answer that is not Muster's is said to be so")
    func stranger() async throws {
        let api = try CannedAPI { _ in .init(text: "<html>hello</html>", type: "text/html") }
        defer { api.stop() }
        for command in [["status"], ["plan"], ["approvals"]] {
            let run = try await MusterBinary.run(command + ["--url", api.url])
            #expect(run.status == 1 && run.errors.contains("does not answer as Muster does"), "\(run)")
        }
    }

    @Test("--follow shows what is there, then each new row once, until the daemon refuses")
    func follow() async throws {
        let ledger = LedgerAuditTests.ledger(3)
        let lists = Mutex(0)
        let api = try CannedAPI { request in
            if request.line.contains("/stream") {
                return .init(text: ": muster\n\nevent: action\ndata: {}\n\n", type: "text/event-stream")
            }
            let count = lists.withLock { lists in
                lists += 1
                return lists
            }
            guard count <= 3 else { return .init(["error": "unauthorized", "message": "gone"], status: 401) }
            return .init(["decisions": .array(Array(ledger.suffix(min(count, 3)))), "next_cursor": nil])
        }
        defer { api.stop() }
        let run = try await MusterBinary.run(["decisions", "--follow", "--json", "--url", api.url])
        #expect(run.status == 1 && run.errors.contains("gone"), "\(run)")
        #expect(run.output.split(separator: "\n").map(String.init) == ledger.reversed().map(\.text))
    }
}
