import Foundation
import PostgresFixture

/// One Postgres server for all runs that do nothing to the server itself, and databases on it.
enum Databases {
    /// Ended by its own watcher when this process ends.
    private static let shared = Task { try await PostgresServer.start(settings: ["max_connections = 400"]) }

    static func server() async throws -> PostgresServer { try await shared.value }

    /// A database of one's own, since advisory locks and notices know no schemas. Answers its DSN.
    static func make(on server: PostgresServer) async throws -> String {
        let name = "c" + UUID().uuidString.filter { $0 != "-" }.lowercased()
        try await server.execute("CREATE DATABASE \(name)")
        return server.dsn(database: name)
    }

    /// What `pg_terminate_backend` says of every session that the holder of the term has.
    static func endLeaderSessions(_ dsn: String) async throws {
        try await PostgresServer.execute(
            [
                """
                SELECT pg_terminate_backend(a.pid) FROM pg_stat_activity a, leadership l
                WHERE l.role = 1 AND a.application_name = 'muster:' || right(l.holder, 40)
                    AND a.datname = current_database()
                """
            ], dsn: dsn)
    }
}
