internal import PostgresClient
internal import Store

/// The tables and how a database comes to have them.
///
/// Migrations only go forward: each has a name, is applied once, in this order, and is never edited after a release.
/// They are applied under an advisory lock, so any number of instances may start at once. A database with a name that
/// is not listed here was written by a newer Muster and is refused untouched.
enum Migrations {
    static let all: [(name: String, sql: String)] = [
        ("001-spine", Schema.spine),
        ("002-leadership", Schema.leadership),
    ]

    /// Brings the tables up to date. `mustExist` refuses a database without any, where there were some before: it was
    /// replaced by an empty one, and starting a new ledger in it is for a person to decide.
    static func apply(_ session: PostgresSession, mustExist: Bool) throws {
        let found = try applied(session)
        guard !mustExist || !found.isEmpty else {
            throw StoreError.unavailable(
                "the database has no tables of Muster any more; restart Muster to begin anew in it")
        }
        if try missing(found).isEmpty { return }
        try session.transaction(.readCommitted) {
            // Others may take their time with the same before it is this one's turn.
            session.later("SET LOCAL statement_timeout = 0")
            try session.query("SELECT pg_advisory_xact_lock(\(Locks.migrations))")
            try session.query(
                """
                CREATE TABLE IF NOT EXISTS muster_migrations
                (position integer PRIMARY KEY, name text NOT NULL UNIQUE, applied_at timestamptz NOT NULL)
                """)
            for (position, migration) in try missing(applied(session)) {
                try session.script(migration.sql)
                try session.query(
                    "INSERT INTO muster_migrations VALUES ($1, $2, clock_timestamp())",
                    [.bigint(position), .text(migration.name)])
            }
        }
    }

    /// The names applied, oldest first.
    static func applied(_ session: PostgresSession) throws -> [String] {
        guard try session.query("SELECT to_regclass('muster_migrations')")[0].text(0) != nil else { return [] }
        return try session.query("SELECT name FROM muster_migrations ORDER BY position").compactMap { $0.text("name") }
    }

    private static func missing(_ applied: [String]) throws -> [(position: Int, migration: (name: String, sql: String))]
    {
        let known = Set(all.map(\.name))
        if let unknown = applied.first(where: { !known.contains($0) }) {
            throw StoreError.newerSchema(found: unknown)
        }
        return all.enumerated().filter { !applied.contains($0.element.name) }
            .map { (position: $0.offset + 1, migration: $0.element) }
    }
}
