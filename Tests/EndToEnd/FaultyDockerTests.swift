import FleetModel
import Testing

@Suite(
    "a docker that cannot be trusted makes services unknown, never down",
    .enabled(if: Docker.containers != nil, Comment(rawValue: Docker.skipReason)))
struct FaultyDockerTests {
    @Test(
        "nothing is proposed while it lasts, the daemon answers, and it recovers", .timeLimit(.minutes(8)),
        arguments: DockerShim.Mode.allCases.filter { $0 != .pass })
    func faults(mode: DockerShim.Mode) async throws {
        try await scenario("docker-\(mode.rawValue)") { scratch, docker in
            let name = scratch.prefix
            let shim = try await DockerShim(scratch)
            let muster = try Muster(
                scratch, registry: "  - {name: \(name), image: \(TestImage.repository):1, runtime: container}",
                rules: "  - {kind: \"*\", tier: auto}", docker: docker, shim: shim, flags: ["DOCKER_TIMEOUT": "2"])
            try await docker.run(name)
            try await withRunning(muster) {
                try await muster.converged()

                try shim.set(mode)
                try await eventually("\(name) is unknown") {
                    let plan = try await muster.plan()
                    return plan["unknown"]?.array?.count == 1 ? true : nil
                }
                // A real fault behind the false answers: it must not be acted on while docker cannot be read.
                try await docker("kill", name)
                try await muster.letTick()
                #expect(try await muster.proposals().isEmpty)
                #expect(try await muster.list("decisions").isEmpty)
                #expect(shim.mutations.isEmpty)

                let start = ContinuousClock.now
                #expect(try await muster.get("/livez").status == 200)
                let ready = try await muster.get("/readyz")
                #expect(ContinuousClock.now - start < .seconds(2), "the daemon stays responsive")
                #expect(ready.status == 200 && ready.body["status"]?.string == "degraded", "\(ready.body.text)")
                #expect(ready.body["checks"]?["observers"]?["ok"]?.bool == false)
                #expect(ready.body["checks"]?["observers"]?["message"]?.string?.isEmpty == false)

                try shim.set(.pass)
                try await muster.converged(within: 60)
                #expect(try await docker.inspect(name, "{{.State.Status}}") == "running")
                #expect(shim.mutations.count == 1, "one restart: \(shim.mutations)")
                let after = try await muster.get("/readyz").body["status"]?.string
                #expect(after == "ready")
            }
        }
    }

    @Test("`docker` as the actuator without a docker CLI stops the start", .timeLimit(.minutes(8)))
    func noDocker() async throws {
        try await scenario("no-docker") { scratch, docker in
            let muster = try Muster(scratch, registry: "", docker: docker, flags: ["PATH": scratch.path("empty")])
            await #expect(throws: MusterEnded.self) { try await muster.start() }
            #expect(try await muster.ended() == 78)
            #expect(scratch.read("log").contains("docker"))
        }
    }
}
