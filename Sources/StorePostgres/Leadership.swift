internal import FleetModel
internal import PostgresClient
package import Store

/// The row that says who leads (docs/leadership.md). The loop's role is 1.
enum Leadership {
    /// Locks the row against a change of term to the end of the transaction, beside other fenced writes.
    static let fence = PostgresStatement(
        "SELECT epoch, holder, system_identifier, timeline FROM leadership WHERE role = 1 FOR SHARE")

    /// Every write of the loop asks this inside its own transaction (design, a term on every write).
    ///
    /// The row must also have been written on the server that this session is on. A standby that is promoted brings the
    /// row along, with a term that was taken on the old timeline, where its holder may have gone on.
    static func require(_ term: Term, _ rows: PostgresRows, _ db: PostgresSession) throws {
        guard let row = rows.first, let epoch = row.integer("epoch"), let holder = row.text("holder") else {
            throw StoreError.staleTerm(current: 0)
        }
        let identity = try db.identity()
        let system = row.text("system_identifier") ?? ""
        let timeline = row.integer("timeline") ?? 0
        guard Int(epoch) == term.epoch, holder == term.holder,
            system.isEmpty || system == identity.systemIdentifier,
            timeline == 0 || Int(timeline) == identity.timeline
        else { throw StoreError.staleTerm(current: Int(epoch)) }
    }

    /// Milliseconds since 1970 by the database's clock.
    static let now = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint"

    /// Raises the epoch without an election, for tools and tests. On another server than the last term's the epochs
    /// go on at the next million, above all that the old server may have given out.
    static func take(holder: String, _ db: PostgresSession) throws -> Term {
        let identity = try db.identity()
        let rows = try db.query(
            """
            INSERT INTO leadership AS l (role, epoch, holder, acquired_at, lease_ms, resigned, system_identifier,
            timeline) VALUES (1, 1, $1, \(now), 0, false, $2, $3)
            ON CONFLICT (role) DO UPDATE SET epoch = CASE
            WHEN l.system_identifier NOT IN ('', excluded.system_identifier)
            OR l.timeline NOT IN (0, excluded.timeline) THEN (l.epoch / 1000000 + 1) * 1000000
            ELSE l.epoch + 1 END, holder = excluded.holder, acquired_at = excluded.acquired_at, lease_ms = 0,
            resigned = false, system_identifier = excluded.system_identifier, timeline = excluded.timeline
            RETURNING epoch
            """, [.text(holder), .text(identity.systemIdentifier), .bigint(identity.timeline)])
        guard let epoch = rows.first?.integer(0) else { throw StoreError.corrupt("table `leadership` gave no epoch") }
        db.later(
            """
            INSERT INTO elections (role, epoch, holder, at, reason, detail)
            VALUES (1, $1, $2, \(now), 'taken', 'without an election')
            """, [.bigint(epoch), .text(holder)])
        return Term(holder: holder, epoch: Int(epoch))
    }
}

extension PostgresStore {
    package func topology() async throws(StoreError) -> Topology {
        try await read { db in
            try db.transaction(.snapshot) {
                let answers = try db.batch([
                    PostgresStatement(
                        "SELECT epoch, holder FROM leadership WHERE role = 1 AND epoch > 0 AND NOT resigned"),
                    PostgresStatement(
                        """
                        SELECT id, version, started_at, heartbeat_at FROM instances
                        WHERE heartbeat_at > \(Leadership.now) - 86400000 ORDER BY id COLLATE "C"
                        """),
                    PostgresStatement(
                        """
                        SELECT epoch, holder, at, reason, detail FROM elections WHERE role = 1
                        ORDER BY epoch DESC LIMIT 20
                        """),
                ])
                let leader = try answers[0].record { (row) throws(StoreError) in
                    Term(holder: try row.text("holder"), epoch: Int(try row.integer("epoch")))
                }
                let instances = try answers[1].records { (row) throws(StoreError) in
                    Instance(
                        id: try row.text("id"), version: row.optionalText("version") ?? "",
                        startedAt: try row.time("started_at"), heartbeatAt: try row.time("heartbeat_at"),
                        isLeader: try row.text("id") == leader?.holder)
                }
                let elections = try answers[2].records { (row) throws(StoreError) in
                    ElectionRecord(
                        term: Term(holder: try row.text("holder"), epoch: Int(try row.integer("epoch"))),
                        at: try row.time("at"), reason: row.optionalText("reason") ?? "",
                        detail: row.optionalText("detail") ?? "")
                }
                return Topology(instances: instances, elections: elections, leader: leader)
            }
        }
    }
}
