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

    /// Runs a program to its end, blocking, with its output in a file: a pipe would be kept open by a server that it
    /// starts.
    ///
    /// Not Foundation's `Process`: that waits for the end of a socket which every process below inherits, and so for the
    /// server too. Here no descriptor but the first three is handed on.
    func run(_ program: String, _ arguments: [String]) throws {
        let output = NSTemporaryDirectory() + "muster-pg-\(UUID().uuidString)"
        defer { unlink(output) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        let closing = "for fd in /proc/$$/fd/*; do fd=${fd##*/}; [ $fd -le 2 ] || eval \"exec $fd>&-\"; done"
        let command = ["bash", "-c", closing + "\nexec \"$@\"", "bash"] + command(program, arguments)
        var words = command.map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var pid: pid_t = 0
        let code = posix_spawnp(&pid, command[0], &actions, nil, &words, environ)
        guard code == 0 else {
            throw PostgresServer.Failure(description: "\(command[0]): \(String(cString: strerror(code)))")
        }
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        guard status == 0 else {
            let text = (try? String(contentsOfFile: output, encoding: .utf8)) ?? ""
            throw PostgresServer.Failure(
                description: "\(program) ended with status \(status): \(text.suffix(1000))")
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
