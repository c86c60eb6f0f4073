import FleetModel
import Foundation
import Glibc
import HTTPClient
import Synchronization

/// A real `muster serve` on a fake fleet, with port, files and log of its own.
final class Instance: Sendable {
    let name: String
    let port: Int
    private let scratch: Scratch
    private let launcher: [String]
    private let address: String
    private let environment: [String: String]
    private let process = Mutex<Process?>(nil)

    /// - Parameters:
    ///   - name: what the record calls it; unique within the fleet.
    ///   - registry: the text of the services list, indented by two.
    ///   - rules: the text of the policy's rules, indented by two; everything else asks.
    ///   - launcher: stands in front of the command, as `ip netns exec NAME`.
    ///   - address: where its API is reached.
    init(
        _ name: String, fleet: FakeFleet, registry: String, rules: String = "", launcher: [String] = [],
        address: String = "127.0.0.1", flags: [String: String] = [:]
    ) throws {
        self.name = name
        self.launcher = launcher
        self.address = address
        scratch = fleet.scratch
        port = try Ports.next()
        try scratch.write("version: 1\nservices:\n\(registry)\n", to: "registry.yml")
        try scratch.write(
            "version: 1\ndefaults: {tier: approval_required}\n"
                + (rules.isEmpty ? "rules: []\n" : "rules:\n\(rules)\n"), to: "policy.yml")
        environment = fleet.environment(for: name).merging([
            "HOME": scratch.folder.path, "LOG_FORMAT": "json", "HOST": address, "PORT": String(port),
            "MUSTER_DATA_DIR": scratch.path("data"), "FLEET_ACTUATOR": "docker", "FLEET_OBSERVERS": "docker",
            "FLEET_REGISTRY_PATH": scratch.path("registry.yml"), "ACTION_POLICY_PATH": scratch.path("policy.yml"),
            "FLEET_RECONCILER_INTERVAL": "5", "FLEET_RECONCILER_MAX_ACTIONS": "50", "DOCKER_TIMEOUT": "5",
        ]) { $1 }.merging(flags) { $1 }
    }

    // MARK: - Life

    /// Starts the process and does not wait; `flags` are for this start only.
    func launch(flags: [String: String] = [:]) throws {
        let process = Process()
        let command = launcher + [Built.muster, "serve"]
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = command
        process.environment = environment.merging(flags) { $1 }
        process.currentDirectoryURL = scratch.folder
        process.standardInput = FileHandle.nullDevice
        let descriptor = open(
            scratch.path("\(name).log"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw HarnessError("cannot write the log of \(name): errno \(errno)") }
        let log = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        process.standardOutput = log
        process.standardError = log
        try process.run()
        self.process.withLock { $0 = process }
    }

    /// Starts the process and waits until it serves.
    func start(flags: [String: String] = [:], within seconds: Double = 60) async throws {
        try launch(flags: flags)
        try await eventually("\(name) serves on port \(port); its log ends\n\(logTail)", within: seconds) {
            guard isRunning else { throw HarnessError("it ended at start") }
            return try await get("/livez").status == 200 ? true : nil
        }
    }

    var url: String { "http://\(address):\(port)" }
    var isRunning: Bool { process.withLock { $0?.isRunning ?? false } }
    /// 0 before the first start.
    var processID: Int32 { process.withLock { $0?.processIdentifier ?? 0 } }

    func signal(_ number: Int32) {
        process.withLock { process in
            if let process, process.isRunning { kill(process.processIdentifier, number) }
        }
    }

    /// Waits for the end; answers the exit code, or 128 + the signal that ended it.
    @discardableResult
    func ended(within seconds: Double = 60) async throws -> Int32 {
        try await eventually("\(name) ends", within: seconds, every: .milliseconds(20)) {
            self.process.withLock { process -> Int32? in
                guard let process, !process.isRunning else { return nil }
                return process.terminationReason == .exit ? process.terminationStatus : 128 + process.terminationStatus
            }
        }
    }

    /// For the end of a test: gone when it returns, stopped or not.
    func end() async {
        signal(SIGKILL)
        _ = try? await ended(within: 20)
    }

    var log: String { scratch.read("\(name).log") }
    var logTail: String { log.split(separator: "\n").suffix(25).joined(separator: "\n") }

    // MARK: - API

    func get(_ path: String) async throws -> (status: Int, body: JSONValue) {
        try await send(HTTPRequest("GET", "http://\(address):\(port)\(path)", timeoutSeconds: 5))
    }

    func post(_ path: String, _ body: JSONValue) async throws -> (status: Int, body: JSONValue) {
        try await send(
            HTTPRequest(
                "POST", "http://\(address):\(port)\(path)", headers: [("Content-Type", "application/json")],
                body: Array(body.text.utf8), timeoutSeconds: 5))
    }

    private func send(_ request: HTTPRequest) async throws -> (status: Int, body: JSONValue) {
        let response = try await HTTPClient().send(request)
        let text = String(decoding: response.body, as: UTF8.self)
        return (response.status, (try? JSONValue.parse(text)) ?? .string(text))
    }

    func list(_ name: String, _ query: String = "?limit=1000") async throws -> [JSONValue] {
        let answer = try await get("/api/fleet/\(name)\(query)")
        guard answer.status == 200, let items = answer.body[name]?.array else {
            throw HarnessError("\(name) answered \(answer.status): \(answer.body.text)")
        }
        return items
    }

    func approve(_ id: String) async throws -> Int {
        try await post("/api/fleet/approvals/\(id)/approve", ["note": "chaos"]).status
    }
}

/// Ports below those that the kernel gives to outgoing connections (32768 by default), each handed out once.
private enum Ports {
    private static let last = Mutex(12000 + Int(getpid()) * 61 % 12000)

    static func next() throws -> Int {
        for _ in 0..<1000 {
            let port = last.withLock { last in
                last = last >= 31000 ? 12000 : last + 1
                return last
            }
            if isFree(port) { return port }
        }
        throw HarnessError("no port is free")
    }

    private static func isFree(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                bind(descriptor, generic, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
