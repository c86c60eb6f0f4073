internal import FleetModel
internal import PostgresClient
internal import Store

/// The seat's statements. Times are milliseconds since 1970 by the database's clock.
enum Statements {
    /// The first of the lock's two keys, the second is the role: "MUST" in ASCII, changed by the schema's number. Locks
    /// are the database's, tables the schema's: two fleets in one database must not take each other's place.
    static let lockClass = """
        (1297437780 # (SELECT (oid::bigint & 2147483647)::integer FROM pg_namespace WHERE nspname = current_schema()))
        """
    static let now = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint"

    /// What a new session begins with. The report must be committed before the lock is tried for: a lock whose session
    /// is in nobody's row counts as forsaken.
    ///
    /// The server ends by itself what this process may no longer be there for: a transaction that stands still or a
    /// client whose host is gone, each after about a lease.
    static func opening(_ settings: PostgresSeat.Settings) -> [PostgresStatement] {
        let timing = settings.timing
        let lease = timing.lease.inMilliseconds
        let idleSeconds = max(1, lease / 3000)
        let options = [
            ("statement_timeout", timing.exchangeTimeout.inMilliseconds * 2),
            ("lock_timeout", timing.exchangeTimeout.inMilliseconds / 2),
            ("idle_in_transaction_session_timeout", lease), ("tcp_user_timeout", lease),
            ("tcp_keepalives_idle", idleSeconds), ("tcp_keepalives_interval", idleSeconds),
            ("tcp_keepalives_count", 2),
        ]
        let set = options.map { "set_config('\($0.0)', '\($0.1)', false)" }.joined(separator: ", ")
        return [PostgresStatement("SELECT \(set)"), PostgresStatement("LISTEN muster")] + report(settings)
    }

    /// A follower's heartbeat. Nobody's trust rests on it, so it does not wait for the disk.
    static func report(_ settings: PostgresSeat.Settings) -> [PostgresStatement] {
        [
            PostgresStatement("SELECT set_config('synchronous_commit', 'off', true)"),
            PostgresStatement(
                """
                INSERT INTO instances (id, version, started_at, heartbeat_at, lease_ms, backend_pid)
                VALUES ($1, $2, $3, \(now), $4, pg_backend_pid())
                ON CONFLICT (id) DO UPDATE SET version = excluded.version, heartbeat_at = excluded.heartbeat_at,
                lease_ms = excluded.lease_ms, backend_pid = excluded.backend_pid
                """,
                [
                    .text(settings.instance), .text(settings.version), .bigint(settings.startedAt.milliseconds),
                    .bigint(settings.timing.lease.inMilliseconds),
                ]),
        ]
    }

    static func tryLock(_ role: Int) -> String {
        "SELECT pg_try_advisory_lock(\(lockClass), \(role)) AS locked"
    }

    /// The row, its holder's heartbeat, and now. The heartbeat of a holder that has no row is its election.
    static func leadership(_ role: Int, _ suffix: String = "") -> String {
        """
        SELECT l.epoch, l.holder, l.lease_ms, l.resigned, l.system_identifier, l.timeline,
        coalesce(i.heartbeat_at, l.acquired_at) AS heartbeat_at, i.lease_ms AS instance_lease_ms, i.backend_pid,
        \(now) AS now
        FROM leadership l LEFT JOIN instances i ON i.id = l.holder WHERE l.role = \(role) \(suffix)
        """
    }

    /// Whose session has the lock: pg_locks shows the keys of the two-int form as `classid` and `objid`.
    static func lockHolder(_ role: Int, _ condition: String = "") -> String {
        """
        SELECT k.pid, coalesce(a.application_name, '') AS name, i.id, \(now) - i.heartbeat_at AS age, i.lease_ms
        FROM pg_locks k LEFT JOIN pg_stat_activity a ON a.pid = k.pid
        LEFT JOIN instances i ON i.backend_pid = k.pid AND a.application_name = 'muster:' || right(i.id, 40)
        WHERE k.locktype = 'advisory' AND k.classid = \(lockClass)::oid AND k.objid = \(role) AND k.objsubid = 2
        AND k.granted AND k.database = (SELECT oid FROM pg_database WHERE datname = current_database()) \(condition)
        """
    }

    /// One row where this very session is the leader's: the term, the database and the server process all fit.
    static func beat(_ role: Int) -> String {
        """
        UPDATE instances SET heartbeat_at = \(now)
        WHERE id = $1 AND backend_pid = $5 AND pg_backend_pid() = $5
        AND EXISTS (SELECT FROM leadership WHERE role = \(role) AND epoch = $2 AND holder = $1 AND NOT resigned
        AND ($3 IN ('', system_identifier) OR system_identifier = '') AND ($4 IN (0, timeline) OR timeline = 0))
        """
    }

    /// Ends sessions, and says for each whether it did; looks once more whether they still are in the way. Nil for what
    /// is not to be ended.
    static func ending(_ blocker: Blocker, _ role: Int) -> PostgresStatement? {
        let head = "SELECT pg_terminate_backend(a.pid) AS ended FROM pg_stat_activity a WHERE a.pid <> pg_backend_pid()"
        switch blocker {
        case .instance(let id, _, _):
            return PostgresStatement(
                """
                \(head) AND a.application_name = $1
                AND EXISTS (SELECT FROM instances i WHERE i.id = $2 AND \(now) - i.heartbeat_at > i.lease_ms)
                """, [.text(PostgresSeat.applicationName(id)), .text(id)])
        case .forsaken(let pid, let name):
            return PostgresStatement(
                """
                \(head) AND a.application_name = $1 AND a.pid = $2
                AND a.pid IN (SELECT pid FROM (\(lockHolder(role))) holder)
                """,
                [.text(name), .bigint(Int(pid))])
        case .row(let id):
            // A transaction that locks a row has a number, even when it writes nothing.
            return PostgresStatement(
                "\(head) AND a.application_name = $1 AND a.backend_xid IS NOT NULL",
                [.text(PostgresSeat.applicationName(id))])
        case .foreign: return nil
        }
    }

    /// One transaction: the lock is free no sooner than the term is seen to be given back.
    static func resignation(of term: Term?, _ settings: PostgresSeat.Settings) -> [PostgresStatement] {
        let leave = PostgresStatement("DELETE FROM instances WHERE id = $1", [.text(settings.instance)])
        guard let term else { return [leave] }
        return [
            PostgresStatement(
                "UPDATE leadership SET resigned = true WHERE role = \(settings.role) AND epoch = $1 AND holder = $2",
                [.bigint(term.epoch), .text(term.holder)]),
            leave, PostgresStatement("SELECT pg_advisory_unlock(\(lockClass), \(settings.role))"),
            notify(settings.instance),
        ]
    }

    /// Others are told with the commit.
    static func notify(_ instance: String) -> PostgresStatement {
        PostgresStatement(
            "SELECT pg_notify('muster', $1)", [.text("\(StoreNotice.leader.rawValue):\(instance)")])
    }
}

/// The row of the leader as one look shows it; nil for epoch 0, which is nobody's.
struct LeadershipRow: Sendable {
    var term: Term
    var lease: Duration
    var resigned: Bool
    var identity: PostgresIdentity
    var heartbeat: WallTime
    var age: Duration
    /// Of the instance, where it has a row: what its own heartbeat is held against.
    var instanceLease: Duration?
    var backendPID: Int64?

    init?(_ row: PostgresRow?) {
        guard let row, let epoch = row.integer("epoch"), epoch > 0, let holder = row.text("holder"),
            let lease = row.integer("lease_ms"), let resigned = row.bool("resigned"),
            let heartbeat = row.integer("heartbeat_at"), let now = row.integer("now")
        else { return nil }
        term = Term(holder: holder, epoch: Int(epoch))
        self.lease = .milliseconds(lease)
        self.resigned = resigned
        identity = PostgresIdentity(
            systemIdentifier: row.text("system_identifier") ?? "", timeline: Int(row.integer("timeline") ?? 0))
        self.heartbeat = WallTime(milliseconds: heartbeat)
        age = .milliseconds(now - heartbeat)
        instanceLease = row.integer("instance_lease_ms").map { .milliseconds($0) }
        backendPID = row.integer("backend_pid")
    }

    var sighting: Sighting { Sighting(term: term, heartbeat: heartbeat, age: age, lease: lease) }
}

extension PostgresSeat {
    /// What one try for the lock found.
    struct Look: Sendable {
        var hasLock: Bool
        var row: LeadershipRow?
    }

    static func look(
        _ session: PostgresSession, _ settings: Settings, hasLock: Bool, reports: Bool
    ) throws(PostgresError) -> Look {
        var statements = reports ? Statements.report(settings) : []
        if !hasLock { statements.append(PostgresStatement(Statements.tryLock(settings.role))) }
        statements.append(PostgresStatement(Statements.leadership(settings.role)))
        let answers = try session.batch(statements)
        let got = hasLock || answers[answers.count - 2].first?.bool("locked") == true
        return Look(hasLock: got, row: LeadershipRow(answers[answers.count - 1].first))
    }

    /// Why a heartbeat found no row to write.
    static func whyBeatLost(
        _ session: PostgresSession, _ settings: Settings, _ present: Session
    ) throws(PostgresError) -> BeatLoss {
        let answers = try session.batch([
            PostgresStatement("SELECT pg_backend_pid() AS pid"),
            PostgresStatement(Statements.leadership(settings.role)),
        ])
        guard answers[0].first?.integer("pid") == Int64(present.connection.backendPID) else { return .otherSession }
        guard let row = LeadershipRow(answers[1].first) else { return .noRow }
        if row.term.holder != settings.instance { return .displaced(by: row.term) }
        if row.identity.differs(from: present.identity) { return .otherDatabase }
        return .noRow
    }
}

extension PostgresSeat.Look {
    /// Without the lock: who has it. The row answers that as long as its holder's heart beats; else, which is rare, the
    /// server's table of locks is asked.
    func lost(_ session: PostgresSession, _ settings: PostgresSeat.Settings) throws(PostgresError) -> Lost {
        let leader = row.flatMap { $0.resigned ? nil : $0.sighting }
        if let row, leader != nil, row.term.holder != settings.instance, row.backendPID != nil,
            let lease = row.instanceLease, row.age <= lease
        {
            return Lost(
                leader: leader, blocker: .instance(row.term.holder, heartbeatAge: row.age, lease: lease))
        }
        guard let holder = try session.query(Statements.lockHolder(settings.role)).first,
            let pid = holder.integer("pid")
        else {
            // Just let go: the next look will tell.
            return Lost(
                leader: leader,
                blocker: .instance(row?.term.holder ?? "", heartbeatAge: .zero, lease: settings.timing.lease))
        }
        let name = holder.text("name") ?? ""
        let blocker: Blocker
        if let id = holder.text("id"), let age = holder.integer("age"), let lease = holder.integer("lease_ms") {
            blocker = .instance(id, heartbeatAge: .milliseconds(age), lease: .milliseconds(lease))
        } else if name.hasPrefix("muster:") {
            blocker = .forsaken(pid: Int32(clamping: pid), name: name)
        } else {
            blocker = .foreign(pid: Int32(clamping: pid), name: name)
        }
        return Lost(leader: leader, blocker: blocker)
    }
}

extension PostgresIdentity {
    /// A part that the role may not ask for tells nothing.
    func differs(from other: PostgresIdentity) -> Bool {
        let otherSystem = ![systemIdentifier, other.systemIdentifier].contains("")
        let otherTimeline = ![timeline, other.timeline].contains(0)
        return otherSystem && systemIdentifier != other.systemIdentifier
            || otherTimeline && timeline != other.timeline
    }
}
