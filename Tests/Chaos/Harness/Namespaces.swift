import Foundation
import PostgresFixture

/// A network namespace for each instance, all on one bridge with the host, where Postgres listens: so that what goes
/// between one instance and the database can be dropped, in either direction, while its API stays reachable.
final class Namespaces: Sendable {
    enum Direction: String, Sendable, CaseIterable {
        /// What the instance sends to the database.
        case towards
        /// What the database answers.
        case from
        case both
    }

    let names: [String]
    private let bridge: String
    private let network: String

    /// Why this machine cannot have them; nil when it can.
    static let obstacle: String? = {
        guard geteuid() == 0 else { return "network namespaces need root" }
        let path = (ProcessInfo.processInfo.environment["PATH"] ?? "") + ":/usr/sbin:/sbin"
        let folders = path.split(separator: ":")
        for program in ["ip", "iptables"] where !folders.contains(where: { access("\($0)/\(program)", X_OK) == 0 }) {
            return "`\(program)` is not installed"
        }
        return nil
    }()

    /// In the benchmark range of RFC 2544, as scripts/with-dockerd, in another half of it.
    init(_ names: [String]) async throws {
        let number = Int.random(in: 1...250)
        self.names = names
        bridge = "mcb\(number)"
        network = "198.19.\(number)"
        do {
            try await run("ip", "link", "add", bridge, "type", "bridge")
            try await run("ip", "address", "add", "\(host)/24", "dev", bridge)
            try await run("ip", "link", "set", bridge, "up")
            for name in names { try await add(name) }
        } catch {
            await remove()
            throw error
        }
    }

    /// The host's address on the bridge.
    var host: String { "\(network).1" }

    func address(of name: String) -> String { "\(network).\((names.firstIndex(of: name) ?? 0) + 2)" }

    /// What stands in front of a command that runs in it.
    func launcher(for name: String) -> [String] { ["ip", "netns", "exec", namespace(name)] }

    private func namespace(_ name: String) -> String { "\(bridge)-\(name)" }

    private func add(_ name: String) async throws {
        let (space, outer) = (namespace(name), "\(bridge)\(name)")
        try await run("ip", "netns", "add", space)
        try await run("ip", "link", "add", outer, "type", "veth", "peer", "name", "eth0", "netns", space)
        try await run("ip", "link", "set", outer, "master", bridge, "up")
        try await run("ip", "netns", "exec", space, "ip", "address", "add", "\(address(of: name))/24", "dev", "eth0")
        try await run("ip", "netns", "exec", space, "ip", "link", "set", "eth0", "up")
        try await run("ip", "netns", "exec", space, "ip", "link", "set", "lo", "up")
    }

    func cut(_ name: String, _ direction: Direction, port: Int) async throws {
        if direction != .from { try await rule("-A", name, "OUTPUT", "--dport", port) }
        if direction != .towards { try await rule("-A", name, "INPUT", "--sport", port) }
    }

    func mend(_ name: String, _ direction: Direction, port: Int) async throws {
        if direction != .from { try await rule("-D", name, "OUTPUT", "--dport", port) }
        if direction != .towards { try await rule("-D", name, "INPUT", "--sport", port) }
    }

    private func rule(_ verb: String, _ name: String, _ chain: String, _ side: String, _ port: Int) async throws {
        try await run(
            "ip", "netns", "exec", namespace(name), "iptables", verb, chain, "-p", "tcp", side, String(port), "-j",
            "DROP")
    }

    func remove() async {
        for name in names { try? await run("ip", "netns", "delete", namespace(name)) }
        try? await run("ip", "link", "delete", bridge)
    }

    private func run(_ arguments: String...) async throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = arguments
        process.environment = ["PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        let status = try await process.runToEnd()
        guard status == 0 else { throw HarnessError("`\(arguments.joined(separator: " "))` ended with \(status)") }
    }
}
