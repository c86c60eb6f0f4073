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

/// A dockerd that a test may stop; it writes no iptables rule and takes no bridge.
private final class OwnDaemon {
    let docker: Docker
    private let home: Scratch
    private var process: Process?

    init(_ home: Scratch) {
        self.home = home
        docker = Docker(host: "unix://\(home.path("docker.sock"))")
    }

    func start() async throws {
        try home.write("{}", to: "daemon.json")
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            "PATH=\(ProcessInfo.processInfo.environment["PATH"] ?? ""):/usr/sbin:/sbin", "dockerd",
            "--storage-driver=vfs", "--data-root", home.path("data"), "--exec-root", home.path("exec"), "--pidfile",
            home.path("pid"), "--host", docker.host, "--iptables=false", "--ip6tables=false", "--ip-forward=false",
            "--bridge=none", "--config-file", home.path("daemon.json"),
        ]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        self.process = process
        try await eventually("a dockerd of our own answers") { try await docker("version").isEmpty ? nil : true }
    }

    func stop() async throws {
        guard let process else { return }
        kill(process.processIdentifier, SIGTERM)
        try await eventually("our dockerd ends", within: 60) { process.isRunning ? nil : true }
        self.process = nil
    }

    /// Ends it and takes its mounts away, also when the test has failed.
    func end() async {
        if (try? await stop()) == nil, let process { kill(process.processIdentifier, SIGKILL) }
        let mounts = (try? String(contentsOfFile: "/proc/mounts", encoding: .utf8)) ?? ""
        let points = mounts.split(separator: "\n").compactMap { $0.split(separator: " ").dropFirst().first }
            .filter { $0.hasPrefix(home.folder.path + "/") }
        for point in points.sorted().reversed() { _ = try? await Shell.run(["umount", "-l", String(point)]) }
    }
}
