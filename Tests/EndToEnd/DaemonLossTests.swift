import FleetModel
import Foundation
import Glibc
import Testing

@Suite(
    "dockerd itself may go and come back", .enabled(if: geteuid() == 0, "stopping a dockerd of one's own needs root"))
struct DaemonLossTests {
    @Test(
        "stopped and started again mid-run",
        .enabled(if: Docker.containers != nil, Comment(rawValue: Docker.skipReason)), .timeLimit(.minutes(8)))
    func restartedDaemon() async throws {
        let home = try Scratch("dockerd")
        defer { home.remove() }
        let daemon = OwnDaemon(home)
        do {
            try await daemon.start()
            try await scenario("loss", on: daemon.docker) { scratch, docker in
                let name = scratch.prefix
                let muster = try Muster(
                    scratch, registry: "  - {name: \(name), image: \(TestImage.repository):1, runtime: container}",
                    rules: "  - {kind: restart_service, tier: auto}", docker: docker)
                try await docker.run(name)
                try await withRunning(muster) {
                    try await muster.converged()
                    try await daemon.stop()
                    try await eventually("\(name) is unknown") {
                        try await muster.plan()["unknown"]?.array?.count == 1 ? true : nil
                    }
                    try await muster.letTick()
                    #expect(try await muster.proposals().isEmpty)
                    #expect(try await muster.list("decisions").isEmpty)
                    #expect(try await muster.get("/livez").status == 200)

                    // Its containers died with it: now there is evidence, and a rule that lets the restart through.
                    try await daemon.start()
                    try await muster.converged(within: 60)
                    #expect(try await docker.inspect(name, "{{.State.Status}}") == "running")
                    #expect(try await muster.list("actions").count == 1)
                }
            }
        } catch {
            await daemon.end()
            throw error
        }
        await daemon.end()
    }
}
