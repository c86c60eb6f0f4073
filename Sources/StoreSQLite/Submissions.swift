internal import FleetModel
internal import GRDB
package import Store

extension SQLiteStore {
    package func submit(_ submission: Submission) async throws(StoreError) {
        try await write { db in
            try db.run(
                "DELETE FROM submissions WHERE answer IS NOT NULL AND at < ?",
                [submission.oldestKept.milliseconds])
            try db.run(
                "INSERT INTO submissions (id, at, requested_by, request) VALUES (?, ?, ?, ?)",
                [
                    submission.id, submission.at.milliseconds, submission.requestedBy,
                    JSONValue.object(submission.request).canonical,
                ])
        }
    }

    package func submission(id: String) async throws(StoreError) -> Submission? {
        try await read { db in
            try db.row("SELECT \(Submission.columns) FROM submissions WHERE id = ?", [id]).map {
                try Submission(row: $0)
            }
        }
    }
}

extension SubmissionAnswer {
    func write(_ db: Database) throws {
        try db.run(
            "UPDATE submissions SET answer = ? WHERE id = ? AND answer IS NULL",
            [JSONValue.object(answer).canonical, id])
        guard db.changesCount == 1 else { throw StoreError.conflict("submission `\(id)` has an answer already") }
    }
}
