import FleetModel
import Store

/// How one process reaches the simulated database: each call takes a while there and back, and either way may fail.
///
/// Unchecked: as `World`.
final class StoreLink: FleetStore, @unchecked Sendable {
    private let life: Life
    private var world: World { life.world }
    private var store: SimStore { life.world.store }
    private static let fallen = StoreError.corrupt("the process is dead")

    init(_ life: Life) { self.life = life }

    /// Sends a request and waits for its answer. Where no answer comes the outcome is unknown, and said to be
    /// `unavailable` after the deadline.
    private func ask<T: Sendable>(
        _ what: String, _ body: @escaping (SimStore) throws(StoreError) -> T
    ) async throws(StoreError) -> T {
        let life = life
        let world = world
        let result: Result<T, StoreError> = await life.wait(fallen: .failure(Self.fallen)) { answer in
            world.after(world.latency()) {
                if life.isDead { return }
                let isLost = life.link == .requestsLost || world.isFaulty && world.random.chance(5)
                if world.store.isDown || isLost {
                    world.note("\(life.name) \(what): not received")
                    world.after(world.store.isDown ? 1000 : 2_000_000, for: life) {
                        answer(.failure(.unavailable("no answer")))
                    }
                    return
                }
                let result: Result<T, StoreError>
                do throws(StoreError) { result = .success(try body(world.store)) } catch { result = .failure(error) }
                world.note(StoreLink.line(life, what, result), code: what.utf8.count)
                if life.link == .answersLost || world.isFaulty && world.random.chance(5) {
                    world.note("\(life.name) \(what): answer lost")
                    world.after(2_000_000, for: life) { answer(.failure(.unavailable("no answer"))) }
                } else if world.random.chance(600), life.pausedUntil == nil {
                    answer(result)
                } else {
                    world.after(world.latency(), for: life) { answer(result) }
                }
            }
        }
        return try result.get()
    }

    private static func line<T>(_ life: Life, _ what: String, _ result: Result<T, StoreError>) -> String {
        switch result {
        case .success: "\(life.name) \(what)"
        case .failure(let error): "\(life.name) \(what): \(error)"
        }
    }

    // MARK: - The loop

    /// Of no use here: terms come from the seat.
    func acquireTerm(holder: String, at now: WallTime) async throws(StoreError) -> Term {
        throw .badRequest("terms come from the election")
    }

    func revision() async throws(StoreError) -> UInt64 { try await ask("revision") { $0.revision } }
    func workingSet() async throws(StoreError) -> WorkingSet { try await ask("workingSet") { $0.workingSet() } }

    func commit(_ commit: TickCommit, term: Term) async throws(StoreError) -> Int {
        let life = life
        return try await ask("commit epoch \(term.epoch)\(commit.summary)") { store throws(StoreError) in
            try store.commit(commit, term: term, by: life)
        }
    }

    func close() async {}

    func ledgerView(since: WallTime, dryRun: Bool) async throws(StoreError) -> LedgerView {
        try await ask("ledgerView") { $0.ledgerView(since: since, dryRun: dryRun) }
    }

    func claim(
        actionID: String, commands: [[String]], at now: WallTime, term: Term, unlessHeld scopes: [Hold.Scope]
    ) async throws(StoreError) -> Action? {
        let life = life
        return try await ask("claim \(actionID) epoch \(term.epoch)") { store throws(StoreError) in
            try store.claim(actionID, commands, at: now, term: term, unlessHeld: scopes, by: life)
        }
    }

    func finish(actionID: String, _ outcome: ActionOutcome, at now: WallTime, term: Term) async throws(StoreError)
        -> Action?
    {
        let life = life
        let what = "finish \(actionID) \(outcome.result.rawValue) (\(outcome.detail)) epoch \(term.epoch)"
        return try await ask(what) { store throws(StoreError) in
            try store.finish(actionID, outcome, at: now, term: term, by: life)
        }
    }

    // MARK: - People

    func vote(approvalID: String, _ vote: Vote, allowOwnProposal: Bool) async throws(StoreError) -> (
        Approval, VoteOutcome
    )? {
        let life = life
        return try await ask("vote \(approvalID) \(vote.decision.rawValue) by \(vote.by)") { store in
            store.vote(approvalID, vote, allowOwnProposal: allowOwnProposal, by: life)
        }
    }

    func holds() async throws(StoreError) -> [Hold] { try await ask("holds") { $0.holds } }

    func place(_ hold: Hold) async throws(StoreError) {
        let life = life
        try await ask("place \(hold.scope)") { $0.place(hold, by: life) }
    }

    func lift(_ scope: Hold.Scope) async throws(StoreError) -> Bool {
        let life = life
        return try await ask("lift \(scope)") { $0.lift(scope, by: life) }
    }

    func submit(_ submission: Submission) async throws(StoreError) {
        let life = life
        try await ask("submit \(submission.id)") { $0.submit(submission, by: life) }
    }

    func submission(id: String) async throws(StoreError) -> Submission? {
        try await ask("submission") { store in store.submissions.first { $0.id == id } }
    }

    func notices() -> AsyncStream<StoreNotice> {
        let (stream, continuation) = AsyncStream<StoreNotice>.makeStream(bufferingPolicy: .bufferingNewest(16))
        if life.isDead { continuation.finish() } else { life.notices.append(continuation) }
        return stream
    }

    // MARK: - Scaling: no simulated service is scaled

    func keep(gauges: [SignalSample], at now: WallTime) async throws(StoreError) -> [Bool] { gauges.map { _ in false } }
    func gauges(since: WallTime) async throws(StoreError) -> [SignalSample] { [] }

    func scalingPoints(
        service: String, since: WallTime, limit: Int
    ) async throws(StoreError) -> [ScalingPoint] { [] }

    // MARK: - Lists, as far as the control plane asks for them

    func approval(id: String) async throws(StoreError) -> Approval? { try await ask("approval") { $0.approvals[id] } }
    func action(id: String) async throws(StoreError) -> Action? { try await ask("action") { $0.actions[id] } }

    func approvals(_ query: ListQuery) async throws(StoreError) -> Page<Approval> {
        try await ask("approvals") { store in
            Page(items: store.approvals.values.sorted { $0.id > $1.id })
        }
    }

    func actions(_ query: ListQuery) async throws(StoreError) -> Page<Action> {
        try await ask("actions") { store in Page(items: store.actions.values.sorted { $0.id > $1.id }) }
    }

    func decisions(_ query: ListQuery) async throws(StoreError) -> Page<LedgerEntry> {
        try await ask("decisions") { Page(items: $0.entries.reversed()) }
    }

    func decision(id: String) async throws(StoreError) -> LedgerEntry? { nil }

    func ledgerHead() async throws(StoreError) -> LedgerHead {
        try await ask("ledgerHead") {
            LedgerHead(sequence: $0.head, hash: $0.entries.last?.hash ?? LedgerEntry.genesis)
        }
    }

    func entries(after sequence: Int, limit: Int) async throws(StoreError) -> [LedgerEntry] {
        try await ask("entries") { Array($0.entries.dropFirst(sequence).prefix(limit)) }
    }

    func filings(after sequence: Int, limit: Int) async throws(StoreError) -> [LedgerFiling] { [] }
    func reports(_ query: ListQuery) async throws(StoreError) -> Page<TickReport> { Page(items: []) }
    func idempotentAnswer(key: String) async throws(StoreError) -> IdempotentAnswer? { nil }
    func keep(_ answer: IdempotentAnswer) async throws(StoreError) {}
    func overrides() async throws(StoreError) -> [StoredOverride] { [] }
    func add(_ override: StoredOverride) async throws(StoreError) {}
    func removeOverride(id: String) async throws(StoreError) -> Bool { false }
    func topology() async throws(StoreError) -> Topology { Topology() }
}

extension World {
    /// One way between two machines, in microseconds: mostly short, sometimes long while there are faults.
    func latency() -> Int64 {
        if isFaulty, random.chance(20) { return random.between(100_000, 3_000_000) }
        return random.between(100, 3000)
    }
}

extension TickCommit {
    fileprivate var summary: String {
        let parts = [
            newActions.map { " plans \($0.id) \($0.proposal.kind) \($0.proposal.target)" }.joined(),
            newApprovals.map { " asks \($0.id) \($0.proposal.kind) \($0.proposal.target)" }.joined(),
            approvalChanges.map { " \($0.id) -> \($0.to.rawValue)" }.joined(),
            cancelledActions.map { " cancels \($0.actionID): \($0.detail)" }.joined(),
            submissionAnswers.map { " answers \($0.id)" }.joined(),
        ]
        return parts.joined()
    }
}
