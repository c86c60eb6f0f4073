internal import FleetModel
internal import Leadership
internal import Logging
internal import Store

/// Manual proposals between instances: a follower takes one down, the leader gates it.
extension ControlPlane {
    /// How long a follower waits for the leader's answer (contract, `POST /api/fleet/actions`).
    private static let patience = Duration.seconds(2)
    /// A request that no leader saw for so long is answered with a refusal: who asked has moved on, the fleet too.
    private static let staleAfterSeconds = 300

    // MARK: - On a follower

    /// Takes the requests down and answers with what the leader makes of them, or `submitted` where it did not yet.
    func submit(_ requests: [ManualProposal]) async throws(ControlError) -> [JSONValue] {
        let now = now()
        let inputs = try await readInputsForRequest(at: now)
        // What is wrong in itself is said at once; the leader checks again.
        for request in requests {
            if case .failure(let error) = request.proposal(inputs) { throw error }
        }
        let makeID = idMaker(at: now)
        let submissions = requests.map { $0.submission(id: makeID("proposal"), at: now) }
        do throws(StoreError) {
            for submission in submissions { try await store.submit(submission) }
            waker.wake(.proposal)
            return try await answers(to: submissions)
        } catch { throw error.asControlError }
    }

    /// They are answered in the order in which they were taken down, so the last one's answer says that all are there.
    private func answers(to submissions: [Submission]) async throws(StoreError) -> [JSONValue] {
        guard let last = submissions.last else { return [] }
        let pause = Duration.milliseconds(50)
        for _ in 0..<Int(Self.patience / pause) {
            if try await store.submission(id: last.id)?.answer != nil { break }
            await parts.sleep(pause)
            if Task.isCancelled { break }
        }
        var answers: [JSONValue] = []
        for submission in submissions {
            if let answer = try await store.submission(id: submission.id)?.answer {
                answers.append(.object(answer))
            } else {
                answers.append(submission.unanswered)
            }
        }
        return answers
    }

    // MARK: - On the leader

    /// Gates what followers took down. One commit for as many as have targets of their own, so that each sees what
    /// those before it on the same target came to.
    func answerSubmissions(_ term: Term) async throws(StoreError) {
        var attempts = 0
        while true {
            let now = now()
            let inputs = try await readInputs(at: now, term: term)
            var targets: Set<String> = []
            let batch = inputs.working.submissions.filter { targets.insert($0.target).inserted }
            guard !batch.isEmpty else { return }
            let draft = draft(answering: batch, inputs)
            do {
                try await commit(draft, term: term)
                attempts = 0
                tell(draft, inputs)
                waker.wake(.proposal)
            } catch {
                attempts += 1
                guard attempts < 3, error.isOvertaken else { throw error }
            }
        }
    }

    private func draft(answering submissions: [Submission], _ inputs: TickInputs) -> TickDraft {
        var proposals: [Proposal] = []
        var gated: [String] = []
        var answers: [SubmissionAnswer] = []
        for submission in submissions {
            let age = inputs.now.seconds(since: submission.at)
            guard age <= Self.staleAfterSeconds else {
                let error = ControlError.unavailable("nobody led for \(age) s after this was asked for; ask again")
                answers.append(SubmissionAnswer(id: submission.id, answer: error.answer))
                continue
            }
            switch ManualProposal(submission).proposal(inputs) {
            case .success(let proposal):
                proposals.append(proposal)
                gated.append(submission.id)
            case .failure(let error):
                answers.append(SubmissionAnswer(id: submission.id, answer: error.answer))
            }
        }
        var draft = TickDraft.make(manual: proposals, inputs, makeID: idMaker(at: inputs.now))
        for (id, judged) in zip(gated, draft.judged) {
            guard var answer = answer(judged, draft, at: inputs.now).object else { continue }
            answer["proposal_id"] = .string(id)
            answers.append(SubmissionAnswer(id: id, answer: answer))
        }
        draft.answer(answers)
        return draft
    }
}

extension Submission {
    fileprivate var target: String { request["target"]?.string ?? "" }

    /// The contract's answer where the leader has not answered yet.
    fileprivate var unanswered: JSONValue {
        [
            "proposal_id": .string(id), "state": "submitted", "kind": request["kind"] ?? .null,
            "target": request["target"] ?? .null, "decision": nil,
            "reason":
                "taken down; no leader has answered yet, look again under `GET /api/fleet/approvals` or `/actions`",
            "approval_id": nil, "action_id": nil,
        ]
    }
}

extension ControlError {
    /// As a submission's answer keeps it.
    fileprivate var answer: JSONObject {
        let (code, message) = coded
        return JSONObject([("error", .string(code)), ("message", .string(message))])
    }

    /// What a submission's answer says; nil when it is no refusal.
    init?(answer: JSONValue) {
        guard let code = answer["error"]?.string, let message = answer["message"]?.string else { return nil }
        switch code {
        case "bad_request": self = .badRequest(message)
        case "forbidden": self = .forbidden(message)
        case "not_found": self = .notFound(message)
        case "conflict": self = .conflict(message)
        case "unprocessable": self = .unprocessable(message)
        case "unavailable": self = .unavailable(message)
        default: self = .internal(message)
        }
    }

    private var coded: (code: String, message: String) {
        switch self {
        case .badRequest(let message): ("bad_request", message)
        case .forbidden(let message): ("forbidden", message)
        case .notFound(let message): ("not_found", message)
        case .conflict(let message): ("conflict", message)
        case .unprocessable(let message): ("unprocessable", message)
        case .unavailable(let message): ("unavailable", message)
        case .internal(let message): ("internal", message)
        }
    }
}
