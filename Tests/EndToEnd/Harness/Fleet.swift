import FleetModel
import Testing

/// What the scenarios ask of the API, in the contract's words.
extension Muster {
    func plan() async throws -> JSONValue {
        let answer = try await get("/api/fleet/plan")
        guard answer.status == 200 else { throw HarnessError("plan answered \(answer.status): \(answer.body.text)") }
        return answer.body
    }

    /// `restart_service name` for each proposal of the plan, in its order.
    func proposals() async throws -> [String] {
        (try await plan()["proposals"]?.array ?? []).map { proposal in
            "\(proposal["kind"]?.string ?? "-") \(proposal["target"]?.string ?? "-")"
        }
    }

    func list(_ name: String, _ query: String = "") async throws -> [JSONValue] {
        let answer = try await get("/api/fleet/\(name)\(query)")
        guard answer.status == 200, let items = answer.body[name]?.array else {
            throw HarnessError("\(name) answered \(answer.status): \(answer.body.text)")
        }
        return items
    }

    func pendingApproval(_ kind: String, _ target: String, within seconds: Double = 30) async throws -> JSONValue {
        try await eventually("a pending approval of \(kind) on \(target)", within: seconds) {
            try await self.list("approvals", "?status=pending").first {
                $0["kind"]?.string == kind && $0["target"]?.string == target
            }
        }
    }

    func approve(_ id: String) async throws -> Int {
        try await post("/api/fleet/approvals/\(id)/approve", ["note": "end to end"]).status
    }

    /// Approves the pending approval of kind and target, also when what was seen changes in between, and waits until
    /// its action has ended; answers the approval.
    @discardableResult
    func approveAndWait(_ kind: String, _ target: String) async throws -> JSONValue {
        let id = try await eventually("an approval of \(kind) on \(target) is granted") { () -> String? in
            let approval = try await self.pendingApproval(kind, target)
            guard let id = approval["id"]?.string else { return nil }
            return try await self.approve(id) == 200 ? id : nil
        }
        return try await eventually("the approved \(kind) on \(target) has been carried out") { () -> JSONValue? in
            let approval = try await self.get("/api/fleet/approvals/\(id)").body
            guard ["executed", "failed", "unknown", "superseded"].contains(approval["status"]?.string) else {
                // `nil` alone would be JSON's null.
                return Optional.none
            }
            return approval
        }
    }

    /// The plan proposes nothing and all `services` are in sync.
    func converged(_ services: Int = 1, within seconds: Double = 30) async throws {
        try await eventually("\(services) services in sync and nothing proposed", within: seconds) { () -> Bool? in
            let plan = try await self.plan()
            return plan["proposals"] == .array([]) && plan["in_sync"]?.integer == services ? true : nil
        }
    }

    /// Ticks made so far, as `/metrics` counts them.
    func ticks() async throws -> Double {
        let text = try await get("/metrics").body.string ?? ""
        return text.split(separator: "\n").filter { $0.hasPrefix("muster_ticks_total") }
            .compactMap { $0.split(separator: " ").last.flatMap { Double($0) } }.reduce(0, +)
    }

    /// Waits until `count` more whole ticks have been made.
    func letTick(_ count: Double = 2) async throws {
        let before = try await ticks()
        try await eventually("\(count) more ticks") { try await self.ticks() >= before + count ? true : nil }
    }
}

/// Runs a scenario with a scratch folder and a place among those that run at the same time, and cleans up after it.
/// When it fails, the daemon's log is part of what is reported.
func scenario(
    _ note: String, on docker: Docker? = Docker.containers,
    _ body: (Scratch, _ docker: Docker) async throws -> Void
) async throws {
    let docker = try #require(docker)
    await places.take()
    defer { places.give() }
    try await TestImage.prepare(on: docker)
    let scratch = try Scratch(note)
    do {
        try await body(scratch, docker)
    } catch {
        Issue.record("\(note): \(error)\nthe end of the daemon's log:\n\(tail(scratch.read("log")))")
    }
    await docker.removeAll(prefix: scratch.prefix)
    scratch.remove()
}

/// Starts the daemon, runs `body`, and ends it by its process id whatever happens.
func withRunning(_ muster: Muster, flags: [String: String] = [:], _ body: () async throws -> Void) async throws {
    do {
        try await muster.start(flags: flags)
        try await body()
    } catch {
        muster.signal(9)
        throw error
    }
    muster.signal(15)
    do {
        let status = try await muster.ended(within: 15)
        #expect(status == 0, "SIGTERM drains and ends with 0")
    } catch {
        muster.signal(9)
        throw error
    }
}

private func tail(_ log: String) -> String {
    log.split(separator: "\n").suffix(60).joined(separator: "\n")
}

private let places = Places(6)
