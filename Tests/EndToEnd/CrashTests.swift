import FleetModel
import Testing

/// `kill -9` at every place of the journal: the daemon raises SIGKILL against itself where MUSTER_FAILPOINT says.
@Suite(
    "a crash at any place of the journal runs nothing twice",
    .enabled(if: Docker.containers != nil, Comment(rawValue: Docker.skipReason)))
struct CrashTests {
    static let points = ["before_claim", "after_claim", "after_command", "before_finish", "after_finish"]

    @Test("an approved restart", .timeLimit(.minutes(8)), arguments: points)
    func restart(point: String) async throws {
        try await scenario("crash-\(point.replacing("_", with: "-"))") { scratch, docker in
            let name = scratch.prefix
            let shim = try await DockerShim(scratch)
            let muster = try Muster(
                scratch, registry: "  - {name: \(name), image: \(TestImage.repository):1}", docker: docker, shim: shim,
                flags: ["DOCKER_TIMEOUT": "5"])
            try await docker.run(name)
            try await docker("kill", name)
            try await crash(muster, at: point, kind: "restart_service", target: name)
            let before = shim.mutations

            try await withRunning(muster) {
                try await settled(muster, kind: "restart_service", target: name)
                #expect(try await docker.inspect(name, "{{.State.Status}}") == "running")

                // One restart makes it run. A second one is a second run of the same consent.
                #expect(shim.mutations.count == 1, "at \(point), before the crash \(before): \(shim.mutations)")
                try await ledgerAgrees(muster, shim)
            }
        }
    }

    @Test("an approved deploy, which takes several commands", .timeLimit(.minutes(8)), arguments: points)
    func deploy(point: String) async throws {
        try await scenario("crash-deploy-\(point.replacing("_", with: "-"))") { scratch, docker in
            let name = scratch.prefix
            let shim = try await DockerShim(scratch)
            let muster = try Muster(
                scratch, registry: "  - {name: \(name), image: \(TestImage.repository), version: \"2\"}",
                docker: docker, shim: shim,
                flags: ["DOCKER_TIMEOUT": "5"])
            try await docker.run(name)
            try await crash(muster, at: point, kind: "deploy_service", target: name)

            try await withRunning(muster) {
                try await settled(muster, kind: "deploy_service", target: name)
                #expect(
                    try await docker.inspect(name, "{{.State.Status}} {{.Config.Image}}")
                        == "running \(TestImage.repository):2")
                let creations = shim.mutations.filter { $0.contains("create") }
                #expect(creations.count == 1, "at \(point): \(creations)")
            }
        }
    }

    /// Starts with the failpoint, approves, and sees the process die of SIGKILL.
    private func crash(_ muster: Muster, at point: String, kind: String, target: String) async throws {
        try await muster.start(flags: ["MUSTER_FAILPOINT": point])
        let id = try await muster.pendingApproval(kind, target)["id"]?.string ?? ""
        // The answer of the grant may be lost with the process; what counts is that it dies where it was told to.
        _ = try? await muster.approve(id)
        do {
            #expect(try await muster.ended() == 128 + 9)
        } catch {
            muster.signal(9)
            throw error
        }
    }

    /// Grants whatever still waits, until the fleet is as wanted and every action is in a final state.
    private func settled(_ muster: Muster, kind: String, target: String) async throws {
        try await eventually("converged, and every action final", within: 120) { () -> Bool? in
            for approval in try await muster.list("approvals", "?status=pending") {
                _ = try await muster.approve(approval["id"]?.string ?? "")
            }
            let states = try await muster.list("actions").compactMap { $0["state"]?.string }
            guard states.allSatisfy({ ["succeeded", "failed", "cancelled"].contains($0) }) else { return nil }
            let plan = try await muster.plan()
            return plan["proposals"] == .array([]) && plan["in_sync"]?.integer == 1 ? true : nil
        }
    }

    /// Every command that changed something was recorded by an action before it ran, and each at most once.
    private func ledgerAgrees(_ muster: Muster, _ shim: DockerShim) async throws {
        let recorded = try await muster.list("actions").flatMap { action -> [String] in
            (action["commands"]?.array ?? []).compactMap { $0.array?.compactMap(\.string).joined(separator: " ") }
        }
        for mutation in shim.mutations {
            #expect(
                recorded.contains { $0.hasSuffix(mutation) }, "`\(mutation)` is in no action's commands: \(recorded)")
        }
        #expect(try await muster.command("audit", "verify").status == 0)
    }
}
