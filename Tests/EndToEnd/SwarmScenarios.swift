import FleetModel
import Testing

@Suite(
    "a Swarm service that differs is proposed for, approved and mended",
    .enabled(if: Docker.swarm != nil, Comment(rawValue: Docker.skipReason)))
struct SwarmScenarios {
    struct Case: Sendable, CustomTestStringConvertible {
        var note: String
        var fields: String
        var replicas: Int
        var kind: String
        /// The format of `docker service inspect`, and what it must print in the end.
        var witness: (format: String, output: String)
        var testDescription: String { note }
    }

    static let cases: [Case] = [
        Case(
            note: "replicas", fields: "image: \(TestImage.repository):1, replicas: 3", replicas: 1,
            kind: "scale_service", witness: ("{{.Spec.Mode.Replicated.Replicas}}", "3")),
        Case(
            note: "tag", fields: "image: \(TestImage.repository), version: \"2\", replicas: 1", replicas: 1,
            kind: "deploy_service",
            witness: ("{{.Spec.TaskTemplate.ContainerSpec.Image}}", "\(TestImage.repository):2")),
        Case(
            note: "stopped", fields: "image: \(TestImage.repository):1, desired: stopped", replicas: 1,
            kind: "stop_service", witness: ("{{.Spec.Mode.Replicated.Replicas}}", "0")),
    ]

    @Test("every difference", .timeLimit(.minutes(8)), arguments: cases)
    func heals(wanted: Case) async throws {
        try await scenario("swarm-\(wanted.note)", on: Docker.swarm) { scratch, docker in
            let name = scratch.prefix
            let muster = try Muster(
                scratch, registry: "  - {name: \(name), runtime: swarm, \(wanted.fields)}", docker: docker)
            try await docker(
                "service", "create", "--detach", "--no-resolve-image", "--name", name, "--replicas",
                String(wanted.replicas), "--update-monitor", "1s", "--stop-signal", "SIGKILL",
                "\(TestImage.repository):1")
            do {
                try await heal(wanted, muster, docker, name)
            } catch {
                _ = try? await docker("service", "rm", name)
                throw error
            }
            try await docker("service", "rm", name)
        }
    }

    private func heal(_ wanted: Case, _ muster: Muster, _ docker: Docker, _ name: String) async throws {
        try await withRunning(muster) {
            let approval = try await muster.approveAndWait(wanted.kind, name)
            #expect(approval["status"]?.string == "executed", "\(approval.text)")
            try await muster.converged(within: 60)
            #expect(
                try await docker("service", "inspect", "--format", wanted.witness.format, name) == wanted.witness.output
            )
            try await muster.letTick()
            #expect(try await muster.proposals().isEmpty, "a second tick proposes nothing")
            #expect(try await muster.list("approvals", "?status=pending").isEmpty)
        }
    }
}
