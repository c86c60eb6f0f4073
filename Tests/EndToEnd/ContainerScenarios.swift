import FleetModel
import Foundation
import Testing

/// A way in which a container can differ from what is wanted, how it gets there, and what must come of it.
struct ContainerScenario: Sendable, CustomTestStringConvertible {
    var note: String
    /// Further fields of the registry's entry.
    var fields: String
    /// Brings the container into the state; it is called what the service is called.
    var arrange: @Sendable (Docker, _ name: String, Scratch) async throws -> Void
    var kind: String
    /// Waits until a grant would be carried out in peace, and mends the cause where the cause is not Muster's.
    var beforeApproval: @Sendable (Docker, _ name: String, Scratch) async throws -> Void = { _, _, _ in }
    /// The format of `docker inspect`, and what it must print in the end.
    var witness: (format: String, output: String)

    var testDescription: String { note }

    static let all: [ContainerScenario] = [
        exited, unhealthy, paused, restarting, outOfMemory, missing, drifted, stopped,
    ]

    private static let running = (format: "{{.State.Status}}", output: "running")

    static let exited = ContainerScenario(
        note: "exited", fields: "",
        arrange: { docker, name, _ in
            try await docker.run(name)
            try await docker("kill", name)
        }, kind: "restart_service", witness: running)

    static let unhealthy = ContainerScenario(
        note: "unhealthy", fields: "",
        arrange: { docker, name, _ in
            try await docker.run(
                name,
                options: ["--health-cmd", "test -e /tmp/ok", "--health-interval", "1s", "--health-retries", "1"],
                command: ["/bin/sh", "-c", "touch /tmp/ok; exec sleep 1000000"])
            try await docker("exec", name, "/bin/rm", "/tmp/ok")
            try await eventually("\(name) is unhealthy") {
                try await docker.inspect(name, "{{.State.Health.Status}}") == "unhealthy" ? true : nil
            }
        }, kind: "restart_service", witness: ("{{.State.Health.Status}}", "healthy"))

    static let paused = ContainerScenario(
        note: "paused", fields: "",
        arrange: { docker, name, _ in
            try await docker.run(name)
            try await docker("pause", name)
        }, kind: "restart_service", witness: running)

    /// It fails as long as a file of the host is missing; docker starts it again and again, waiting twice as long
    /// each time.
    static let restarting = ContainerScenario(
        note: "restarting", fields: "",
        arrange: { docker, name, scratch in
            let state = scratch.path("state")
            try FileManager.default.createDirectory(atPath: state, withIntermediateDirectories: true)
            try await docker.run(
                name, options: ["--restart", "always", "-v", "\(state):/state"],
                command: ["/bin/sh", "-c", "test -e /state/ok || exit 3; exec sleep 1000000"])
        }, kind: "restart_service",
        beforeApproval: { docker, name, scratch in
            // Right after docker's own seventh try, with twelve seconds until the next: what mends it is Muster's.
            try await eventually("docker has tried \(name) seven times", within: 60) {
                Int(try await docker.inspect(name, "{{.RestartCount}}")) ?? 0 >= 7 ? true : nil
            }
            try scratch.write("", to: "state/ok")
        }, witness: running)

    /// The first run takes more memory than it may have; the second finds the mark of the first.
    static let outOfMemory = ContainerScenario(
        note: "out-of-memory", fields: "",
        arrange: { docker, name, _ in
            // Dockerd says so only when it hears of the lack of memory before it hears of the end, and sometimes it
            // does not: then once more.
            let command = [
                "/bin/sh", "-c",
                "test -e /tmp/mark && exec sleep 1000000; touch /tmp/mark; exec dd if=/dev/zero of=/dev/null bs=256M",
            ]
            try await eventually("\(name) is killed for lack of memory") { () -> Bool? in
                try await docker.run(name, options: ["--memory", "32m"], command: command)
                try await eventually("\(name) has ended") {
                    try await docker.inspect(name, "{{.State.Status}}") == "exited" ? true : nil
                }
                if try await docker.inspect(name, "{{.State.OOMKilled}}") == "true" { return true }
                try await docker("rm", "-f", name)
                return nil
            }
        }, kind: "restart_service", witness: running)

    static let missing = ContainerScenario(
        note: "missing", fields: ", runtime: container", arrange: { _, _, _ in }, kind: "deploy_service",
        witness: ("{{.State.Status}} {{.Config.Image}}", "running \(TestImage.repository):1"))

    static let drifted = ContainerScenario(
        note: "drifted", fields: ", version: \"2\"",
        arrange: { docker, name, _ in try await docker.run(name, options: ["--env", "KEPT=yes"]) },
        kind: "deploy_service",
        witness: (
            "{{.State.Status}} {{.Config.Image}} {{index .Config.Env 0}}", "running \(TestImage.repository):2 KEPT=yes"
        ))

    static let stopped = ContainerScenario(
        note: "stopped", fields: ", desired: stopped",
        arrange: { docker, name, _ in try await docker.run(name) }, kind: "stop_service",
        witness: ("{{.State.Status}}", "exited"))
}

@Suite(
    "a container that differs is proposed for, approved, mended and left alone",
    .enabled(if: Docker.containers != nil, Comment(rawValue: Docker.skipReason)))
struct ContainerScenarios {
    @Test("every difference", .timeLimit(.minutes(8)), arguments: ContainerScenario.all)
    func heals(wanted: ContainerScenario) async throws {
        try await scenario(wanted.note) { scratch, docker in
            let name = scratch.prefix
            let version = wanted.fields.contains("version") ? "" : ":1"
            let muster = try Muster(
                scratch, registry: "  - {name: \(name), image: \(TestImage.repository)\(version)\(wanted.fields)}",
                docker: docker)
            try await wanted.arrange(docker, name, scratch)
            try await withRunning(muster) {
                let pending = try await muster.pendingApproval(wanted.kind, name)
                #expect(pending["tier"]?.string == "approval_required", "\(pending.text)")
                #expect(try await muster.proposals() == ["\(wanted.kind) \(name)"])

                try await wanted.beforeApproval(docker, name, scratch)
                let approval = try await muster.approveAndWait(wanted.kind, name)
                #expect(approval["status"]?.string == "executed", "\(approval.text)")

                try await muster.converged()
                #expect(try await docker.inspect(name, wanted.witness.format) == wanted.witness.output)

                let decisions = try await muster.list("decisions").count
                try await muster.letTick()
                #expect(try await muster.proposals().isEmpty, "a second tick proposes nothing")
                #expect(try await muster.list("approvals", "?status=pending").isEmpty)
                #expect(try await muster.list("decisions").count == decisions, "and writes nothing")
                #expect(try await muster.list("actions").filter { $0["state"]?.string == "succeeded" }.count == 1)
            }
        }
    }
}
