package import FleetModel

/// Finds the approval that a person means by part of its id.
package struct ApprovalLookup: Sendable {
    package static let prefix = "action_approval"
    private let client: APIClient

    package init(client: APIClient) {
        self.client = client
    }

    package func rows(status: ApprovalStatus?) async throws(CommandError) -> [JSONValue] {
        let query = status.map { [("status", $0.rawValue)] } ?? []
        let answer = try await client.list("/api/fleet/approvals", name: "approvals", query: query, limit: 100_000)
        return answer["approvals"]?.array ?? []
    }

    /// The whole id. Part of one must fit exactly one approval of this status: a vote never goes to a guess.
    package func id(for text: String, status: ApprovalStatus?) async throws(CommandError) -> String {
        let part: String
        switch ShortIdentifier.parse(text, prefix: ApprovalLookup.prefix) {
        case .whole(let id): return id
        case .part(let given): part = given
        case .invalid: throw .local("`\(text)` is not an approval's id, nor four or more characters of one")
        }
        let ids = try await rows(status: status).compactMap { $0["id"]?.string }
        let candidates = ShortIdentifier.candidates(part, among: ids)
        guard let id = candidates.first else {
            throw .local(
                "no \(status.map { "\($0.rawValue) " } ?? "")approval has an id that begins or ends with `\(text)`")
        }
        guard candidates.count == 1 else {
            throw .local(
                "`\(text)` fits \(candidates.count) approvals: \(candidates.prefix(5).joined(separator: ", "))")
        }
        return id
    }
}

/// What became of one vote of several.
package struct BallotResult: Sendable {
    private let given: String
    private let outcome: Result<JSONValue, CommandError>

    package var isFailure: Bool {
        if case .failure = outcome { true } else { false }
    }

    package static func cast(
        _ given: String, _ decision: VoteDecision, note: String?, _ client: APIClient, _ lookup: ApprovalLookup
    ) async -> BallotResult {
        do {
            let id = try await lookup.id(for: given, status: .pending)
            let verb = decision == .approved ? "approve" : "deny"
            let body: JSONValue = note.map { ["note": .string($0)] } ?? [:]
            return BallotResult(
                given: given, outcome: .success(try await client.post("/api/fleet/approvals/\(id)/\(verb)", body)))
        } catch {
            return BallotResult(given: given, outcome: .failure(error))
        }
    }

    package func line(on terminal: Terminal) -> String {
        switch outcome {
        case .success(let answer):
            let result = answer["result"]
            let id = result?["approval_id"]?.string ?? given
            let status = result?["approval_status"]?.string ?? "-"
            let more = status == "pending" ? " (counted; more people are needed)" : ""
            return "\(ShortIdentifier.bare(id))  \(terminal.styled(status, .init(word: status)))\(more)"
        case .failure(let error):
            return "\(ShortIdentifier.bare(given))  \(terminal.styled("not done", .bad)): \(error)"
        }
    }

    /// The API's answer, or an error of the contract's shape.
    package var json: JSONValue {
        switch outcome {
        case .success(let answer): return answer
        case .failure(let error):
            var code = "unavailable"
            if case .refused(_, let given, _, _) = error { code = given }
            return [
                "status": "error", "error": .string(code), "message": .string("\(error)"), "id": .string(given),
            ]
        }
    }
}
