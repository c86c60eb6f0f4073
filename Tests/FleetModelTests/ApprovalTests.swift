import FleetModel
import Testing

/// How votes turn a pending approval (contract, Approval `A`).
@Suite struct ApprovalTests {
    private let now = WallTime(rfc3339: "2026-11-21T01:30:00Z")!

    private func approval(needed: Int = 1, requestedBy: String? = nil, status: ApprovalStatus = .pending) -> Approval {
        Approval(
            id: "action_approval:1",
            proposal: Proposal(
                kind: .restartService, target: "api", source: .manual, reason: "r", requestedBy: requestedBy),
            tier: .approvalRequired, rule: .defaults, status: status, createdAt: now,
            expiresAt: now.adding(seconds: 100), lastSeenAt: now, approvalsNeeded: needed, dryRun: false)
    }

    private func vote(_ person: String, _ decision: VoteDecision = .approved, note: String? = nil, at seconds: Int = 1)
        -> Vote
    {
        Vote(by: person, decision: decision, note: note, at: now.adding(seconds: seconds))
    }

    @Test("one yes approves where one is needed")
    func approves() {
        var approval = approval()
        #expect(approval.apply(vote("ada")) == .counted)
        #expect(approval.status == .approved)
        #expect(approval.resolvedAt == now.adding(seconds: 1))
    }

    @Test("one no denies, whatever was said before, and says who and why")
    func denies() {
        var approval = approval(needed: 3)
        #expect(approval.apply(vote("ada")) == .counted)
        #expect(approval.apply(vote("bob", .denied, note: "not now")) == .counted)
        #expect(approval.status == .denied)
        #expect(approval.resolution == "denied by bob: not now")
    }

    @Test("distinct people count, one person twice does not")
    func distinct() {
        var approval = approval(needed: 2)
        #expect(approval.apply(vote("ada")) == .counted)
        #expect(approval.apply(vote("ada", at: 2)) == .repeated)
        #expect(approval.status == .pending)
        #expect(approval.votes.count == 1)
        #expect(approval.apply(vote("bob")) == .counted)
        #expect(approval.status == .approved)
    }

    @Test("a person who changes their mind while it is pending has the later word")
    func changedMind() {
        var approval = approval(needed: 2)
        #expect(approval.apply(vote("ada")) == .counted)
        #expect(approval.apply(vote("ada", .denied)) == .counted)
        #expect(approval.status == .denied)
        #expect(approval.votes.map(\.decision) == [.denied])
    }

    @Test("nobody approves what they asked for, but they may take it back")
    func ownProposal() {
        var approval = approval(requestedBy: "ada")
        #expect(approval.apply(vote("ada")) == .ownProposal)
        #expect(approval.status == .pending)
        #expect(approval.votes.isEmpty)
        #expect(approval.apply(vote("ada", .denied)) == .counted)
        #expect(approval.status == .denied)
        var open = self.approval(requestedBy: "local")
        #expect(open.apply(vote("local"), allowOwnProposal: true) == .counted)
        #expect(open.status == .approved)
    }

    @Test("what is no longer pending takes no new vote", arguments: ApprovalStatus.allCases.filter { $0 != .pending })
    func notPending(_ status: ApprovalStatus) {
        var approval = approval(status: status)
        #expect(approval.apply(vote("ada")) == .notPending(status))
        #expect(approval.apply(vote("ada", .denied)) == .notPending(status))
        #expect(approval.status == status)
        #expect(approval.votes.isEmpty)
    }

    @Test("the same vote again after it was settled is answered as before, not as a conflict")
    func repeatedLater() {
        var approval = approval()
        #expect(approval.apply(vote("ada")) == .counted)
        approval.status = .executed
        #expect(approval.apply(vote("ada", at: 50)) == .repeated)
        #expect(approval.apply(vote("bob", at: 50)) == .notPending(.executed))
    }

    @Test(
        "a vote that comes at the time of expiry or later is too late, swept or not",
        arguments: [
            (99, true), (100, false), (101, false),
        ])
    func expiry(_ seconds: Int, _ isInTime: Bool) {
        var approval = approval()
        let outcome = approval.apply(vote("ada", at: seconds))
        #expect(outcome == (isInTime ? .counted : .notPending(.expired)))
        #expect(approval.status == (isInTime ? .approved : .pending))
    }
}
