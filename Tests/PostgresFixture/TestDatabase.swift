internal import Foundation
internal import PostgresClient

/// A schema of its own on the server that scripts/with-postgres started, for tests that need no server to themselves.
/// What is not bound to a schema (NOTIFY, advisory locks) is shared with the tests that run at the same time.
package struct TestDatabase: Sendable {
    /// Its `search_path` is the schema.
    package let dsn: String
    package let schema: String
    private let server: String

    /// The server's DSN; nil when there is none, and tests that need it are skipped.
    package static let serverDSN = ProcessInfo.processInfo.environment["MUSTER_TEST_POSTGRES"].flatMap {
        $0.isEmpty ? nil : $0
    }

    /// For the trait of what is skipped.
    package static let reason =
        ProcessInfo.processInfo.environment["MUSTER_TEST_POSTGRES_SKIP_REASON"]
        ?? "MUSTER_TEST_POSTGRES is not set; scripts/with-postgres sets it"

    package static func make() async throws -> TestDatabase {
        guard let server = serverDSN else { throw PostgresServer.Failure(description: reason) }
        let schema = "t_" + UUID().uuidString.filter { $0 != "-" }.lowercased()
        try await PostgresServer.execute(["CREATE SCHEMA \(schema)"], dsn: server)
        let separator = server.contains("?") ? "&" : "?"
        return TestDatabase(
            dsn: server + "\(separator)options=-csearch_path%3D\(schema)", schema: schema, server: server)
    }

    package func drop() async throws {
        try await PostgresServer.execute(
            ["SET client_min_messages = warning", "DROP SCHEMA \(schema) CASCADE"], dsn: server)
    }
}
