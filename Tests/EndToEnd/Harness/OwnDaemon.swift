import Foundation
import Glibc

/// A dockerd that a test may stop, hold and kill; it writes no iptables rule and takes no bridge.
final class OwnDaemon {
    /// Over its socket, whatever else it listens on.
    let docker: Docker
    private let home: Scratch
    private let arguments: [String]
    private var process: Process?

    /// `home` holds everything of it; its path is short enough for a socket. `arguments` are added to its command line.
    init(_ home: Scratch, arguments: [String] = []) {
        self.home = home
        self.arguments = arguments
        docker = Docker(host: "unix://\(home.path("docker.sock"))")
    }

    func start() async throws {
        try home.write("{}", to: "daemon.json")
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments =
            [
                "PATH=\(ProcessInfo.processInfo.environment["PATH"] ?? ""):/usr/sbin:/sbin", "dockerd",
                "--storage-driver=vfs", "--data-root", home.path("data"), "--exec-root", home.path("exec"),
                "--pidfile", home.path("pid"), "--host", docker.host, "--iptables=false", "--ip6tables=false",
                "--ip-forward=false", "--bridge=none", "--config-file", home.path("daemon.json"),
            ] + arguments
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        self.process = process
        try await eventually("a dockerd of our own answers") { try await docker("version").isEmpty ? nil : true }
    }

    func stop() async throws {
        guard let process else { return }
        kill(process.processIdentifier, SIGCONT)
        kill(process.processIdentifier, SIGTERM)
        try await eventually("our dockerd ends", within: 60) { process.isRunning ? nil : true }
        self.process = nil
    }

    /// It keeps its sockets and answers nothing, until it is let go on.
    func hold() { signal(SIGSTOP) }
    func letGoOn() { signal(SIGCONT) }

    /// The hardest end; its containers go on until it is started again.
    func crash() async throws {
        guard let process else { return }
        signal(SIGKILL)
        // Not `isRunning`: that waits for all who inherited a descriptor of it, its containers among them.
        let stat = "/proc/\(process.processIdentifier)/stat"
        try await eventually("our dockerd is gone", within: 60) {
            let state = (try? String(contentsOfFile: stat, encoding: .utf8)) ?? ") Z "
            return state.contains(") Z ") ? true : nil
        }
        self.process = nil
        // It is a zombie until all those are gone, too, and the next dockerd would take it for a living one.
        try FileManager.default.removeItem(atPath: home.path("pid"))
    }

    private func signal(_ number: Int32) {
        if let process { kill(process.processIdentifier, number) }
    }

    /// Ends it and takes its containers and mounts away, also when the test has failed.
    func end() async {
        letGoOn()
        // What a crash left running is only ended by a daemon that knows of it.
        if process == nil { try? await start() }
        let containers = (try? await docker("ps", "--all", "--quiet")) ?? ""
        for id in containers.split(separator: "\n") { _ = try? await docker("rm", "--force", String(id)) }
        if (try? await stop()) == nil, let process { kill(process.processIdentifier, SIGKILL) }
        let mounts = (try? String(contentsOfFile: "/proc/mounts", encoding: .utf8)) ?? ""
        let points = mounts.split(separator: "\n").compactMap { $0.split(separator: " ").dropFirst().first }
            .filter { $0.hasPrefix(home.folder.path + "/") }
        for point in points.sorted().reversed() { _ = try? await Shell.run(["umount", "-l", String(point)]) }
    }
}
