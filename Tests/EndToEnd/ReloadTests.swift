import FleetModel
import Testing

@Suite(
    "files that change while the daemon runs",
    .enabled(if: Docker.containers != nil, Comment(rawValue: Docker.skipReason)))
struct ReloadTests {
    @Test("a registry cut to nothing is a fault: it stops nothing and is said", .timeLimit(.minutes(8)))
    func emptiedRegistry() async throws {
        try await scenario("cut") { scratch, docker in
            let names = (1...3).map { "\(scratch.prefix)-\($0)" }
            let services = names.map { "  - {name: \($0), image: \(TestImage.repository):1}" }.joined(separator: "\n")
            let shim = try await DockerShim(scratch)
            let muster = try Muster(
                scratch, registry: services, rules: "  - {kind: \"*\", tier: auto}", docker: docker, shim: shim)
            for name in names { try await docker.run(name) }
            try await withRunning(muster) {
                try await muster.converged(3)
                try scratch.write(Muster.registry(""), to: "registry.yml")
                let check = try await degraded(muster, "registry")
                #expect(check.contains("3") && check.contains("0"), "it says how many were dropped: \(check)")
                try await muster.letTick()
                try await muster.converged(3)
                #expect(try await muster.list("decisions").isEmpty)
                #expect(shim.mutations.isEmpty)
                #expect(try await docker.inspect(names[0], "{{.State.Status}}") == "running")

                try scratch.write("allow_shrink: true\n" + Muster.registry(""), to: "registry.yml")
                try await ready(muster)
                try await muster.converged(0)
                #expect(shim.mutations.isEmpty, "what the registry does not name is nobody's to stop")
            }
        }
    }

    @Test("a broken registry leaves the last good one in force", .timeLimit(.minutes(8)))
    func brokenRegistry() async throws {
        try await scenario("broken-registry") { scratch, docker in
            let services = "  - {name: \(scratch.prefix), image: \(TestImage.repository):1}"
            let muster = try Muster(scratch, registry: services, docker: docker)
            try await docker.run(scratch.prefix)
            try await withRunning(muster) {
                try await muster.converged()
                try scratch.write("version: 1\nservices:\n  - {nam: x}\n", to: "registry.yml")
                #expect(try await degraded(muster, "registry").contains("registry.yml:3:"))
                try await muster.converged()
                try scratch.write(Muster.registry(services), to: "registry.yml")
                try await ready(muster)
            }
        }
    }

    @Test("a broken policy leaves the last good one in force", .timeLimit(.minutes(8)))
    func brokenPolicy() async throws {
        try await scenario("broken-policy") { scratch, docker in
            let name = scratch.prefix
            let muster = try Muster(
                scratch, registry: "  - {name: \(name), image: \(TestImage.repository):1}", docker: docker)
            try await docker.run(name)
            try await withRunning(muster) {
                try await muster.converged()
                // Were it taken in part, the first rule would let the restart through.
                try scratch.write(
                    Muster.policy("  - {kind: restart_service, tier: auto}\n  - {kind: x, tier: sometimes}"),
                    to: "policy.yml")
                #expect(try await degraded(muster, "policy").contains("policy.yml:5:"))
                try await docker("kill", name)
                let pending = try await muster.pendingApproval("restart_service", name)
                #expect(pending["tier"]?.string == "approval_required")

                try scratch.write(Muster.policy("  - {kind: restart_service, tier: auto}"), to: "policy.yml")
                try await ready(muster)
                try await muster.converged()
                #expect(try await docker.inspect(name, "{{.State.Status}}") == "running")
            }
        }
    }

    @Test("a broken file at start stops the start and names every mistake", .timeLimit(.minutes(8)))
    func brokenAtStart() async throws {
        try await scenario("broken-start") { scratch, docker in
            let muster = try Muster(scratch, registry: "  - {nam: x}\n  - {name: y, replicas: many}", docker: docker)
            await #expect(throws: MusterEnded.self) { try await muster.start() }
            #expect(try await muster.ended() == 78)
            #expect(scratch.read("log").contains("registry.yml:3:"))
            #expect(scratch.read("log").contains("registry.yml:4:"))
        }
    }

    /// Waits until `check` is not ok; answers its message.
    private func degraded(_ muster: Muster, _ check: String) async throws -> String {
        try await eventually("readyz is degraded by \(check)") {
            let answer = try await muster.get("/readyz")
            guard answer.status == 200, answer.body["status"]?.string == "degraded",
                answer.body["checks"]?[check]?["ok"]?.bool == false
            else { return nil }
            return answer.body["checks"]?[check]?["message"]?.string
        }
    }

    private func ready(_ muster: Muster) async throws {
        try await eventually("readyz is ready") {
            try await muster.get("/readyz").body["status"]?.string == "ready" ? true : nil
        }
    }
}
