internal import Foundation
internal import Glibc

/// Postgres' programs and the user that they run as: not root, which the server refuses.
struct Programs: Sendable {
    var folder: String
    /// `postgres` when this process is root; nil to run as this process' user.
    var user: (id: uid_t, group: gid_t)?

    static func find() -> Programs? {
        let named = ProcessInfo.processInfo.environment["MUSTER_TEST_POSTGRES_BIN"].map { [$0] } ?? []
        let root = "/usr/lib/postgresql"
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
        let installed = versions.sorted { (Int($0) ?? 0) > (Int($1) ?? 0) }.map { "\(root)/\($0)/bin" }
        guard let folder = (named + installed).first(where: { access($0 + "/initdb", X_OK) == 0 }) else { return nil }
        guard geteuid() == 0 else { return Programs(folder: folder, user: nil) }
        guard let entry = getpwnam("postgres") else { return nil }
        return Programs(folder: folder, user: (entry.pointee.pw_uid, entry.pointee.pw_gid))
    }

    func command(_ program: String, _ arguments: [String]) -> [String] {
        let command = ["\(folder)/\(program)"] + arguments
        guard let user else { return command }
        return ["setpriv", "--reuid=\(user.id)", "--regid=\(user.group)", "--init-groups"] + command
    }

    /// Runs a program to its end, blocking. Its output goes to a file: a pipe would be kept open by a server that it
    /// starts.
    func run(_ program: String, _ arguments: [String]) throws {
        let output = NSTemporaryDirectory() + "muster-pg-\(UUID().uuidString)"
        try Data().write(to: URL(fileURLWithPath: output))
        defer { try? FileManager.default.removeItem(atPath: output) }
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: output))
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = command(program, arguments)
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = file
        process.standardError = file
        try process.run()
        process.waitUntilExit()
        try file.close()
        guard process.terminationStatus == 0 else {
            let text = (try? String(contentsOfFile: output, encoding: .utf8)) ?? ""
            throw PostgresServer.Failure(
                description: "\(program) ended with \(process.terminationStatus): \(text.suffix(1000))")
        }
    }

    /// Makes a file or folder the server's own.
    func give(_ path: String) throws {
        guard let user else { return }
        guard chown(path, user.id, user.group) == 0 else {
            throw PostgresServer.Failure(description: "chown \(path): \(String(cString: strerror(errno)))")
        }
    }
}

/// Runs what blocks away from the cooperative pool, which has as many threads as the machine has cores.
func blocking<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
    let result: Result<T, any Error> = await withCheckedContinuation { continuation in
        Thread.detachNewThread { continuation.resume(returning: Result { try body() }) }
    }
    return try result.get()
}

func blocking(_ body: @escaping @Sendable () -> Void) async {
    await withCheckedContinuation { continuation in
        Thread.detachNewThread {
            body()
            continuation.resume()
        }
    }
}
