package import FleetModel

/// A manual proposal that a follower took down for the leader to gate.
package struct Submission: Sendable, Equatable {
    /// `proposal:…`
    package var id: String
    /// `kind`, `target`, `params`, `reason`, and `kill` (the scope) when a kill proposed it.
    package var request: JSONObject
    package var requestedBy: String
    package var at: WallTime
    /// The leader's answer, in the shape of `POST /api/fleet/actions`; or `{"error": code, "message": …}`. Nil until then.
    package var answer: JSONObject?

    package init(id: String, request: JSONObject, requestedBy: String, at: WallTime, answer: JSONObject? = nil) {
        self.id = id
        self.request = request
        self.requestedBy = requestedBy
        self.at = at
        self.answer = answer
    }
}

/// One answer of a tick; refused as `conflict` when the submission has one already.
package struct SubmissionAnswer: Sendable, Equatable {
    package var id: String
    package var answer: JSONObject

    package init(id: String, answer: JSONObject) {
        self.id = id
        self.answer = answer
    }
}

package protocol SubmissionStore: Sendable {
    /// Durable when it returns, and the leader is told. Submissions answered more than a day ago may be dropped.
    func submit(_ submission: Submission) async throws(StoreError)
    func submission(id: String) async throws(StoreError) -> Submission?
}
