package import FleetModel
internal import PostgresClient
package import Store

extension PostgresStore {
    package func holds() async throws(StoreError) -> [Hold] {
        try await read { db in
            try db.query("SELECT scope, body FROM holds ORDER BY scope")
                .records { (row) throws(StoreError) in try Hold(row: row) }
        }
    }

    package func place(_ hold: Hold) async throws(StoreError) {
        let instance = instance
        try await write { db in
            db.later("SELECT pg_advisory_xact_lock(\(Locks.holds))")
            db.later(
                """
                INSERT INTO holds (scope, body) VALUES ($1, $2) ON CONFLICT (scope) DO UPDATE SET body = excluded.body
                """, [.text(hold.scope.description), .text(hold.storedBody)])
            db.finish(.hold, by: instance)
        }
    }

    package func lift(_ scope: Hold.Scope) async throws(StoreError) -> Bool {
        let instance = instance
        return try await write { db in
            db.later("SELECT pg_advisory_xact_lock(\(Locks.holds))")
            let rows = try db.query("DELETE FROM holds WHERE scope = $1", [.text(scope.description)])
            if rows.changedCount > 0 { db.finish(.hold, by: instance) }
            return rows.changedCount > 0
        }
    }

    // MARK: - Overrides

    package func overrides() async throws(StoreError) -> [StoredOverride] {
        try await read { db in
            try db.query("SELECT \(StoredOverride.columns) FROM overrides ORDER BY priority DESC, created_at, id")
                .records { (row) throws(StoreError) in try StoredOverride(row: row) }
        }
    }

    package func add(_ override: StoredOverride) async throws(StoreError) {
        let instance = instance
        try await write { db in
            db.later(
                "INSERT INTO overrides (\(StoredOverride.columns)) VALUES ($1, $2, $3, $4)",
                [
                    .text(override.id), .bigint(override.priority), .bigint(override.createdAt.milliseconds),
                    .text(override.storedBody),
                ])
            db.finish(.policy, by: instance)
        }
    }

    package func removeOverride(id: String) async throws(StoreError) -> Bool {
        let instance = instance
        return try await write { db in
            let rows = try db.query("DELETE FROM overrides WHERE id = $1", [.text(id)])
            if rows.changedCount > 0 { db.finish(.policy, by: instance) }
            return rows.changedCount > 0
        }
    }

    // MARK: - Reports and kept answers

    package func reports(_ query: ListQuery) async throws(StoreError) -> Page<TickReport> {
        try await page(.reports(query), query) { (row) throws(StoreError) in try TickReport(row: row) }
    }

    package func idempotentAnswer(key: String) async throws(StoreError) -> IdempotentAnswer? {
        try await read { db in
            try db.query("SELECT \(IdempotentAnswer.columns) FROM idempotency WHERE key = $1", [.text(key)])
                .record { (row) throws(StoreError) in try IdempotentAnswer(row: row) }
        }
    }

    /// Tells nobody: no tick decides from it.
    package func keep(_ answer: IdempotentAnswer) async throws(StoreError) {
        try await write { db in
            db.later("DELETE FROM idempotency WHERE at < $1", [.bigint(answer.oldestKept.milliseconds)])
            db.later(
                """
                INSERT INTO idempotency (\(IdempotentAnswer.columns)) VALUES ($1, $2, $3, $4, $5)
                ON CONFLICT (key) DO NOTHING
                """,
                [
                    .text(answer.key), .text(answer.fingerprint), .bigint(answer.status), .text(answer.body),
                    .bigint(answer.at.milliseconds),
                ])
            db.later("UPDATE revision SET value = value + 1")
        }
    }

    // MARK: - Submissions

    package func submit(_ submission: Submission) async throws(StoreError) {
        let instance = instance
        try await write { db in
            db.later(
                "DELETE FROM submissions WHERE answer IS NOT NULL AND at < $1",
                [.bigint(submission.oldestKept.milliseconds)])
            db.later(
                "INSERT INTO submissions (id, at, requested_by, request) VALUES ($1, $2, $3, $4)",
                [
                    .text(submission.id), .bigint(submission.at.milliseconds), .text(submission.requestedBy),
                    .text(JSONValue.object(submission.request).canonical),
                ])
            db.finish(.proposal, by: instance)
        }
    }

    package func submission(id: String) async throws(StoreError) -> Submission? {
        try await read { db in
            try db.query("SELECT \(Submission.columns) FROM submissions WHERE id = $1", [.text(id)])
                .record { (row) throws(StoreError) in try Submission(row: row) }
        }
    }
}
