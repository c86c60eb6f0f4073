import FleetModel
import Testing

@Suite(
    "the command line does what a first user does",
    .enabled(if: Docker.containers != nil, Comment(rawValue: Docker.skipReason)))
struct CommandLineTests {
    @Test("plan, approve, converge, verify", .timeLimit(.minutes(8)))
    func story() async throws {
        try await scenario("cli") { scratch, docker in
            let name = scratch.prefix
            let muster = try Muster(
                scratch, registry: "  - {name: \(name), image: \(TestImage.repository):1}", docker: docker)
            try await docker.run(name)
            try await withRunning(muster) {
                try await muster.converged()
                #expect(try await muster.command("plan").status == 0, "in sync")
                #expect(try await muster.command("plan", "--offline").status == 0, "in sync, without the daemon")
                try await docker("kill", name)

                let offline = try await muster.command("plan", "--offline")
                #expect(offline.status == 2 && offline.output.contains("restart_service"), "\(offline)")
                let id = try await muster.pendingApproval("restart_service", name)["id"]?.string ?? ""
                let plan = try await muster.command("plan")
                #expect(plan.status == 2 && plan.output.contains("restart_service"), "\(plan)")
                #expect(plan.output.split(separator: "\n").allSatisfy { $0.count <= 80 }, "\(plan.output)")

                let approvals = try await muster.command("approvals")
                #expect(approvals.status == 0 && approvals.output.contains(name), "\(approvals)")
                let granted = try await muster.command("approvals", "approve", id, "--note", "first user")
                #expect(granted.status == 0, "\(granted)")
                try await muster.converged()
                #expect(try await muster.command("plan").status == 0)
                #expect(try await muster.command("status").status == 0)
                #expect(try await muster.command("audit", "verify").status == 0)
                #expect(try await muster.command("nonsense").status == 64)

                let decisions = try await muster.command("decisions", "--json")
                #expect(try JSONValue.parse(decisions.output)["decisions"]?.array?.count == 2, "\(decisions)")
            }
        }
    }

    @Test("a held service is left alone until it is resumed", .timeLimit(.minutes(8)))
    func hold() async throws {
        try await scenario("hold") { scratch, docker in
            let name = scratch.prefix
            let muster = try Muster(
                scratch, registry: "  - {name: \(name), image: \(TestImage.repository):1}",
                rules: "  - {kind: restart_service, tier: auto}", docker: docker)
            try await docker.run(name)
            try await withRunning(muster) {
                try await muster.converged()
                let pause = try await muster.command("pause", "service:\(name)", "--reason", "hands off")
                #expect(pause.status == 0, "\(pause)")
                try await docker("kill", name)
                try await eventually("\(name) is held") {
                    try await muster.plan()["held"]?.array?.count == 1 ? true : nil
                }
                try await muster.letTick()
                #expect(try await docker.inspect(name, "{{.State.Status}}") == "exited")
                #expect(try await muster.command("resume", "service:\(name)", "--reason", "done").status == 0)
                try await muster.converged()
                #expect(try await docker.inspect(name, "{{.State.Status}}") == "running")
            }
        }
    }
}
