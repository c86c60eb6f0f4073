internal import FleetModel
internal import PostgresClient

/// The taking of a term by the session that has the lock: one transaction, which others see whole or not at all.
struct TermTaking: Sendable {
    var settings: PostgresSeat.Settings
    var identity: PostgresIdentity
    var campaign: Campaign

    /// Epochs of another timeline begin at the next multiple of this: a promoted standby may lack the last ones.
    static let epochsPerTimeline = 1_000_000

    func take(_ session: PostgresSession) throws -> CampaignOutcome {
        do {
            return try session.transaction(.readCommitted) { .won(try takeNow(session)) }
        } catch PostgresError.server(let refusal) where refusal.sqlState == "55P03" {
            // lock_not_available: a fenced write of the last leader is still open.
            guard let row = LeadershipRow(try session.query(Statements.leadership(settings.role)).first) else {
                throw PostgresError.server(refusal)
            }
            return .lost(Lost(leader: row.resigned ? nil : row.sighting, blocker: .row(row.term.holder)))
        }
    }

    private func takeNow(_ session: PostgresSession) throws -> Won {
        // Begun after the lock was had, so it sees every heartbeat of a session that had the lock before.
        let answers = try session.batch([
            PostgresStatement(Statements.lockHolder(settings.role, "AND k.pid = pg_backend_pid()")),
            PostgresStatement(Statements.leadership(settings.role, "FOR UPDATE OF l")),
        ])
        guard !answers[0].isEmpty else {
            throw SeatError.unreachable("the session has lost the lock; is there a pooler in transaction mode?")
        }
        let row = LeadershipRow(answers[1].first)
        let reason = reason(row)
        let epoch = epoch(after: row, reason)
        let taken = try session.batch(writing(epoch: epoch, reason, row))
        guard let at = taken[0].first?.integer("acquired_at") else {
            throw SeatError.refused("the row of the leader could not be written")
        }
        let term = Term(holder: settings.instance, epoch: epoch)
        return Won(
            tenure: Tenure(term: term, since: WallTime(milliseconds: at), reason: reason),
            predecessor: predecessor(row, reason))
    }

    /// The first that fits.
    private func reason(_ row: LeadershipRow?) -> ElectionReason {
        guard let row else { return .first }
        if row.identity.differs(from: identity) { return .promoted }
        if row.resigned { return .resigned }
        if row.term == campaign.ownTerm { return .regained }
        if campaign.overthrown == row.term.holder { return .expired }
        return .released
    }

    private func epoch(after row: LeadershipRow?, _ reason: ElectionReason) -> Int {
        let last = row?.term.epoch ?? 0
        guard reason == .promoted else { return last + 1 }
        // The timeline's number tells how many promotions there were, also where the row has missed one.
        return max(last / TermTaking.epochsPerTimeline + 1, identity.timeline - 1) * TermTaking.epochsPerTimeline
    }

    private func predecessor(_ row: LeadershipRow?, _ reason: ElectionReason) -> Sighting? {
        guard let row else { return nil }
        // Neither that it was given back nor its last heartbeat can be believed of a database that may lack the end.
        if reason == .promoted {
            return Sighting(term: row.term, heartbeat: nil, age: row.age, lease: row.lease)
        }
        return row.resigned ? nil : row.sighting
    }

    private func writing(epoch: Int, _ reason: ElectionReason, _ row: LeadershipRow?) -> [PostgresStatement] {
        // Who comes after a leader that dies while it waits must wait for the same: the row keeps the longer lease.
        let left = row.map { $0.resigned ? .zero : $0.lease - max(.zero, $0.age) } ?? .zero
        let lease = max(settings.timing.lease, left)
        // Where the role may not ask, what was known stays.
        let system =
            identity.systemIdentifier.isEmpty ? row?.identity.systemIdentifier ?? "" : identity.systemIdentifier
        let timeline = identity.timeline == 0 ? row?.identity.timeline ?? 0 : identity.timeline
        return [
            PostgresStatement(
                """
                INSERT INTO leadership
                (role, epoch, holder, acquired_at, lease_ms, resigned, system_identifier, timeline)
                VALUES (\(settings.role), $1, $2, \(Statements.now), $3, false, $4, $5)
                ON CONFLICT (role) DO UPDATE SET epoch = excluded.epoch, holder = excluded.holder,
                acquired_at = excluded.acquired_at, lease_ms = excluded.lease_ms, resigned = false,
                system_identifier = excluded.system_identifier, timeline = excluded.timeline
                RETURNING acquired_at
                """,
                [
                    .bigint(epoch), .text(settings.instance), .bigint(lease.inMilliseconds), .text(system),
                    .bigint(timeline),
                ]),
            PostgresStatement(
                """
                INSERT INTO elections (role, epoch, holder, at, reason, detail)
                VALUES (\(settings.role), $1, $2, \(Statements.now), $3, $4)
                """,
                [
                    .bigint(epoch), .text(settings.instance), .text(reason.rawValue), .text(detail(row, reason)),
                ]),
            // The first heartbeat: the trust of this exchange rests on it.
            PostgresStatement(
                "UPDATE instances SET heartbeat_at = \(Statements.now) WHERE id = $1", [.text(settings.instance)]),
            // Those that have not reported for a day.
            PostgresStatement(
                "DELETE FROM instances WHERE heartbeat_at < \(Statements.now) - 86400000 AND id <> $1",
                [.text(settings.instance)]),
            Statements.notify(settings.instance),
        ] + (reason == .promoted ? holding(row) : [])
    }

    /// What an older leader did last may be missing here, so nothing is done until a person has looked: the fleet is
    /// held, in the transaction that begins the term, and the store's readers are made to see it.
    private func holding(_ row: LeadershipRow?) -> [PostgresStatement] {
        let reason = """
            the database is another than before (\(identity), not \(row.map { "\($0.identity)" } ?? "what was known")): \
            what was done last may be missing here. Compare the last actions with the fleet, then resume it
            """
        let body: JSONValue = ["by": "muster", "reason": .string(reason), "until": nil]
        return [
            PostgresStatement(
                """
                INSERT INTO holds (scope, body)
                VALUES ('fleet', jsonb_set($1::jsonb, '{at}', to_jsonb(\(Statements.now)))::text)
                ON CONFLICT (scope) DO UPDATE SET body = excluded.body
                """, [.text(body.canonical)]),
            PostgresStatement("UPDATE revision SET value = value + 1"),
        ]
    }

    private func detail(_ row: LeadershipRow?, _ reason: ElectionReason) -> String {
        guard let row else { return "no term was taken here before" }
        let before = "`\(row.term.holder)` led epoch \(row.term.epoch)"
        switch reason {
        case .resigned, .sole, .first: return "\(before) and gave it back"
        case .promoted:
            return "\(before) on \(row.identity); this is \(identity)"
        case .regained, .released, .expired:
            return "\(before); its heartbeat was \(row.age.inMilliseconds) ms old, its lease "
                + "\(row.lease.inMilliseconds) ms"
        }
    }
}
