internal import FleetModel
internal import GRDB
package import Store

extension SQLiteStore {
    package func idempotentAnswer(key: String) async throws(StoreError) -> IdempotentAnswer? {
        try await read { db in
            try db.row("SELECT key, fingerprint, status, body, at FROM idempotency WHERE key = ?", [key]).map { row in
                IdempotentAnswer(
                    key: row[0], fingerprint: row[1], status: row[2], body: row[3],
                    at: WallTime(milliseconds: row[4]))
            }
        }
    }

    package func keep(_ answer: IdempotentAnswer) async throws(StoreError) {
        try await write { db in
            try db.run(
                "DELETE FROM idempotency WHERE at < ?", [answer.at.adding(seconds: -86_400).milliseconds])
            try db.run(
                "INSERT OR IGNORE INTO idempotency (key, fingerprint, status, body, at) VALUES (?, ?, ?, ?, ?)",
                [answer.key, answer.fingerprint, answer.status, answer.body, answer.at.milliseconds])
        }
    }
}
