/// The statements of the migrations. Times are milliseconds since 1970. `body` is JSON as text, exactly as it was
/// written and hashed, and holds what no query filters by. Ids are compared byte by byte, as in SQLite.
enum Schema {
    static let spine = """
        -- One row each, changed often: room on the page keeps their updates from touching an index.
        CREATE TABLE revision (id integer PRIMARY KEY CHECK (id = 1), value bigint NOT NULL) WITH (fillfactor = 10);
        INSERT INTO revision VALUES (1, 1);
        -- Where the ledger ends.
        CREATE TABLE ledger_head (
            id integer PRIMARY KEY CHECK (id = 1),
            sequence bigint NOT NULL,
            hash text NOT NULL
        ) WITH (fillfactor = 10);
        INSERT INTO ledger_head VALUES (1, 0, '\(String(repeating: "0", count: 64))');

        -- The ledger. `body` is what is hashed; the other columns repeat parts of it for searching.
        CREATE TABLE decisions (
            sequence bigint PRIMARY KEY,
            id text COLLATE "C" NOT NULL,
            at bigint NOT NULL,
            kind text COLLATE "C" NOT NULL,
            target text COLLATE "C" NOT NULL,
            verdict text COLLATE "C" NOT NULL,
            dry_run boolean NOT NULL,
            approval_id text COLLATE "C",
            action_id text COLLATE "C",
            prev_hash text NOT NULL,
            hash text NOT NULL,
            body text NOT NULL
        );
        CREATE UNIQUE INDEX decisions_id ON decisions (id);
        CREATE INDEX decisions_at ON decisions (at);
        CREATE INDEX decisions_kind ON decisions (kind, sequence);
        CREATE INDEX decisions_target ON decisions (target, sequence);
        CREATE INDEX decisions_verdict ON decisions (verdict, sequence);
        CREATE INDEX decisions_spends ON decisions (dry_run, at) WHERE verdict IN ('allow', 'allow_notify');

        -- The newest entry of the ledger for each kind and target.
        CREATE TABLE last_decisions (
            kind text COLLATE "C" NOT NULL,
            target text COLLATE "C" NOT NULL,
            id text COLLATE "C" NOT NULL,
            at bigint NOT NULL,
            verdict text NOT NULL,
            policy_digest text NOT NULL,
            consent_digest text NOT NULL,
            earliest bigint,
            dry_run boolean NOT NULL,
            PRIMARY KEY (kind, target)
        ) WITH (fillfactor = 70);

        CREATE TABLE approvals (
            id text COLLATE "C" PRIMARY KEY,
            kind text COLLATE "C" NOT NULL,
            target text COLLATE "C" NOT NULL,
            status text COLLATE "C" NOT NULL,
            dry_run boolean NOT NULL,
            created_at bigint NOT NULL,
            expires_at bigint NOT NULL,
            last_seen_at bigint NOT NULL,
            seen_count bigint NOT NULL,
            resolved_at bigint,
            action_id text COLLATE "C",
            body text NOT NULL
        ) WITH (fillfactor = 70);
        CREATE UNIQUE INDEX approvals_pending ON approvals (kind, target) WHERE status = 'pending';
        CREATE INDEX approvals_open ON approvals (created_at, id)
            WHERE status IN ('pending', 'approved', 'executing');
        CREATE INDEX approvals_newest ON approvals (created_at, id);
        CREATE INDEX approvals_status ON approvals (status, created_at, id);
        CREATE INDEX approvals_target ON approvals (target, created_at, id);

        -- The newest denial for each kind and target.
        CREATE TABLE last_denials (
            kind text COLLATE "C" NOT NULL,
            target text COLLATE "C" NOT NULL,
            at bigint NOT NULL,
            approval_id text COLLATE "C" NOT NULL REFERENCES approvals (id),
            PRIMARY KEY (kind, target)
        );

        CREATE TABLE actions (
            id text COLLATE "C" PRIMARY KEY,
            kind text COLLATE "C" NOT NULL,
            target text COLLATE "C" NOT NULL,
            state text COLLATE "C" NOT NULL,
            actuator text NOT NULL,
            dry_run boolean NOT NULL,
            epoch bigint NOT NULL,
            decision_id text NOT NULL,
            approval_id text COLLATE "C" REFERENCES approvals (id),
            planned_at bigint NOT NULL,
            started_at bigint,
            finished_at bigint,
            body text NOT NULL
        ) WITH (fillfactor = 70);
        CREATE UNIQUE INDEX actions_in_flight ON actions (target) WHERE state IN ('planned', 'executing');
        CREATE INDEX actions_unsettled ON actions (planned_at, id) WHERE state IN ('planned', 'executing', 'unknown');
        CREATE INDEX actions_newest ON actions (planned_at, id);
        CREATE INDEX actions_state ON actions (state, planned_at, id);
        CREATE INDEX actions_target ON actions (target, planned_at, id);

        -- For each target the action that ended last.
        CREATE TABLE last_actions (
            target text COLLATE "C" PRIMARY KEY,
            action_id text COLLATE "C" NOT NULL REFERENCES actions (id)
        );

        CREATE TABLE holds (scope text COLLATE "C" PRIMARY KEY, body text NOT NULL);
        CREATE TABLE overrides (
            id text COLLATE "C" PRIMARY KEY,
            priority bigint NOT NULL,
            created_at bigint NOT NULL,
            body text NOT NULL
        );
        CREATE TABLE reports (id text COLLATE "C" PRIMARY KEY, at bigint NOT NULL, body text NOT NULL);
        CREATE INDEX reports_newest ON reports (at, id);
        CREATE TABLE idempotency (
            key text COLLATE "C" PRIMARY KEY,
            fingerprint text NOT NULL,
            status bigint NOT NULL,
            body text NOT NULL,
            at bigint NOT NULL
        );
        CREATE INDEX idempotency_at ON idempotency (at);
        CREATE TABLE submissions (
            id text COLLATE "C" PRIMARY KEY,
            at bigint NOT NULL,
            requested_by text NOT NULL,
            request text NOT NULL,
            answer text
        );
        CREATE INDEX submissions_unanswered ON submissions (at, id) WHERE answer IS NULL;
        """

    static let leadership = """
        -- One row a role; role 1 is the loop. Changes only when a term is taken or given back, so that fenced writes
        -- may hold it FOR SHARE. Epoch 0 was never anybody's.
        CREATE TABLE leadership (
            role integer PRIMARY KEY,
            epoch bigint NOT NULL,
            holder text NOT NULL,
            acquired_at bigint NOT NULL,
            lease_ms bigint NOT NULL,
            resigned boolean NOT NULL,
            system_identifier text NOT NULL,
            timeline integer NOT NULL
        ) WITH (fillfactor = 10);
        INSERT INTO leadership VALUES (1, 0, '', 0, 0, true, '', 0);

        -- Every taking of a term, for the topology and the audit.
        CREATE TABLE elections (
            role integer NOT NULL,
            epoch bigint NOT NULL,
            holder text NOT NULL,
            at bigint NOT NULL,
            reason text NOT NULL,
            detail text NOT NULL,
            PRIMARY KEY (role, epoch)
        );

        -- One row a process; its heartbeat is separate from `leadership` so that beating never waits for a fenced
        -- write.
        CREATE TABLE instances (
            id text COLLATE "C" PRIMARY KEY,
            version text NOT NULL,
            started_at bigint NOT NULL,
            heartbeat_at bigint NOT NULL,
            lease_ms bigint NOT NULL,
            backend_pid integer
        ) WITH (fillfactor = 50);
        """
}
