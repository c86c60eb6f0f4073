internal import GRDB
internal import Store

/// The tables and how a file comes to have them.
///
/// Migrations only go forward: each has a name, is applied once, in this order, and is never edited after a
/// release. A file with a name that is not listed here was written by a newer Muster and is refused untouched.
enum Schema {
    static let migrations: [(name: String, sql: String)] = [
        ("001-spine", spine),
        ("002-submissions", submissions),
        ("003-scaling", scaling),
    ]

    static func migrate(_ pool: DatabasePool) throws {
        var migrator = DatabaseMigrator()
        for migration in migrations {
            migrator.registerMigration(migration.name) { db in try db.execute(sql: migration.sql) }
        }
        if let unknown = try pool.read({ db in try unknownMigration(db) }) {
            throw StoreError.newerSchema(found: unknown)
        }
        try migrator.migrate(pool)
    }

    /// The names applied to a file, oldest first.
    static func applied(_ db: Database) throws -> [String] {
        guard try db.tableExists("grdb_migrations") else { return [] }
        return try String.fetchAll(db, sql: "SELECT identifier FROM grdb_migrations ORDER BY rowid")
    }

    private static func unknownMigration(_ db: Database) throws -> String? {
        let known = Set(migrations.map(\.name))
        return try applied(db).first { !known.contains($0) }
    }

    /// Times are milliseconds since 1970. `body` is JSON and holds what no query filters by. All tables are STRICT,
    /// so that a column always has the type that the decoding expects.
    private static let spine = """
        -- One row: the term in force, and where the ledger ends.
        CREATE TABLE meta (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            epoch INTEGER NOT NULL,
            holder TEXT NOT NULL,
            ledger_head INTEGER NOT NULL,
            ledger_hash TEXT NOT NULL
        ) STRICT;
        INSERT INTO meta VALUES (1, 0, '', 0, '\(String(repeating: "0", count: 64))');

        -- The ledger. `body` is what is hashed; the other columns repeat parts of it for searching.
        CREATE TABLE decisions (
            sequence INTEGER PRIMARY KEY,
            id TEXT NOT NULL,
            at INTEGER NOT NULL,
            kind TEXT NOT NULL,
            target TEXT NOT NULL,
            verdict TEXT NOT NULL,
            dry_run INTEGER NOT NULL,
            approval_id TEXT,
            action_id TEXT,
            prev_hash TEXT NOT NULL,
            hash TEXT NOT NULL,
            body TEXT NOT NULL
        ) STRICT;
        CREATE UNIQUE INDEX decisions_id ON decisions (id);
        CREATE INDEX decisions_at ON decisions (at);
        CREATE INDEX decisions_kind ON decisions (kind);
        CREATE INDEX decisions_target ON decisions (target);
        CREATE INDEX decisions_verdict ON decisions (verdict);
        CREATE INDEX decisions_spends ON decisions (dry_run, at, kind, target, action_id)
            WHERE verdict IN ('allow', 'allow_notify');

        -- The newest entry of the ledger for each kind and target.
        CREATE TABLE last_decisions (
            kind TEXT NOT NULL,
            target TEXT NOT NULL,
            id TEXT NOT NULL,
            at INTEGER NOT NULL,
            verdict TEXT NOT NULL,
            policy_digest TEXT NOT NULL,
            consent_digest TEXT NOT NULL,
            earliest INTEGER,
            dry_run INTEGER NOT NULL,
            PRIMARY KEY (kind, target)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE approvals (
            id TEXT NOT NULL PRIMARY KEY,
            kind TEXT NOT NULL,
            target TEXT NOT NULL,
            status TEXT NOT NULL,
            dry_run INTEGER NOT NULL,
            created_at INTEGER NOT NULL,
            expires_at INTEGER NOT NULL,
            last_seen_at INTEGER NOT NULL,
            seen_count INTEGER NOT NULL,
            resolved_at INTEGER,
            action_id TEXT,
            body TEXT NOT NULL
        ) STRICT;
        CREATE UNIQUE INDEX approvals_pending ON approvals (kind, target) WHERE status = 'pending';
        CREATE INDEX approvals_open ON approvals (status) WHERE status IN ('pending', 'approved', 'executing');
        CREATE INDEX approvals_newest ON approvals (created_at, id);
        CREATE INDEX approvals_status ON approvals (status, created_at, id);
        CREATE INDEX approvals_target ON approvals (target, created_at, id);

        -- The newest denial for each kind and target.
        CREATE TABLE last_denials (
            kind TEXT NOT NULL,
            target TEXT NOT NULL,
            at INTEGER NOT NULL,
            approval_id TEXT NOT NULL REFERENCES approvals (id),
            PRIMARY KEY (kind, target)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE actions (
            id TEXT NOT NULL PRIMARY KEY,
            kind TEXT NOT NULL,
            target TEXT NOT NULL,
            state TEXT NOT NULL,
            actuator TEXT NOT NULL,
            dry_run INTEGER NOT NULL,
            epoch INTEGER NOT NULL,
            decision_id TEXT NOT NULL,
            approval_id TEXT REFERENCES approvals (id) DEFERRABLE INITIALLY DEFERRED,
            planned_at INTEGER NOT NULL,
            started_at INTEGER,
            finished_at INTEGER,
            body TEXT NOT NULL
        ) STRICT;
        CREATE UNIQUE INDEX actions_in_flight ON actions (target) WHERE state IN ('planned', 'executing');
        CREATE INDEX actions_unsettled ON actions (planned_at, id) WHERE state IN ('planned', 'executing', 'unknown');
        CREATE INDEX actions_newest ON actions (planned_at, id);
        CREATE INDEX actions_state ON actions (state, planned_at, id);
        CREATE INDEX actions_target ON actions (target, planned_at, id);

        -- For each target the action that ended last.
        CREATE TABLE last_actions (
            target TEXT NOT NULL PRIMARY KEY,
            action_id TEXT NOT NULL REFERENCES actions (id)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE holds (scope TEXT NOT NULL PRIMARY KEY, body TEXT NOT NULL) STRICT;
        CREATE TABLE overrides (
            id TEXT NOT NULL PRIMARY KEY,
            priority INTEGER NOT NULL,
            created_at INTEGER NOT NULL,
            body TEXT NOT NULL
        ) STRICT;
        CREATE TABLE reports (id TEXT NOT NULL PRIMARY KEY, at INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
        CREATE INDEX reports_newest ON reports (at, id);
        CREATE TABLE idempotency (
            key TEXT NOT NULL PRIMARY KEY,
            fingerprint TEXT NOT NULL,
            status INTEGER NOT NULL,
            body TEXT NOT NULL,
            at INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX idempotency_at ON idempotency (at);
        """

    private static let submissions = """
        CREATE TABLE submissions (
            id TEXT NOT NULL PRIMARY KEY,
            at INTEGER NOT NULL,
            requested_by TEXT NOT NULL,
            request TEXT NOT NULL,
            answer TEXT
        ) STRICT;
        CREATE INDEX submissions_unanswered ON submissions (at, id) WHERE answer IS NULL;
        """

    private static let scaling = """
        -- What the autoscaler keeps of each service from evaluation to evaluation.
        CREATE TABLE scaling_state (
            service TEXT NOT NULL,
            dry_run INTEGER NOT NULL,
            at INTEGER NOT NULL,
            body TEXT NOT NULL,
            PRIMARY KEY (service, dry_run)
        ) STRICT, WITHOUT ROWID;

        -- For each target the newest action that sets its number of replicas.
        CREATE TABLE last_scalings (
            target TEXT NOT NULL,
            dry_run INTEGER NOT NULL,
            action_id TEXT NOT NULL REFERENCES actions (id),
            PRIMARY KEY (target, dry_run)
        ) STRICT, WITHOUT ROWID;
        -- The bare `id` is that of the row with the maximum (sqlite.org/lang_select.html, 2.5).
        INSERT INTO last_scalings SELECT target, dry_run, id FROM (
            SELECT target, dry_run, id, max(planned_at) FROM actions WHERE kind = 'scale_service'
            GROUP BY target, dry_run);

        CREATE TABLE scaling_points (
            service TEXT NOT NULL,
            at INTEGER NOT NULL,
            dry_run INTEGER NOT NULL,
            body TEXT NOT NULL,
            PRIMARY KEY (service, at)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX scaling_points_at ON scaling_points (at);

        -- The newest value pushed of each signal of each service.
        CREATE TABLE gauges (
            service TEXT NOT NULL,
            signal TEXT NOT NULL,
            at INTEGER NOT NULL,
            body TEXT NOT NULL,
            PRIMARY KEY (service, signal)
        ) STRICT, WITHOUT ROWID;
        """
}
