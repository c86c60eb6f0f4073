package import FleetModel
internal import PostgresClient
package import Store

enum ScalingSchema {
    static let scaling = """
        -- What the autoscaler keeps of each service from evaluation to evaluation.
        CREATE TABLE scaling_state (
            service text COLLATE "C" NOT NULL,
            dry_run boolean NOT NULL,
            at bigint NOT NULL,
            body text NOT NULL,
            PRIMARY KEY (service, dry_run)
        ) WITH (fillfactor = 70);

        -- For each target the newest action that sets its number of replicas.
        CREATE TABLE last_scalings (
            target text COLLATE "C" NOT NULL,
            dry_run boolean NOT NULL,
            action_id text COLLATE "C" NOT NULL REFERENCES actions (id),
            PRIMARY KEY (target, dry_run)
        );
        INSERT INTO last_scalings SELECT DISTINCT ON (target, dry_run) target, dry_run, id FROM actions
            WHERE kind = 'scale_service' ORDER BY target, dry_run, planned_at DESC, id DESC;

        CREATE TABLE scaling_points (
            service text COLLATE "C" NOT NULL,
            at bigint NOT NULL,
            dry_run boolean NOT NULL,
            body text NOT NULL,
            PRIMARY KEY (service, at)
        );
        CREATE INDEX scaling_points_at ON scaling_points (at);

        -- The newest value pushed of each signal of each service.
        CREATE TABLE gauges (
            service text COLLATE "C" NOT NULL,
            signal text COLLATE "C" NOT NULL,
            at bigint NOT NULL,
            body text NOT NULL,
            PRIMARY KEY (service, signal)
        ) WITH (fillfactor = 70);
        """
}

extension PostgresStore {
    package func keep(gauges: [SignalSample], at now: WallTime) async throws(StoreError) -> [Bool] {
        let instance = instance
        let newest = SignalSample.newest(gauges)
        return try await write { db in
            let chosen = newest.map { gauges[$0] }
            let answers = try db.batch([
                PostgresStatement(
                    "DELETE FROM gauges WHERE at < $1", [.bigint(SignalSample.oldestGaugeKept(at: now).milliseconds)]),
                PostgresStatement(
                    """
                    INSERT INTO gauges (\(SignalSample.gaugeColumns)) SELECT * FROM unnest($1::text[], $2::text[],
                    $3::bigint[], $4::text[]) ON CONFLICT (service, signal) DO UPDATE SET at = excluded.at,
                    body = excluded.body WHERE excluded.at > gauges.at RETURNING service, signal
                    """,
                    [
                        .texts(chosen.map(\.service)), .texts(chosen.map(\.signal)),
                        .bigints(chosen.map(\.at.milliseconds)), .texts(chosen.map(\.storedGauge)),
                    ]),
            ])
            let written = Set(answers[1].map { "\($0.text("service") ?? "")\n\($0.text("signal") ?? "")" })
            var kept = gauges.map { _ in false }
            for index in newest {
                kept[index] = written.contains("\(gauges[index].service)\n\(gauges[index].signal)")
            }
            // The revision stays: no working set holds a gauge.
            if !written.isEmpty {
                db.later(
                    "SELECT pg_notify('\(Notifier.channel)', $1)",
                    [.text(Notifier.payload(.signal, instance: instance))])
            }
            return kept
        }
    }

    package func gauges(since: WallTime) async throws(StoreError) -> [SignalSample] {
        try await read { db in
            try db.query(
                "SELECT \(SignalSample.gaugeColumns) FROM gauges WHERE at > $1 ORDER BY service, signal",
                [.bigint(since.milliseconds)]
            ).records { (row) throws(StoreError) in try SignalSample(row: row) }
        }
    }

    package func scalingPoints(
        service: String, since: WallTime, limit: Int
    ) async throws(StoreError) -> [ScalingPoint] {
        try await read { db in
            try db.query(
                """
                SELECT \(ScalingPoint.columns) FROM scaling_points WHERE service = $1 AND at >= $2
                ORDER BY at DESC LIMIT $3
                """, [.text(service), .bigint(since.milliseconds), .bigint(limit)]
            ).records { (row) throws(StoreError) in try ScalingPoint(row: row) }.reversed()
        }
    }
}

/// A tick's writes, deferred.
enum ScalingRows {
    static func write(_ commit: TickCommit, _ db: PostgresSession) {
        if !commit.scalingMemory.isEmpty {
            db.later(
                "DELETE FROM scaling_state WHERE at < $1",
                [.bigint(ScalingMemoryChange.oldestKept(at: commit.at).milliseconds)])
            db.later(
                """
                INSERT INTO scaling_state (\(ScalingMemoryChange.columns)) SELECT * FROM unnest($1::text[], $2::bool[],
                $3::bigint[], $4::text[]) ON CONFLICT (service, dry_run) DO UPDATE SET at = excluded.at,
                body = excluded.body
                """,
                [
                    .texts(commit.scalingMemory.map(\.key.service)), .bools(commit.scalingMemory.map(\.key.dryRun)),
                    .bigints(commit.scalingMemory.map { _ in commit.at.milliseconds }),
                    .texts(commit.scalingMemory.map(\.storedBody)),
                ])
        }
        if !commit.scalingPoints.isEmpty {
            db.later(
                "DELETE FROM scaling_points WHERE at < $1",
                [.bigint(ScalingPoint.oldestKept(at: commit.at).milliseconds)])
            db.later(
                """
                INSERT INTO scaling_points (\(ScalingPoint.columns)) SELECT * FROM unnest($1::text[], $2::bigint[],
                $3::bool[], $4::text[]) ON CONFLICT (service, at) DO UPDATE SET dry_run = excluded.dry_run,
                body = excluded.body
                """,
                [
                    .texts(commit.scalingPoints.map(\.service)),
                    .bigints(commit.scalingPoints.map(\.at.milliseconds)),
                    .bools(commit.scalingPoints.map(\.dryRun)), .texts(commit.scalingPoints.map(\.storedBody)),
                ])
        }
        for action in commit.newActions where action.proposal.isScaling {
            db.later(
                """
                INSERT INTO last_scalings (target, dry_run, action_id) VALUES ($1, $2, $3)
                ON CONFLICT (target, dry_run) DO UPDATE SET action_id = excluded.action_id
                """, [.text(action.proposal.target), .bool(action.dryRun), .text(action.id)])
        }
    }
}
