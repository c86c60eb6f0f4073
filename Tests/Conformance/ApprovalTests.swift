import FleetModel
import Store
import Testing

@Suite struct ApprovalTests {
    struct Story: Sendable, CustomTestStringConvertible {
        var note: String
        var needed = 1
        var requestedBy: String?
        var allowOwn = false
        var votes: [(by: String, decision: VoteDecision, after: Int)]
        var outcomes: [VoteOutcome]
        var status: ApprovalStatus
        var testDescription: String { note }
    }

    static let stories: [Story] = [
        Story(note: "one approval of one", votes: [("ana", .approved, 1)], outcomes: [.counted], status: .approved),
        Story(
            note: "two people of two", needed: 2, votes: [("ana", .approved, 1), ("bo", .approved, 2)],
            outcomes: [.counted, .counted], status: .approved),
        Story(
            note: "the same person twice is counted once", needed: 2,
            votes: [("ana", .approved, 1), ("ana", .approved, 2)], outcomes: [.counted, .repeated], status: .pending),
        Story(
            note: "one denial denies", needed: 3, votes: [("ana", .approved, 1), ("bo", .denied, 2)],
            outcomes: [.counted, .counted], status: .denied),
        Story(
            note: "a second thought while it is pending", needed: 2,
            votes: [("ana", .approved, 1), ("ana", .denied, 2)], outcomes: [.counted, .counted], status: .denied),
        Story(
            note: "too late after a denial", votes: [("ana", .denied, 1), ("bo", .approved, 2)],
            outcomes: [.counted, .notPending(.denied)], status: .denied),
        Story(
            note: "one's own proposal", requestedBy: "ana", votes: [("ana", .approved, 1)],
            outcomes: [.ownProposal], status: .pending),
        Story(
            note: "one's own proposal where persons cannot be told apart", requestedBy: "local", allowOwn: true,
            votes: [("local", .approved, 1)], outcomes: [.counted], status: .approved),
        Story(
            note: "the last moment before it expires", votes: [("ana", .approved, 86_399)], outcomes: [.counted],
            status: .approved),
        Story(
            note: "the moment it expires", votes: [("ana", .approved, 86_400)], outcomes: [.notPending(.expired)],
            status: .pending),
        Story(
            note: "a repeated vote after it expired", needed: 2,
            votes: [("ana", .approved, 1), ("ana", .approved, 90_000)], outcomes: [.counted, .notPending(.expired)],
            status: .pending),
    ]

    @Test(arguments: Backend.allCases, stories)
    func `votes do what they say and last`(backend: Backend, story: Story) async throws {
        try await withStore(backend) { store in
            var rows = Rows()
            let term = try await store.acquireTerm(holder: "a", at: rows.now)
            var approval = rows.approval(target: "web", needed: story.needed)
            approval.proposal.requestedBy = story.requestedBy
            try await store.queue(approval, term)
            var outcomes: [VoteOutcome] = []
            var last = approval
            for vote in story.votes {
                let answer = try await store.vote(
                    approvalID: approval.id,
                    Vote(by: vote.by, decision: vote.decision, note: "n", at: rows.now.adding(seconds: vote.after)),
                    allowOwnProposal: story.allowOwn)
                let (after, outcome) = try #require(answer)
                outcomes.append(outcome)
                last = after
            }
            #expect(outcomes == story.outcomes)
            #expect(last.status == story.status)
            #expect(try await store.approval(id: approval.id) == last)
        }
    }

    @Test(arguments: Backend.allCases)
    func `a vote on an unknown approval is nil`(backend: Backend) async throws {
        try await withStore(backend) { store in
            let answer = try await store.vote(
                approvalID: "none", Vote(by: "ana", decision: .approved, at: Rows.start), allowOwnProposal: false)
            #expect(answer == nil)
        }
    }

    @Test(arguments: Backend.allCases)
    func `of ten people who vote at once as many are counted as are needed`(backend: Backend) async throws {
        try await withStore(backend) { store in
            var rows = Rows()
            let term = try await store.acquireTerm(holder: "a", at: rows.now)
            let approval = try await store.queue(rows.approval(target: "web", needed: 3), term)
            let counted = try await withThrowingTaskGroup(of: VoteOutcome?.self) { group in
                for person in 0..<10 {
                    group.addTask {
                        try await store.vote(
                            approvalID: approval.id, Vote(by: "p\(person)", decision: .approved, at: Rows.start),
                            allowOwnProposal: false)?.1
                    }
                }
                return try await group.reduce(0) { $0 + ($1 == .counted ? 1 : 0) }
            }
            #expect(counted == 3)
            let after = try #require(try await store.approval(id: approval.id))
            #expect(after.status == .approved && after.votes.count == 3)
        }
    }

    @Test(arguments: Backend.allCases)
    func `seen again counts up and keeps the last time`(backend: Backend) async throws {
        try await withStore(backend) { store in
            var rows = Rows()
            let term = try await store.acquireTerm(holder: "a", at: rows.now)
            var expected = try await store.queue(rows.approval(target: "web"), term)
            for second in [10, 20] {
                try await store.tick(term, at: rows.now.adding(seconds: second)) { $0.seenApprovals = [expected.id] }
            }
            expected.seenCount = 3
            expected.lastSeenAt = rows.now.adding(seconds: 20)
            #expect(try await store.approval(id: expected.id) == expected)
        }
    }

    @Test(arguments: Backend.allCases)
    func `the newest denial of a key is at hand for seven days`(backend: Backend) async throws {
        try await withStore(backend) { store in
            var rows = Rows()
            let term = try await store.acquireTerm(holder: "a", at: rows.now)
            func deny(_ target: String, after seconds: Int) async throws -> Approval {
                let approval = try await store.queue(rows.approval(target: target), term)
                let vote = Vote(by: "ana", decision: .denied, at: rows.now.adding(seconds: seconds))
                let answer = try await store.vote(approvalID: approval.id, vote, allowOwnProposal: false)
                return try #require(answer).0
            }
            _ = try await deny("web", after: 1)
            let web = try await deny("web", after: 2)
            let db = try await deny("db", after: 100)
            #expect(try await store.workingSet().denials == [web.proposal.key: web, db.proposal.key: db])

            // Another approval of the key does not hide that it was denied.
            _ = try await store.planApproved(&rows, target: "web", term)
            #expect(try await store.workingSet().denials[web.proposal.key] == web)

            try await store.tick(term, at: rows.now.adding(seconds: 7 * 86_400 + 50)) { _ in }
            #expect(try await store.workingSet().denials == [db.proposal.key: db])
            #expect(try await store.approval(id: web.id) == web)
        }
    }

    @Test(arguments: Backend.allCases)
    func `the working set has what is open and only that`(backend: Backend) async throws {
        try await withStore(backend) { store in
            var rows = Rows()
            let term = try await store.acquireTerm(holder: "a", at: rows.now)
            let approvals = ApprovalStatus.allCases.map { rows.approval(target: "a-\($0.rawValue)", status: $0) }
            let actions = ActionState.allCases.map { state in
                var action = rows.action(target: "b-\(state.rawValue)")
                action.state = state
                return action
            }
            try await store.tick(term) { commit in
                commit.newApprovals = approvals
                commit.newActions = actions
            }
            let set = try await store.workingSet()
            #expect(Set(set.openApprovals.map(\.status)) == [.pending, .approved, .executing])
            #expect(Set(set.openActions.map(\.state)) == [.planned, .executing, .unknown])
        }
    }
}
