import DockerCLI
import Foundation
import Testing

/// The dockerd that the tests may use, if there is one: `MUSTER_TEST_DOCKER_HOST`, else `DOCKER_HOST`, else the
/// default socket.
enum RealDocker {
    static let host: String? = {
        let environment = DockerCLI.processEnvironment()
        return environment["MUSTER_TEST_DOCKER_HOST"] ?? environment["DOCKER_HOST"]
    }()

    static let cli: DockerCLI? = DockerCLI.find(inPath: DockerCLI.processEnvironment()["PATH"] ?? "")
        .map { DockerCLI(executable: $0, host: host, timeout: .seconds(30)) }

    static let isThere: Bool = {
        guard let cli else { return unavailable() }
        guard (try? answer(cli.executable, ["version", "--format", "{{.Server.Version}}"])) != nil else {
            return unavailable()
        }
        return true
    }()

    private static func unavailable() -> Bool {
        print("skipped: no dockerd")
        return false
    }

    /// For the condition that enables a suite, which cannot wait: one command, run synchronously.
    private static func answer(_ executable: String, _ arguments: [String]) throws -> String? {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: executable)
        process.arguments = (host.map { ["-H", $0] } ?? []) + arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw CocoaError(.executableLoad) }
        return String(data: data, encoding: .utf8)
    }

    /// Runs a command that must succeed.
    @discardableResult
    static func run(_ cli: DockerCLI, _ arguments: String...) async throws -> String {
        try await cli.run(arguments).get().text.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// An image of nothing but a static busybox.
    static func makeImage(_ cli: DockerCLI, _ name: String) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("muster-image-\(UUID().uuidString)")
        let bin = folder.appendingPathComponent("root/bin")
        try FileManager.default.createDirectory(at: bin, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.copyItem(atPath: "/bin/busybox", toPath: bin.appendingPathComponent("busybox").path)
        for applet in ["sh", "sleep", "true", "false", "test"] {
            try FileManager.default.createSymbolicLink(
                atPath: bin.appendingPathComponent(applet).path, withDestinationPath: "busybox")
        }
        let archive = folder.appendingPathComponent("root.tar").path
        let tar = Process()
        tar.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        tar.arguments = ["tar", "-C", folder.appendingPathComponent("root").path, "-cf", archive, "."]
        try tar.run()
        tar.waitUntilExit()
        try await run(cli, "import", "-c", #"CMD ["/bin/sleep","1000000"]"#, archive, name)
    }
}

/// A dockerd of the test's own, to stop and start and to make a Swarm of. Needs root.
final class OwnDockerd: Sendable {
    let folder: URL
    let cli: DockerCLI
    private let process: Process

    static let isPossible: Bool = RealDocker.cli != nil && getuid() == 0 && executable != nil
    private static let executable = ["/usr/bin/dockerd", "/usr/local/bin/dockerd", "/usr/sbin/dockerd"]
        .first { FileManager.default.isExecutableFile(atPath: $0) }

    init() throws {
        let client = try #require(RealDocker.cli)
        // A short path: a Unix socket's has at most 107 bytes (unix(7)).
        folder = URL(fileURLWithPath: "/tmp/muster-dockerd-\(UInt32.random(in: 0...UInt32.max))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let host = "unix://\(folder.path)/sock"
        cli = DockerCLI(executable: client.executable, host: host, timeout: .seconds(30))
        process = try OwnDockerd.start(folder, host)
    }

    private static func start(_ folder: URL, _ host: String) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try #require(executable))
        process.arguments = [
            "--storage-driver=vfs", "--bridge=none", "--iptables=false", "--ip-masq=false", "-H", host,
            "--data-root", "\(folder.path)/data", "--exec-root", "\(folder.path)/exec", "-p", "\(folder.path)/pid",
        ]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        return process
    }

    func isReady() async -> Bool {
        await eventually(within: .seconds(30)) {
            if case .success = await cli.run(["version", "--format", "{{.Server.Version}}"]) { return true }
            return false
        }
    }

    /// TERM, and waits until it is gone.
    func stop() async {
        if process.isRunning { process.terminate() }
        _ = await eventually(within: .seconds(30)) { !process.isRunning }
    }

    func remove() async {
        await stop()
        try? FileManager.default.removeItem(at: folder)
    }
}
