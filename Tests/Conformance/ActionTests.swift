import FleetModel
import Store
import Testing

@Suite struct ActionTests {
    @Test(arguments: Backend.allCases)
    func `of fifty claims at once exactly one wins`(backend: Backend) async throws {
        try await withStore(backend) { store in
            var rows = Rows()
            let term = try await store.acquireTerm(holder: "a", at: rows.now)
            let action = try await store.plan(rows.action(target: "web"), term)
            let winners = try await withThrowingTaskGroup(of: Action?.self) { group in
                for claimer in 0..<50 {
                    group.addTask {
                        try await store.claim(
                            actionID: action.id, commands: [["docker", "\(claimer)"]], at: Rows.start, term: term)
                    }
                }
                return try await group.reduce(into: [Action]()) { all, won in if let won { all.append(won) } }
            }
            #expect(winners.count == 1)
            #expect(try await store.action(id: action.id) == winners.first)
        }
    }

    @Test(arguments: Backend.allCases)
    func `a claim records commands, time and term before anything runs`(backend: Backend) async throws {
        try await withStore(backend) { store in
            var rows = Rows()
            let first = try await store.acquireTerm(holder: "a", at: rows.now)
            var expected = try await store.plan(rows.action(target: "web"), first)
            let second = try await store.acquireTerm(holder: "b", at: rows.now)
            expected.state = .executing
            expected.commands = [["docker", "restart", "--", "web"]]
            expected.startedAt = rows.now.adding(seconds: 3)
            expected.epoch = 2
            let claimed = try await store.claim(
                actionID: expected.id, commands: expected.commands, at: rows.now.adding(seconds: 3), term: second)
            #expect(claimed == expected)
            #expect(try await store.action(id: expected.id) == expected)
            #expect(try await store.claim(actionID: "none", commands: [], at: rows.now, term: second) == nil)
        }
    }

    /// What `finish` answers from each state, and what the approval behind the action becomes.
    struct Ending: Sendable, CustomTestStringConvertible {
        var from: ActionState
        var result: ActionOutcome.Result
        /// Nil: refused, nothing changes.
        var approval: ApprovalStatus?
        var testDescription: String { "\(from.rawValue) -> \(result.rawValue)" }
    }

    static let endings: [Ending] = [
        Ending(from: .planned, result: .succeeded, approval: nil),
        Ending(from: .planned, result: .failed, approval: nil),
        Ending(from: .planned, result: .unknown, approval: nil),
        Ending(from: .planned, result: .cancelled, approval: .superseded),
        Ending(from: .executing, result: .succeeded, approval: .executed),
        Ending(from: .executing, result: .failed, approval: .failed),
        Ending(from: .executing, result: .unknown, approval: .unknown),
        Ending(from: .executing, result: .cancelled, approval: nil),
        Ending(from: .unknown, result: .succeeded, approval: .executed),
        Ending(from: .unknown, result: .failed, approval: .failed),
        Ending(from: .unknown, result: .unknown, approval: .unknown),
        Ending(from: .unknown, result: .cancelled, approval: nil),
        Ending(from: .succeeded, result: .failed, approval: nil),
        Ending(from: .succeeded, result: .succeeded, approval: nil),
        Ending(from: .failed, result: .succeeded, approval: nil),
        Ending(from: .failed, result: .unknown, approval: nil),
        Ending(from: .cancelled, result: .succeeded, approval: nil),
        Ending(from: .cancelled, result: .cancelled, approval: nil),
    ]

    @Test(arguments: Backend.allCases, endings)
    func `an action ends only as the contract lets it, its approval with it`(
        backend: Backend, ending: Ending
    ) async throws {
        try await withStore(backend) { store in
            var rows = Rows()
            let term = try await store.acquireTerm(holder: "a", at: rows.now)
            let (approval, action) = try await store.planApproved(&rows, target: "web", term)
            try await bring(store, action, to: ending.from, term)
            let before = try #require(try await store.action(id: action.id))
            let approvalBefore = try #require(try await store.approval(id: approval.id))
            #expect(before.state == ending.from)

            let end = rows.now.adding(seconds: 60)
            let outcome = ActionOutcome(ending.result, "the end", commands: [["docker", "ps"]])
            let finished = try await store.finish(actionID: action.id, outcome, at: end, term: term)
            let after = try #require(try await store.action(id: action.id))
            let approvalAfter = try #require(try await store.approval(id: approval.id))
            if let status = ending.approval {
                #expect(finished == after)
                #expect(after.state == outcome.state && after.detail == "the end" && after.finishedAt == end)
                #expect(after.commands == outcome.commands)
                #expect(approvalAfter.status == status)
                #expect(approvalAfter.resolution == (status == .superseded ? "the end" : nil))
            } else {
                #expect(finished == nil)
                #expect(after == before)
                #expect(approvalAfter == approvalBefore)
            }
        }
    }

    @Test(arguments: Backend.allCases)
    func `a cancellation by the tick withdraws the approval with its reason`(backend: Backend) async throws {
        try await withStore(backend) { store in
            var rows = Rows()
            let term = try await store.acquireTerm(holder: "a", at: rows.now)
            let (approval, action) = try await store.planApproved(&rows, target: "web", term)
            try await store.tick(term) {
                $0.cancelledActions = [Cancellation(actionID: action.id, detail: "recovered after 241 s")]
            }
            let after = try #require(try await store.approval(id: approval.id))
            #expect(after.status == .superseded && after.resolution == "recovered after 241 s")
            #expect(try await store.claim(actionID: action.id, commands: [], at: rows.now, term: term) == nil)
        }
    }

    @Test(arguments: Backend.allCases)
    func `an action whose approval was withdrawn is never claimed`(backend: Backend) async throws {
        try await withStore(backend) { store in
            var rows = Rows()
            let term = try await store.acquireTerm(holder: "a", at: rows.now)
            let (approval, action) = try await store.planApproved(&rows, target: "web", term)
            try await store.tick(term) {
                $0.approvalChanges = [ApprovalChange(id: approval.id, from: .approved, to: .superseded)]
            }
            do {
                _ = try await store.claim(actionID: action.id, commands: [], at: rows.now, term: term)
                Issue.record("it was claimed")
            } catch StoreError.conflict {
                // As promised.
            }
            #expect(try await store.action(id: action.id)?.state == .planned)
        }
    }

    @Test(arguments: Backend.allCases)
    func `the action that ended last is at hand for each target`(backend: Backend) async throws {
        try await withStore(backend) { store in
            var rows = Rows()
            let term = try await store.acquireTerm(holder: "a", at: rows.now)
            var last: [String: Action] = [:]
            let endings: [(String, ActionOutcome.Result)] = [
                ("web", .succeeded), ("web", .failed), ("db", .succeeded), ("db", .unknown), ("cache", .cancelled),
            ]
            for (target, result) in endings {
                let action = try await store.plan(rows.action(target: target), term)
                if result != .cancelled {
                    _ = try await store.claim(actionID: action.id, commands: [], at: rows.now, term: term)
                }
                let ended = try await store.finish(
                    actionID: action.id, ActionOutcome(result, "r"), at: rows.now, term: term)
                if result == .succeeded || result == .failed { last[target] = ended }
            }
            #expect(try await store.workingSet().lastActions == last)
        }
    }

    private func bring(_ store: any FleetStore, _ action: Action, to state: ActionState, _ term: Term) async throws {
        guard state != .planned else { return }
        if state != .cancelled {
            _ = try await store.claim(actionID: action.id, commands: [["docker"]], at: Rows.start, term: term)
        }
        let results: [ActionState: ActionOutcome.Result] = [
            .succeeded: .succeeded, .failed: .failed, .unknown: .unknown, .cancelled: .cancelled,
        ]
        if let result = results[state] {
            _ = try await store.finish(
                actionID: action.id, ActionOutcome(result, "before"), at: Rows.start, term: term)
        }
    }
}
