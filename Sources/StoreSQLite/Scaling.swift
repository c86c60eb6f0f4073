package import FleetModel
internal import GRDB
package import Store

extension SQLiteStore {
    package func keep(gauges: [SignalSample], at now: WallTime) async throws(StoreError) -> [Bool] {
        try await write(raisesRevision: false) { db in
            try db.run("DELETE FROM gauges WHERE at < ?", [SignalSample.oldestGaugeKept(at: now).milliseconds])
            var kept = gauges.map { _ in false }
            for index in SignalSample.newest(gauges) {
                let sample = gauges[index]
                try db.run(
                    """
                    INSERT INTO gauges (\(SignalSample.gaugeColumns)) VALUES (?, ?, ?, ?)
                    ON CONFLICT (service, signal) DO UPDATE SET at = excluded.at, body = excluded.body
                    WHERE excluded.at > gauges.at
                    """, [sample.service, sample.signal, sample.at.milliseconds, sample.storedGauge])
                kept[index] = db.changesCount == 1
            }
            return kept
        }
    }

    package func gauges(since: WallTime) async throws(StoreError) -> [SignalSample] {
        try await read { db in
            try db.rows(
                "SELECT \(SignalSample.gaugeColumns) FROM gauges WHERE at > ? ORDER BY service, signal",
                [since.milliseconds]
            ).map { try SignalSample(row: $0) }
        }
    }

    package func scalingPoints(
        service: String, since: WallTime, limit: Int
    ) async throws(StoreError) -> [ScalingPoint] {
        try await read { db in
            try db.rows(
                """
                SELECT \(ScalingPoint.columns) FROM scaling_points WHERE service = ? AND at >= ?
                ORDER BY at DESC LIMIT ?
                """, [service, since.milliseconds, limit]
            ).reversed().map { try ScalingPoint(row: $0) }
        }
    }
}

/// A tick's writes.
enum ScalingRows {
    static func write(_ commit: TickCommit, _ db: Database) throws {
        if !commit.scalingMemory.isEmpty {
            try db.run(
                "DELETE FROM scaling_state WHERE at < ?",
                [ScalingMemoryChange.oldestKept(at: commit.at).milliseconds])
        }
        for change in commit.scalingMemory {
            try db.run(
                "INSERT OR REPLACE INTO scaling_state (\(ScalingMemoryChange.columns)) VALUES (?, ?, ?, ?)",
                [change.key.service, change.key.dryRun, commit.at.milliseconds, change.storedBody])
        }
        if !commit.scalingPoints.isEmpty {
            try db.run(
                "DELETE FROM scaling_points WHERE at < ?", [ScalingPoint.oldestKept(at: commit.at).milliseconds])
        }
        for point in commit.scalingPoints {
            try db.run(
                "INSERT OR REPLACE INTO scaling_points (\(ScalingPoint.columns)) VALUES (?, ?, ?, ?)",
                [point.service, point.at.milliseconds, point.dryRun, point.storedBody])
        }
    }

    static func remember(_ action: Action, _ db: Database) throws {
        guard action.proposal.isScaling else { return }
        try db.run(
            "INSERT OR REPLACE INTO last_scalings (target, dry_run, action_id) VALUES (?, ?, ?)",
            [action.proposal.target, action.dryRun, action.id])
    }
}
