package import Foundation
internal import Glibc
package import PostgresClient
internal import Synchronization

/// A Postgres server of a test's own: made by initdb in a folder of its own, on a loopback port that was free, with
/// fsync on; run as `postgres` when the test runs as root. Its superuser is `muster`, its database `postgres`; local
/// connections need no password.
///
/// A process beside it holds the read end of a pipe: when `remove` closes the other end, or the test process dies,
/// that one stops the server and removes the folder.
package final class PostgresServer: Sendable {
    package let port: Int
    /// Data, log and what `install` puts there: `folder/data`.
    package let folder: String
    private let programs: Programs
    private let lifeline: Mutex<(process: Process, pipe: Pipe)?>

    package struct Failure: Error, CustomStringConvertible {
        package var description: String
    }

    /// Whether this machine has a Postgres server to run.
    package static var isInstalled: Bool { Programs.find() != nil }

    // MARK: - From nothing, and from another one

    /// Makes and starts a server; `settings` are lines for postgresql.conf.
    package static func start(settings: [String] = []) async throws -> PostgresServer {
        try await blocking {
            let server = try PostgresServer()
            try server.programs.run(
                "initdb",
                ["-D", server.data, "-U", "muster", "-E", "UTF8", "--locale=C.UTF-8", "--auth=trust", "-N"])
            let standard = [
                "listen_addresses = '127.0.0.1'", "port = \(server.port)", "unix_socket_directories = ''",
                "max_connections = 100", "fsync = on", "wal_level = replica", "max_wal_senders = 5",
            ]
            try server.configure(standard + settings)
            try server.startNow()
            return server
        }
    }

    /// A streaming standby of this server, started. What it answers lags behind by as much as has not been replayed.
    package func standby() async throws -> PostgresServer {
        try await blocking { [self] in
            let standby = try PostgresServer()
            try programs.run(
                "pg_basebackup",
                ["-d", dsn(), "-D", standby.data, "-R", "-X", "stream", "-c", "fast", "--no-sync"])
            try standby.configure(["port = \(standby.port)"])
            try standby.startNow()
            return standby
        }
    }

    private init() throws {
        guard let programs = Programs.find() else { throw Failure(description: "no Postgres server is installed") }
        self.programs = programs
        port = try freePort()
        // Not under TMPDIR: that may be a folder that the user `postgres` cannot look into.
        folder = "/tmp/muster-pgs-\(UUID().uuidString.prefix(13))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        try programs.give(folder)
        let pipe = Pipe()
        let reaper = Process()
        reaper.executableURL = URL(fileURLWithPath: "/bin/sh")
        let stop = programs.command("pg_ctl", ["-D", folder + "/data", "-m", "immediate", "-w", "-t", "30", "stop"])
        // A stopped (SIGSTOP) server would not end, so it is woken first.
        reaper.arguments =
            [
                "-c",
                """
                read -r _ || true
                folder=$1; shift
                kill -CONT $(pgrep -f "$folder/") 2>/dev/null
                [ ! -f "$folder/data/postmaster.pid" ] || "$@" >/dev/null 2>&1
                rm -rf "$folder"
                """, "reaper", folder,
            ] + stop
        reaper.standardInput = pipe
        try reaper.run()
        lifeline = Mutex((reaper, pipe))
    }

    // MARK: - What tests do to it

    package func stop(immediately: Bool = false) async throws {
        try await blocking { [self] in
            try programs.run(
                "pg_ctl", ["-D", data, "-m", immediately ? "immediate" : "fast", "-w", "-t", "60", "stop"])
        }
    }

    package func start() async throws {
        try await blocking { [self] in try startNow() }
    }

    package func promote() async throws {
        try await blocking { [self] in try programs.run("pg_ctl", ["-D", data, "-w", "-t", "60", "promote"]) }
    }

    /// kill -9 of the server and all its sessions: nothing is flushed, nobody is told.
    package func kill() async throws {
        let postmaster = try postmasterPID()
        await blocking { [self] in
            // The sessions end by themselves once they notice that the postmaster is gone; that takes too long here.
            Glibc.kill(postmaster, SIGKILL)
            for pid in processes(childrenOf: postmaster) { Glibc.kill(pid, SIGKILL) }
            while Glibc.kill(postmaster, 0) == 0 { usleep(10_000) }
        }
    }

    /// SIGSTOP of the server's process for one session (`PostgresConnection.backendPID`), or of all of them.
    package func pause(backend pid: Int32? = nil) throws { try signal(SIGSTOP, pid) }
    package func resume(backend pid: Int32? = nil) throws { try signal(SIGCONT, pid) }

    /// Puts a file into the data folder with the owner and mode that the server wants of a key; answers its path.
    @discardableResult
    package func install(_ name: String, _ contents: Data) throws -> String {
        let path = data + "/" + name
        try contents.write(to: URL(fileURLWithPath: path))
        try programs.give(path)
        chmod(path, 0o600)
        return path
    }

    /// Stops the server and removes everything. What a test must call in the end.
    package func remove() async {
        guard let (process, pipe) = lifeline.withLock({ $0.take() }) else { return }
        await blocking {
            try? pipe.fileHandleForWriting.close()
            process.waitUntilExit()
        }
    }

    // MARK: - How to reach it

    /// `parameters` in the query, percent-encoded where that is needed.
    package func dsn(
        user: String = "muster", password: String? = nil, database: String = "postgres",
        parameters: [(String, String)] = []
    ) -> String {
        let secret = password.map { ":\(encoded($0))" } ?? ""
        let query = parameters.map { "\($0.0)=\(encoded($0.1))" }.joined(separator: "&")
        return "postgresql://\(user)\(secret)@127.0.0.1:\(port)/\(database)" + (query.isEmpty ? "" : "?\(query)")
    }

    /// Runs statements as the superuser; answers the rows of the last one.
    @discardableResult
    package func execute(_ statements: String...) async throws -> [PostgresRow] {
        try await PostgresServer.execute(statements, dsn: dsn())
    }

    /// The same at any server.
    @discardableResult
    package static func execute(_ statements: [String], dsn: String) async throws -> [PostgresRow] {
        let connection = try await PostgresConnection.connect(
            PostgresDSN(dsn), applicationName: "muster-test", timeout: .seconds(30))
        do {
            var rows: [PostgresRow] = []
            for statement in statements { rows = Array(try await connection.query(statement, timeout: .seconds(60))) }
            await connection.close()
            return rows
        } catch {
            await connection.close()
            throw error
        }
    }

    package var log: String { (try? String(contentsOfFile: folder + "/log", encoding: .utf8)) ?? "" }

    // MARK: - Parts

    package var data: String { folder + "/data" }

    private func startNow() throws {
        do {
            try programs.run("pg_ctl", ["-D", data, "-l", folder + "/log", "-w", "-t", "60", "start"])
        } catch {
            throw Failure(description: "\(error)\n\(log.suffix(1000))")
        }
    }

    private func configure(_ lines: [String]) throws {
        let path = data + "/postgresql.conf"
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        defer { try? file.close() }
        try file.seekToEnd()
        try file.write(contentsOf: Data((lines.joined(separator: "\n") + "\n").utf8))
    }

    private func signal(_ number: Int32, _ pid: Int32?) throws {
        let postmaster = try postmasterPID()
        for pid in pid.map({ [$0] }) ?? [postmaster] + processes(childrenOf: postmaster) { Glibc.kill(pid, number) }
    }

    private func postmasterPID() throws -> Int32 {
        let text = try String(contentsOfFile: data + "/postmaster.pid", encoding: .utf8)
        guard let pid = text.split(separator: "\n").first.flatMap({ Int32($0) }) else {
            throw Failure(description: "`postmaster.pid` makes no sense: \(text)")
        }
        return pid
    }

    /// The fourth field of /proc/PID/stat, after the name in parentheses, is the parent (proc(5)).
    private func processes(childrenOf parent: Int32) -> [Int32] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { Int32($0) }.filter { pid in
            let stat = (try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)) ?? ""
            let fields = stat.drop { $0 != ")" }.split(separator: " ")
            return fields.count > 2 && Int32(fields[2]) == parent
        }
    }
}

private func encoded(_ text: String) -> String {
    text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? text
}

/// Below the range that the kernel hands out to clients, so that none sits on it by chance.
private func freePort() throws -> Int {
    for _ in 0..<100 {
        let port = Int.random(in: 20_000..<30_000)
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        let bound = withUnsafePointer(to: address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        if bound == 0 { return port }
    }
    throw PostgresServer.Failure(description: "no port is free")
}
