import FleetModel
import Foundation
import PostgresFixture
import Testing

/// A dockerd with the containers of `Traffic`; its own account of what was done to them is the second witness.
private struct RealFleet: Sendable {
    let host: String
    let scratch: Scratch

    static let host = ProcessInfo.processInfo.environment["MUSTER_TEST_DOCKER_HOST"].flatMap { $0.isEmpty ? nil : $0 }
    /// The one that a shell would take.
    static let docker: String = {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        return folders.map { "\($0)/docker" }.first { access($0, X_OK) == 0 } ?? "/usr/bin/docker"
    }()
    private static let image = "muster-chaos/busybox"

    func furnish() async throws {
        let folder = scratch.path("image")
        try FileManager.default.createDirectory(atPath: folder + "/bin", withIntermediateDirectories: true)
        try await run("sh", "-c", "cp \"$(command -v busybox)\" '\(folder)/bin/busybox'")
        try await run("ln", "-s", "busybox", folder + "/bin/sleep")
        try await run("tar", "-C", folder, "-cf", scratch.path("image.tar"), "bin")
        for tag in ["1", "2"] {
            try await docker(
                "import", "--change", "CMD [\"/bin/sleep\",\"1000000\"]", "--change", "LABEL tag=\(tag)",
                scratch.path("image.tar"), "\(Self.image):\(tag)")
        }
        for name in Traffic.automatic + Traffic.asked { try await make("run", "-d", name, "1") }
        try await make("run", "-d", Traffic.exchanged, "2")
        try await make("create", "--tty=false", Traffic.exchanged + ".muster-previous", "1")
    }

    private func make(_ verb: String, _ option: String, _ name: String, _ tag: String) async throws {
        try await docker(
            verb, option, "--label", "muster.test=chaos", "--stop-signal", "SIGKILL", "--stop-timeout", "1", "--name",
            name, "\(Self.image):\(tag)")
    }

    /// One by one: a container that does not run is no reason to leave the others alone.
    @Sendable func kill(_ names: [String]) async throws {
        for name in names { try? await docker("kill", name) }
    }

    /// `restart ID` for each restart that the daemon has carried out since `start`.
    func restarts(since start: Int) async throws -> [String] {
        try await docker(
            "events", "--since", String(start), "--until", String(Int(Now.seconds) + 1), "--filter", "type=container",
            "--filter", "event=restart", "--format", "{{.ID}}"
        ).split(separator: "\n").map(String.init)
    }

    func remove() async {
        let ids = (try? await docker("ps", "-aq", "--filter", "label=muster.test=chaos")) ?? ""
        for id in ids.split(separator: "\n") { _ = try? await docker("rm", "-f", String(id)) }
    }

    @discardableResult
    private func docker(_ arguments: String...) async throws -> String {
        try await run([Self.docker, "-H", host] + arguments)
    }

    private func run(_ arguments: String...) async throws { try await run(arguments) }

    @discardableResult
    private func run(_ arguments: [String]) async throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        let path = scratch.path("out-\(UInt32.random(in: 0...UInt32.max))")
        FileManager.default.createFile(atPath: path, contents: nil)
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        process.standardOutput = file
        process.standardError = file
        let status = try await process.runToEnd()
        try file.close()
        let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        try? FileManager.default.removeItem(atPath: path)
        guard status == 0 else { throw HarnessError("`\(arguments.joined(separator: " "))`: \(text)") }
        return text.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}

extension Chaos {
    @Suite(
        "on real containers the daemon's own account agrees with the record",
        .enabled(if: RealFleet.host != nil, "no dockerd of our own: run scripts/test"))
    struct RealContainers {
        @Test("kill -9 of a lone instance", .timeLimit(.minutes(60)))
        func lone() async throws {
            try await run(names: ["a"], store: nil) { cluster, traffic, cycles in
                for _ in 0..<cycles {
                    let epoch = try await cluster.busyEpoch()
                    cluster.instances[0].signal(SIGKILL)
                    try await cluster.instances[0].ended()
                    try cluster.instances[0].launch()
                    try await traffic.breakSome()
                    _ = try await cluster.firstCommand(after: epoch)
                }
            }
        }

        @Test(
            "kill -9 and SIGSTOP of the leader of three", .timeLimit(.minutes(60)),
            .enabled(if: PostgresServer.isInstalled, "no Postgres server is installed"))
        func leaders() async throws {
            let dsn = try await Databases.make(on: Databases.server())
            try await run(names: ["a", "b", "c"], store: dsn) { cluster, traffic, cycles in
                for cycle in 0..<cycles {
                    let fault: Fault = cycle % 2 == 0 ? .kill : .stop
                    _ = try await FaultRun.failover(fault, cluster, traffic, dsn: dsn)
                }
            }
        }

        private func run(
            names: [String], store: String?,
            _ faults: @escaping @Sendable (Cluster, Traffic, Int) async throws -> Void
        ) async throws {
            let host = try #require(RealFleet.host)
            let cycles = Extent.cycles(ci: 4, long: 100)
            let cluster = try Cluster(
                Cluster.Plan(
                    store: store, names: names, registry: Traffic.registry, rules: Traffic.rules,
                    flags: [
                        "DOCKER_FAKE_REAL": RealFleet.docker, "DOCKER_HOST": host, "DOCKER_TIMEOUT": "20",
                    ]))
            let real = RealFleet(host: host, scratch: cluster.scratch)
            let traffic = Traffic(cluster: cluster, kill: real.kill, pause: .milliseconds(700))
            let start = Int(Now.seconds)
            await cluster.run("real containers") {
                let result: Result<Void, any Error>
                do {
                    try await real.furnish()
                    try await cluster.start()
                    try await withTraffic(traffic) { try await faults(cluster, traffic, cycles) }
                    try await Audit(cluster: cluster, traffic: traffic, note: "real containers").pass(within: 180)
                    result = .success(try await compare(real, cluster, since: start, cycles: cycles))
                } catch { result = .failure(error) }
                // While the cluster's folder is there: the containers' names are the same in every run.
                await real.remove()
                try result.get()
            }
        }

        private func compare(_ real: RealFleet, _ cluster: Cluster, since start: Int, cycles: Int) async throws {
            let restarts = try await real.restarts(since: start)
            let record = try cluster.record.look()
            let ended = record.lines.filter { $0.verb == "restart" && $0.phase == .end(status: 0) }
            let begun = record.begun.filter { $0.verb == "restart" }
            #expect(restarts.count >= ended.count && restarts.count <= begun.count)
            #expect(
                Set(restarts).isSubset(
                    of: Set(begun.compactMap { $0.command.split(separator: " ").last.map(String.init) })))
            Report.say(
                "real containers, \(cluster.instances.count) instance(s): \(cycles) faults; dockerd restarted "
                    + "\(restarts.count) times, the record has \(begun.count) begun, \(ended.count) ended well")
        }
    }
}
