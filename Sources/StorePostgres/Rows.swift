internal import FleetModel
internal import PostgresClient
internal import Store

/// How rows are written. Each is deferred: it goes out with the next exchange of the transaction.
///
/// Many rows are one statement over arrays (`unnest`), so that a tick costs a round trip and not one a row.
enum Rows {
    static func insert(_ approvals: [Approval], _ db: PostgresSession) {
        guard !approvals.isEmpty else { return }
        db.later(
            """
            INSERT INTO approvals (\(Approval.columns)) SELECT * FROM unnest($1::text[], $2::text[], $3::text[],
            $4::text[], $5::bool[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[],
            $11::text[], $12::text[])
            """,
            [
                .texts(approvals.map(\.id)), .texts(approvals.map(\.proposal.kind.rawValue)),
                .texts(approvals.map(\.proposal.target)), .texts(approvals.map(\.status.rawValue)),
                .bools(approvals.map(\.dryRun)), .bigints(approvals.map(\.createdAt.milliseconds)),
                .bigints(approvals.map(\.expiresAt.milliseconds)), .bigints(approvals.map(\.lastSeenAt.milliseconds)),
                .bigints(approvals.map { Int64($0.seenCount) }),
                .bigints(approvals.map { $0.resolvedAt?.milliseconds }),
                .texts(approvals.map(\.actionID)), .texts(approvals.map(\.storedBody)),
            ])
    }

    /// Writes what may change after the insert: the status, the votes and what follows from them.
    static func update(_ approval: Approval, _ db: PostgresSession) {
        db.later(
            "UPDATE approvals SET status = $1, resolved_at = $2, action_id = $3, body = $4 WHERE id = $5",
            [
                .text(approval.status.rawValue), .bigint(approval.resolvedAt?.milliseconds), .text(approval.actionID),
                .text(approval.storedBody), .text(approval.id),
            ])
        guard let deniedAt = approval.deniedAt else { return }
        db.later(
            """
            INSERT INTO last_denials (kind, target, at, approval_id) VALUES ($1, $2, $3, $4)
            ON CONFLICT (kind, target) DO UPDATE SET at = excluded.at, approval_id = excluded.approval_id
            """,
            [
                .text(approval.proposal.kind.rawValue), .text(approval.proposal.target),
                .bigint(deniedAt.milliseconds), .text(approval.id),
            ])
    }

    /// One more for each time that an id is named.
    static func countSeen(_ ids: [String], at now: WallTime, _ db: PostgresSession) {
        guard !ids.isEmpty else { return }
        db.later(
            """
            UPDATE approvals AS a SET seen_count = a.seen_count + s.count, last_seen_at = $2
            FROM (SELECT id, count(*) FROM unnest($1::text[]) AS u (id) GROUP BY id) AS s WHERE a.id = s.id
            """, [.texts(ids), .bigint(now.milliseconds)])
    }

    static func insert(_ actions: [Action], _ db: PostgresSession) {
        guard !actions.isEmpty else { return }
        db.later(
            """
            INSERT INTO actions (\(Action.columns)) SELECT * FROM unnest($1::text[], $2::text[], $3::text[],
            $4::text[], $5::text[], $6::bool[], $7::bigint[], $8::text[], $9::text[], $10::bigint[], $11::bigint[],
            $12::bigint[], $13::text[])
            """,
            [
                .texts(actions.map(\.id)), .texts(actions.map(\.proposal.kind.rawValue)),
                .texts(actions.map(\.proposal.target)), .texts(actions.map(\.state.rawValue)),
                .texts(actions.map(\.actuator)), .bools(actions.map(\.dryRun)),
                .bigints(actions.map { Int64($0.epoch) }), .texts(actions.map(\.decisionID)),
                .texts(actions.map(\.approvalID)), .bigints(actions.map(\.plannedAt.milliseconds)),
                .bigints(actions.map { $0.startedAt?.milliseconds }),
                .bigints(actions.map { $0.finishedAt?.milliseconds }), .texts(actions.map(\.storedBody)),
            ])
    }

    /// Writes what may change after the insert.
    static func update(_ action: Action, _ db: PostgresSession) {
        db.later(
            """
            UPDATE actions SET state = $1, epoch = $2, started_at = $3, finished_at = $4, body = $5 WHERE id = $6
            """,
            [
                .text(action.state.rawValue), .bigint(action.epoch), .bigint(action.startedAt?.milliseconds),
                .bigint(action.finishedAt?.milliseconds), .text(action.storedBody), .text(action.id),
            ])
        guard action.hasEnded else { return }
        db.later(
            """
            INSERT INTO last_actions (target, action_id) VALUES ($1, $2)
            ON CONFLICT (target) DO UPDATE SET action_id = excluded.action_id
            """, [.text(action.proposal.target), .text(action.id)])
    }

    static func insert(_ report: TickReport, _ db: PostgresSession) {
        db.later(
            "INSERT INTO reports (\(TickReport.columns)) VALUES ($1, $2, $3)",
            [.text(report.id), .bigint(report.at.milliseconds), .text(report.storedBody)])
    }

    static func write(_ answer: SubmissionAnswer, _ db: PostgresSession) {
        db.later(
            "UPDATE submissions SET answer = $1 WHERE id = $2",
            [.text(JSONValue.object(answer.answer).canonical), .text(answer.id)])
    }
}
