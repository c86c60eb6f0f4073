internal import FleetModel
internal import GRDB
package import Store

extension SQLiteStore {
    package func idempotentAnswer(key: String) async throws(StoreError) -> IdempotentAnswer? {
        try await read { db in
            try db.row("SELECT \(IdempotentAnswer.columns) FROM idempotency WHERE key = ?", [key])
                .map { try IdempotentAnswer(row: $0) }
        }
    }

    package func keep(_ answer: IdempotentAnswer) async throws(StoreError) {
        try await write { db in
            try db.run("DELETE FROM idempotency WHERE at < ?", [answer.oldestKept.milliseconds])
            try db.run(
                "INSERT OR IGNORE INTO idempotency (\(IdempotentAnswer.columns)) VALUES (?, ?, ?, ?, ?)",
                [answer.key, answer.fingerprint, answer.status, answer.body, answer.at.milliseconds])
        }
    }
}
