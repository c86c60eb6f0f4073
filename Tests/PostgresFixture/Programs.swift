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

    /// Runs a program to its end, blocking. Its output goes to a file, and it inherits no descriptor: a server that it
    /// starts keeps whatever it is given open, and Foundation's `Process` waits for that to be closed.
    func run(_ program: String, _ arguments: [String]) throws {
        let output = NSTemporaryDirectory() + "muster-pg-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: output) }
        let status = try Programs.spawn(["/usr/bin/env"] + command(program, arguments), output: output)
        guard status == 0 else {
            let text = (try? String(contentsOfFile: output, encoding: .utf8)) ?? ""
            throw PostgresServer.Failure(description: "\(program) ended with \(status): \(text.suffix(1000))")
        }
    }

    /// Answers the exit status, or 128 + the signal that ended it.
    private static func spawn(_ command: [String], output: String) throws -> Int32 {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        // Closing what is not open is no error here.
        for descriptor in Int32(3)..<1024 { posix_spawn_file_actions_addclose(&actions, descriptor) }
        var words: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
        defer { words.forEach { free($0) } }
        var process: pid_t = 0
        let failure = posix_spawn(&process, command[0], &actions, nil, &words, environ)
        guard failure == 0 else {
            throw PostgresServer.Failure(description: "\(command): \(String(cString: strerror(failure)))")
        }
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0 && errno == EINTR {}
        return status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F)
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
