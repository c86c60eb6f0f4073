import FleetModel
import Foundation
import Glibc
import Synchronization

/// The daemon ended before it served.
struct MusterEnded: Error, CustomStringConvertible {
    var log: String
    var description: String { "muster ended at start:\n\(log)" }
}

/// A real `muster serve` with files, port and data directory of its own.
final class Muster: Sendable {
    /// The built executable lies beside the test bundle.
    static let executable = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent().appendingPathComponent("muster")

    let scratch: Scratch
    let port: Int
    private let environment: [String: String]
    private let process = Mutex<Process?>(nil)

    /// - Parameters:
    ///   - registry: the text of the services list, indented by two.
    ///   - rules: the text of the policy's rules, indented by two; everything else asks.
    init(
        _ scratch: Scratch, registry: String, rules: String = "", docker: Docker?, actuator: String = "docker",
        shim: DockerShim? = nil, flags: [String: String] = [:]
    ) throws {
        self.scratch = scratch
        port = try Muster.freePort()
        try scratch.write(Muster.registry(registry), to: "registry.yml")
        try scratch.write(Muster.policy(rules), to: "policy.yml")
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        var environment = [
            "PATH": shim.map { "\($0.folder):\(path)" } ?? path, "HOME": scratch.folder.path, "LOG_LEVEL": "debug",
            "PORT": String(port), "MUSTER_DATA_DIR": scratch.path("data"), "FLEET_ACTUATOR": actuator,
            "FLEET_REGISTRY_PATH": scratch.path("registry.yml"), "ACTION_POLICY_PATH": scratch.path("policy.yml"),
            "FLEET_RECONCILER_INTERVAL": "1", "DEPLOY_WATCH_WINDOW": "2", "DEPLOY_WATCH_POLL": "1",
            "DOCKER_TIMEOUT": "20",
        ]
        if let docker { environment["DOCKER_HOST"] = docker.host }
        self.environment = environment.merging(flags) { $1 }
    }

    static func registry(_ services: String) -> String {
        services.isEmpty ? "version: 1\nservices: []\n" : "version: 1\nservices:\n\(services)\n"
    }

    static func policy(_ rules: String) -> String {
        "version: 1\ndefaults: {tier: approval_required}\n" + (rules.isEmpty ? "rules: []\n" : "rules:\n\(rules)\n")
    }

    /// A port that was free a moment ago, from the kernel.
    static func freePort() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                bind(descriptor, generic, length) == 0 ? getsockname(descriptor, generic, &length) : -1
            }
        }
        guard status == 0 else { throw HarnessError("no free port: errno \(errno)") }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    // MARK: - Life

    /// Starts the process and waits until it serves; `flags` are for this start only.
    func start(flags: [String: String] = [:]) async throws {
        let process = Process()
        process.executableURL = Muster.executable
        process.arguments = ["serve"]
        process.environment = environment.merging(flags) { $1 }
        process.currentDirectoryURL = scratch.folder
        process.standardInput = FileHandle.nullDevice
        let log = try Muster.appending(to: scratch.path("log"))
        process.standardOutput = log
        process.standardError = log
        try process.run()
        try? log.close()
        self.process.withLock { $0 = process }
        try await eventually("muster serves on port \(port)") {
            guard process.isRunning else { throw MusterEnded(log: logTail) }
            return try await get("/livez").status == 200 ? true : nil
        }
    }

    private static func appending(to path: String) throws -> FileHandle {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw HarnessError("cannot write \(path): errno \(errno)") }
        return FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }

    var isRunning: Bool { process.withLock { $0?.isRunning ?? false } }

    func signal(_ number: Int32) {
        process.withLock { process in
            if let process, process.isRunning { kill(process.processIdentifier, number) }
        }
    }

    /// Waits for the end; answers the exit code, or 128 + the signal that ended it.
    func ended(within seconds: Double = 30) async throws -> Int32 {
        try await eventually("muster ends", within: seconds) {
            self.process.withLock { process -> Int32? in
                guard let process, !process.isRunning else { return nil }
                return process.terminationReason == .exit ? process.terminationStatus : 128 + process.terminationStatus
            }
        }
    }

    /// The end of its log, for a failure's message.
    var logTail: String {
        scratch.read("log").split(separator: "\n").suffix(40).joined(separator: "\n")
    }

    // MARK: - API

    func get(_ path: String) async throws -> (status: Int, body: JSONValue) {
        try await request(["http://127.0.0.1:\(port)\(path)"])
    }

    func post(_ path: String, _ body: JSONValue) async throws -> (status: Int, body: JSONValue) {
        try await request([
            "-X", "POST", "-H", "Content-Type: application/json", "--data-binary", body.text,
            "http://127.0.0.1:\(port)\(path)",
        ])
    }

    private func request(_ arguments: [String]) async throws -> (status: Int, body: JSONValue) {
        let output = try await Shell.output(
            ["curl", "-sS", "--max-time", "10", "-w", "\n%{http_code}"] + arguments)
        guard let lineBreak = output.lastIndex(of: "\n"), let status = Int(output[output.index(after: lineBreak)...])
        else { throw HarnessError("curl said `\(output)`") }
        let text = String(output[..<lineBreak])
        return (status, (try? JSONValue.parse(text)) ?? .string(text))
    }

    /// The CLI against this daemon.
    func command(_ arguments: String...) async throws -> ShellResult {
        var environment = environment
        environment["MUSTER_URL"] = "http://127.0.0.1:\(port)"
        environment["NO_COLOR"] = "1"
        return try await Shell.run([Muster.executable.path] + arguments, environment: environment)
    }
}
