import FleetModel
import Store
import Testing

@Suite struct CommitTests {
    @Test(arguments: Backend.allCases, [1, 2, 3] as [UInt64])
    func `what is committed is read back exactly`(backend: Backend, seed: UInt64) async throws {
        try await withStore(backend) { store in
            var rows = Rows(seed: seed)
            let term = try await store.acquireTerm(holder: "a", at: rows.now)
            let approvals = (0..<60).map { rows.anyApproval(target: "svc-\($0)") }
            let actions = (0..<60).map { rows.anyAction(target: "svc-\($0)") }
            let decisions = (0..<60).map { index in
                rows.decision(rows.anyProposal(target: "svc-\(index)"), index % 2 == 0 ? .deny : .allowNotify)
            }
            let report = TickReport(id: "report:1", at: rows.now, body: rows.object())
            try await store.tick(term) { commit in
                commit.newApprovals = approvals
                commit.newActions = actions
                commit.decisions = decisions
                commit.report = report
            }
            for approval in approvals { #expect(try await store.approval(id: approval.id) == approval) }
            for action in actions { #expect(try await store.action(id: action.id) == action) }
            for (index, decision) in decisions.enumerated() {
                let entry = try #require(try await store.decision(id: decision.id))
                #expect(entry.sequence == index + 1)
                #expect(entry.body == JSONValue.object(decision.json).canonical)
            }
            #expect(try await store.reports(ListQuery()).items == [report])
        }
    }

    @Test(arguments: Backend.allCases)
    func `decisions made from an older ledger are refused`(backend: Backend) async throws {
        try await withStore(backend) { store in
            var rows = Rows()
            let term = try await store.acquireTerm(holder: "a", at: rows.now)
            let first = rows.decision(rows.proposal(target: "web"))
            #expect(try await store.tick(term) { $0.decisions = [first] } == 1)
            for head in [0, 2] {
                var commit = TickCommit(ledgerHead: head, at: rows.now)
                commit.decisions = [rows.decision(rows.proposal(target: "db"))]
                await #expect(throws: StoreError.ledgerMoved(head: 1)) { try await store.commit(commit, term: term) }
            }
            #expect(try await store.ledgerHead().sequence == 1)
        }
    }

    /// One thing in a commit that does not fit what is stored; `note` says which.
    struct Misfit: Sendable, CustomTestStringConvertible {
        var note: String
        var put: @Sendable (inout TickCommit, inout Rows, Stored) -> Void
        var testDescription: String { note }
    }

    /// What is in the store before the misfit arrives.
    struct Stored: Sendable {
        var pending: Approval
        var denied: Approval
        var planned: Action
        var executing: Action
        var decision: Decision
        var report: TickReport
    }

    static let misfits: [Misfit] = [
        Misfit(note: "a second pending approval of the same kind and target") { commit, rows, stored in
            commit.newApprovals.append(rows.approval(target: stored.pending.proposal.target))
        },
        Misfit(note: "two pending approvals of one key in the same commit") { commit, rows, _ in
            commit.newApprovals += [rows.approval(target: "twice"), rows.approval(target: "twice")]
        },
        Misfit(note: "a second action on a target with a planned one") { commit, rows, stored in
            commit.newActions.append(rows.action(target: stored.planned.proposal.target))
        },
        Misfit(note: "a second action on a target with an executing one") { commit, rows, stored in
            commit.newActions.append(rows.action(target: stored.executing.proposal.target))
        },
        Misfit(note: "an action for an approval that does not exist") { commit, rows, _ in
            var action = rows.action(target: "lonely")
            action.approvalID = "action_approval:none"
            commit.newActions.append(action)
        },
        Misfit(note: "a change from a state that the approval is not in") { commit, _, stored in
            commit.approvalChanges.append(ApprovalChange(id: stored.denied.id, from: .pending, to: .expired))
        },
        Misfit(note: "a change of an approval that does not exist") { commit, _, _ in
            commit.approvalChanges.append(ApprovalChange(id: "none", from: .pending, to: .expired))
        },
        Misfit(note: "an approval seen that is no longer pending") { commit, _, stored in
            commit.seenApprovals.append(stored.denied.id)
        },
        Misfit(note: "a cancellation of an action under way") { commit, _, stored in
            commit.cancelledActions.append(Cancellation(actionID: stored.executing.id, detail: "late"))
        },
        Misfit(note: "a cancellation of an action that does not exist") { commit, _, _ in
            commit.cancelledActions.append(Cancellation(actionID: "none", detail: "late"))
        },
        Misfit(note: "a decision id that the ledger has") { commit, _, stored in
            commit.decisions.append(stored.decision)
        },
        Misfit(note: "a report id that is taken") { commit, _, stored in commit.report = stored.report },
    ]

    @Test(arguments: Backend.allCases, misfits)
    func `a commit with one misfit leaves nothing behind`(backend: Backend, misfit: Misfit) async throws {
        try await withStore(backend) { store in
            var rows = Rows()
            let term = try await store.acquireTerm(holder: "a", at: rows.now)
            let stored = try await fill(store, &rows, term)
            let before = try await contents(store)
            let head = try await store.ledgerHead()

            var commit = TickCommit(ledgerHead: head.sequence, at: rows.now.adding(seconds: 5))
            commit.decisions = (0..<3).map { rows.decision(rows.proposal(target: "fine-\($0)")) }
            commit.newApprovals = [rows.approval(target: "fine")]
            commit.newActions = [rows.action(target: "fine")]
            commit.seenApprovals = [stored.pending.id]
            commit.cancelledActions = [Cancellation(actionID: stored.planned.id, detail: "fine")]
            commit.report = rows.report("fine", at: rows.now)
            if misfit.note == "a second action on a target with a planned one" { commit.cancelledActions = [] }
            misfit.put(&commit, &rows, stored)

            do {
                try await store.commit(commit, term: term)
                Issue.record("the commit was taken")
            } catch StoreError.conflict {
                // As promised.
            }
            #expect(try await store.ledgerHead() == head)
            #expect(try await contents(store) == before)
        }
    }

    @Test(arguments: Backend.allCases)
    func `what ends in a commit makes room for what begins in it`(backend: Backend) async throws {
        try await withStore(backend) { store in
            var rows = Rows()
            let term = try await store.acquireTerm(holder: "a", at: rows.now)
            let stored = try await fill(store, &rows, term)
            let approval = rows.approval(target: stored.pending.proposal.target)
            let action = rows.action(target: stored.planned.proposal.target)
            try await store.tick(term) { commit in
                commit.approvalChanges = [
                    ApprovalChange(id: stored.pending.id, from: .pending, to: .superseded, resolution: "changed")
                ]
                commit.newApprovals = [approval]
                commit.cancelledActions = [Cancellation(actionID: stored.planned.id, detail: "changed")]
                commit.newActions = [action]
            }
            let old = try #require(try await store.approval(id: stored.pending.id))
            #expect(old.status == .superseded && old.resolution == "changed" && old.resolvedAt == rows.now)
            #expect(try await store.action(id: stored.planned.id)?.state == .cancelled)
            #expect(try await store.approval(id: approval.id) == approval)
            #expect(try await store.action(id: action.id) == action)
        }
    }

    @Test(arguments: Backend.allCases)
    func `of commits made from the same view exactly one is taken`(backend: Backend) async throws {
        try await withStore(backend) { store in
            var rows = Rows()
            let term = try await store.acquireTerm(holder: "a", at: rows.now)
            let commits = (0..<20).map { index in
                var commit = TickCommit(ledgerHead: 0, at: rows.now)
                commit.decisions = [rows.decision(rows.proposal(target: "svc-\(index)"))]
                return commit
            }
            let taken = await withTaskGroup(of: Bool.self) { group in
                for commit in commits {
                    group.addTask { (try? await store.commit(commit, term: term)) != nil }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(taken == 1)
            #expect(try await store.ledgerHead().sequence == 1)
        }
    }

    @Test(arguments: Backend.allCases)
    func `the revision grows with every change and with nothing else`(backend: Backend) async throws {
        try await withStore(backend) { store in
            var rows = Rows()
            var last = try await store.revision()
            func grown(_ what: String) async throws {
                let now = try await store.revision()
                #expect(now > last, "\(what)")
                last = now
            }
            let term = try await store.acquireTerm(holder: "a", at: rows.now)
            try await grown("a term")
            let approval = try await store.queue(rows.approval(target: "web"), term)
            try await grown("a commit")
            let vote = Vote(by: "ana", decision: .denied, at: rows.now)
            _ = try await store.vote(approvalID: approval.id, vote, allowOwnProposal: false)
            try await grown("a vote")
            try await store.place(Hold(scope: .fleet, reason: "r", by: "ana", at: rows.now))
            try await grown("a hold")

            _ = try await store.workingSet()
            _ = try await store.approvals(ListQuery())
            _ = try await store.vote(approvalID: approval.id, vote, allowOwnProposal: false)
            _ = try await store.lift(.service("none"))
            _ = try? await store.tick(Term(holder: "x", epoch: 0)) { _ in }
            #expect(try await store.revision() == last)
            #expect(try await store.workingSet().revision == last)
        }
    }

    // MARK: - What is there before

    private func fill(_ store: any FleetStore, _ rows: inout Rows, _ term: Term) async throws -> Stored {
        let pending = try await store.queue(rows.approval(target: "pending"), term)
        let denied = try await store.queue(rows.approval(target: "denied"), term)
        _ = try await store.vote(
            approvalID: denied.id, Vote(by: "ana", decision: .denied, at: rows.now), allowOwnProposal: false)
        let planned = try await store.plan(rows.action(target: "planned"), term)
        let executing = try await store.plan(rows.action(target: "executing"), term)
        _ = try await store.claim(actionID: executing.id, commands: [["docker"]], at: rows.now, term: term)
        let decision = rows.decision(rows.proposal(target: "web"))
        let report = rows.report("first", at: rows.now)
        try await store.tick(term) { commit in
            commit.decisions = [decision]
            commit.report = report
        }
        return Stored(
            pending: pending, denied: denied, planned: planned, executing: executing, decision: decision,
            report: report)
    }

    private struct Contents: Equatable {
        var approvals: [Approval]
        var actions: [Action]
        var reports: [TickReport]
        var lastDecisions: [ActionKey: LastDecision]
    }

    private func contents(_ store: any FleetStore) async throws -> Contents {
        Contents(
            approvals: try await store.approvals(ListQuery()).items,
            actions: try await store.actions(ListQuery()).items,
            reports: try await store.reports(ListQuery()).items,
            lastDecisions: try await store.workingSet().lastDecisions)
    }
}
