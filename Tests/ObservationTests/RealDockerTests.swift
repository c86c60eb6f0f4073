import DockerCLI
import FleetModel
import Foundation
import Observation
import Testing

/// Real containers in every state that docker can be brought to.
@Suite(.enabled(if: RealDocker.isThere), .serialized, .timeLimit(.minutes(3)))
struct RealDockerTests {
    private static let image = "muster-test-observation:1"

    private func withCleanUp(_ cli: DockerCLI, _ name: String, _ body: () async throws -> Void) async throws {
        let label = "muster.test=\(name)"
        let result: Result<Void, any Error>
        do { result = .success(try await body()) } catch { result = .failure(error) }
        let ids = try await RealDocker.run(cli, "ps", "-aq", "--no-trunc", "--filter", "label=\(label)")
        if !ids.isEmpty {
            _ = await cli.run(["rm", "-f"] + ids.split(separator: "\n").map(String.init))
        }
        try result.get()
    }

    @Test func seesEveryStateOfRealContainers() async throws {
        let cli = try #require(RealDocker.cli)
        let prefix = "watch-\(UInt32.random(in: 0...UInt32.max))"
        try await RealDocker.makeImage(cli, Self.image)
        try await withCleanUp(cli, prefix) {
            func start(_ name: String, _ options: [String], _ command: [String] = []) async throws {
                _ = try await cli.run(
                    [
                        "run", "-d", "--network", "none", "--label", "muster.test=\(prefix)", "--name",
                        "\(prefix)-\(name)",
                    ]
                        + options + [Self.image] + command
                ).get()
            }
            let health = ["--health-interval", "1s", "--health-retries", "1", "--health-timeout", "5s"]
            try await start("up", [])
            try await start("exited", [], ["/bin/sh", "-c", "exit 7"])
            try await start("healthy", health + ["--health-cmd", "/bin/true"])
            try await start("unhealthy", health + ["--health-cmd", "/bin/false"])
            try await start("starting", health + ["--health-cmd", "/bin/false", "--health-start-period", "1h"])
            try await start("paused", [])
            try await RealDocker.run(cli, "pause", "\(prefix)-paused")
            try await start("restarting", ["--restart", "always"], ["/bin/sh", "-c", "exit 3"])
            try await start(
                "oom", ["--memory", "8m", "--memory-swap", "8m"],
                ["/bin/sh", "-c", "x=a; while true; do x=$x$x; done"])
            try await start("labelled", ["--label", "muster.service=\(prefix)-by-label"])
            try await start("composed", ["--label", "com.docker.compose.service=\(prefix)-by-compose"])

            let wanted: [String: Condition] = [
                "up": .up, "exited": .down(.exited(code: 7)), "healthy": .up, "unhealthy": .down(.unhealthy),
                "starting": .unknown(.starting), "paused": .down(.paused),
                "restarting": .down(.restarting(code: 3)), "oom": .down(.outOfMemory(code: 137)),
                "by-label": .up, "by-compose": .up, "missing": .absent,
            ]
            let desired = DesiredState(
                services: wanted.keys.map { ServiceSpec(name: "\(prefix)-\($0)", runtime: .container) }, digest: "d")
            let observer = DockerObserver(cli: cli)
            var last = ObservationReport(source: .docker, at: ProbeObserver.systemTime(), observations: [])
            var restartingSeen = false
            // A container that restarts over and over is `running` for a moment now and then.
            let isAsWanted = await eventually(within: .seconds(60)) {
                last = await observer.observe(desired, now: ProbeObserver.systemTime())
                // dockerd 20.10 hears of some kills by the kernel too late to call them OOM: let it happen again.
                let oom = last.observations.first { $0.service == "\(prefix)-oom" }
                if oom?.condition == .down(.exited(code: 137)) { _ = await cli.run(["start", "\(prefix)-oom"]) }
                return last.observations.allSatisfy { observation in
                    let name = String(observation.service.dropFirst(prefix.count + 1))
                    if name == "restarting", observation.condition == wanted[name] { restartingSeen = true }
                    return observation.condition == wanted[name] || (name == "restarting" && restartingSeen)
                }
            }
            #expect(last.failure == nil)
            #expect(isAsWanted)
            for observation in last.observations {
                let name = String(observation.service.dropFirst(prefix.count + 1))
                if name != "restarting" { #expect(observation.condition == wanted[name], "\(name)") }
            }
            let labelled = try #require(last.observations.first { $0.service == "\(prefix)-by-label" })
            #expect(labelled.runtimeName == "\(prefix)-labelled")
            #expect(labelled.image == Self.image)
            #expect(labelled.runtimeID?.count == 64)
            #expect(labelled.startedAt != nil)
        }
    }

    @Test func anEventWakesWithinMilliseconds() async throws {
        let cli = try #require(RealDocker.cli)
        let prefix = "watch-\(UInt32.random(in: 0...UInt32.max))"
        try await RealDocker.makeImage(cli, Self.image)
        try await withCleanUp(cli, prefix) {
            _ = try await cli.run([
                "run", "-d", "--network", "none", "--label", "muster.test=\(prefix)", "--name", prefix, Self.image,
            ]).get()
            let wakes = Wakes()
            let events = DockerEvents(cli: cli, settling: .milliseconds(300), onEvent: wakes.callback)
            let task = Task { await events.run() }
            defer { task.cancel() }
            #expect(await wakes.next(), "connected")
            #expect(events.status == .init(isConnected: true, failure: nil, restarts: 0))

            // `kill` answers when the daemon has done it, so the event is on its way already.
            try await RealDocker.run(cli, "kill", prefix)
            let killed = ContinuousClock.now
            #expect(await wakes.next())
            #expect(ContinuousClock.now - killed < .milliseconds(500))
        }
    }
}

/// A dockerd of the test's own: it is made a Swarm, and stopped.
@Suite(.enabled(if: RealDocker.isThere && OwnDockerd.isPossible), .serialized, .timeLimit(.minutes(4)))
struct OwnDockerdTests {
    private static let image = "muster-test-observation:1"

    @Test func seesSwarmServicesAndOutlivesTheEndOfDockerd() async throws {
        let dockerd = try OwnDockerd()
        let result: Result<Void, any Error>
        do { result = .success(try await run(dockerd)) } catch { result = .failure(error) }
        await dockerd.remove()
        try result.get()
    }

    private func run(_ dockerd: OwnDockerd) async throws {
        let cli = dockerd.cli
        try #require(await dockerd.isReady())
        let desired = registry(
            ServiceSpec(name: "bad", runtime: .swarm), ServiceSpec(name: "everywhere", runtime: .swarm),
            ServiceSpec(name: "gone", runtime: .swarm), ServiceSpec(name: "labelled"),
            ServiceSpec(name: "ok", runtime: .swarm), ServiceSpec(name: "web"),
            ServiceSpec(name: "zero", runtime: .swarm))
        let observer = DockerObserver(cli: cli)

        // No Swarm yet: nothing is absent.
        let before = await observer.observe(desired, now: ProbeObserver.systemTime())
        #expect(before.failure?.contains("not part of a Swarm") == true)
        #expect(before.observations.allSatisfy { $0.condition.word == "unknown" })

        try await RealDocker.makeImage(cli, Self.image)
        try await RealDocker.run(
            cli, "swarm", "init", "--advertise-addr", "127.0.0.1", "--listen-addr",
            "127.0.0.1:\(UInt16.random(in: 20_000..<30_000))")
        let create = ["service", "create", "--detach", "--no-resolve-image", "--name"]
        for (name, options, command) in [
            ("ok", ["--replicas", "2"], []), ("zero", ["--replicas", "0"], []),
            ("everywhere", ["--mode", "global"], []), ("x", ["--label", "muster.service=labelled"], []),
            ("shop_web", ["--label", "com.docker.stack.namespace=shop"], []),
            ("bad", ["--replicas", "2", "--restart-delay", "60s"], ["/bin/sh", "-c", "exit 4"]),
        ] as [(String, [String], [String])] {
            _ = try await cli.run(create + [name] + options + [Self.image] + command).get()
        }
        let wanted: [String: Condition] = [
            "bad": .unknown(.starting), "everywhere": .up, "gone": .absent, "labelled": .up, "ok": .up, "web": .up,
            "zero": .down(.scaledToZero),
        ]
        var last = before
        _ = await eventually(within: .seconds(60)) {
            last = await observer.observe(desired, now: ProbeObserver.systemTime())
            return last.observations.allSatisfy { $0.condition == wanted[$0.service] }
                && last.observations[4].replicas?.running == 2
        }
        #expect(last.failure == nil)
        for observation in last.observations {
            #expect(observation.condition == wanted[observation.service], "\(observation.service)")
        }
        let ok = last.observations[4]
        #expect(ok.replicas == ReplicaCount(running: 2, wanted: 2))
        #expect(ok.runtime == .swarm)
        #expect(ok.image == Self.image)
        #expect((ok.specVersion ?? 0) > 0)
        #expect(last.observations[5].runtimeName == "shop_web")
        #expect(last.observations[5].stack == "shop")
        let grown = await observer.observe(desired, now: ProbeObserver.systemTime().adding(seconds: 3600))
        #expect(grown.observations[0].condition == .down(.noTaskRunning(wanted: 2)), "no longer new, none runs")

        // Stopped: unknown, never absent or down. And the event stream notices.
        let wakes = Wakes()
        let events = DockerEvents(cli: cli, settling: .milliseconds(300), onEvent: wakes.callback)
        let task = Task { await events.run() }
        defer { task.cancel() }
        #expect(await wakes.next())
        await dockerd.stop()
        #expect(await eventually { !events.status.isConnected && events.status.failure != nil })
        let stopped = await observer.observe(desired, now: ProbeObserver.systemTime())
        #expect(stopped.failure != nil)
        for observation in stopped.observations {
            guard case .unknown(.sourceFailed(.docker, _)) = observation.condition else {
                Issue.record("\(observation.service): \(observation.condition)")
                continue
            }
        }
    }
}
