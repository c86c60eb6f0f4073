import FleetModel
import Leadership
import Store

/// The database in memory: the same promises as the real ones, without disk or network. Every method is one
/// transaction. `StoreLink` is how a process reaches it.
///
/// Unchecked: as `World`.
final class SimStore: @unchecked Sendable {
    unowned var world: World!
    /// Restarting until then.
    var isDown = false
    var revision: UInt64 = 1
    var actions: [String: Action] = [:]
    var approvals: [String: Approval] = [:]
    var openActions: [String] = []
    var openApprovals: [String] = []
    var lastActions: [String: Action] = [:]
    var denials: [ActionKey: Approval] = [:]
    var holds: [Hold] = []
    var lastDecisions: [ActionKey: LastDecision] = [:]
    var submissions: [Submission] = []
    var entries: [LedgerEntry] = []
    var spends: [Decision] = []
    private var kept: WorkingSet?

    var head: Int { entries.count }

    func require(_ term: Term) throws(StoreError) {
        guard let newest = world.seat.row, newest.epoch == term.epoch, newest.holder == term.holder else {
            throw .staleTerm(current: world.seat.row?.epoch ?? 0)
        }
    }

    func changed(_ notice: StoreNotice, by life: Life) {
        revision += 1
        kept = nil
        guard !world.has(.lostWake) else { return }
        for other in world.lives.compactMap({ $0 }) where other !== life && !other.notices.isEmpty {
            // Notices come late, twice, out of order, or not at all.
            if world.isFaulty, world.random.chance(100) { continue }
            for _ in 0..<(world.random.chance(100) ? 2 : 1) {
                world.after(world.random.between(500, 200_000), for: other) {
                    guard other.link == .sound else { return }
                    other.during { for stream in other.notices { stream.yield(notice) } }
                }
            }
        }
    }

    func workingSet() -> WorkingSet {
        if let kept { return kept }
        let unanswered = submissions.filter { $0.answer == nil }
        let set = WorkingSet(
            revision: revision, openApprovals: openApprovals.compactMap { approvals[$0] }, denials: denials,
            openActions: openActions.compactMap { actions[$0] }, lastActions: lastActions, holds: holds,
            overrides: [], lastDecisions: lastDecisions, submissions: unanswered)
        kept = set
        return set
    }

    func ledgerView(since: WallTime, dryRun: Bool) -> LedgerView {
        let counted = spends.filter { spend in
            spend.at > since && spend.dryRun == dryRun
                && spend.actionID.flatMap { actions[$0]?.state } != .cancelled
        }
        return LedgerView(head: head, spends: counted.map { ($0.proposal.key, $0.at) })
    }

    // MARK: - A tick's writes

    func commit(_ commit: TickCommit, term: Term, by life: Life) throws(StoreError) -> Int {
        if !world.has(.noFenceAtCommit) { try require(term) }
        if !world.has(.ledgerHeadIgnored), commit.ledgerHead != head { throw .ledgerMoved(head: head) }
        try validate(commit)
        if world.has(.commitNotDurable), world.random.chance(30) {
            world.checks.answered(commit)
            return head + commit.decisions.count
        }
        world.checks.answered(commit)
        for cancellation in commit.cancelledActions {
            end(cancellation.actionID, ActionOutcome(.cancelled, cancellation.detail), at: commit.at, term: term)
        }
        for change in commit.approvalChanges { apply(change, at: commit.at) }
        for id in commit.seenApprovals {
            approvals[id]?.seenCount += 1
            approvals[id]?.lastSeenAt = commit.at
        }
        for approval in commit.newApprovals { approvals[approval.id] = approval }
        for action in commit.newActions { actions[action.id] = action }
        openApprovals += commit.newApprovals.map(\.id)
        openActions += commit.newActions.map(\.id)
        for decision in commit.decisions { append(decision) }
        for answer in commit.submissionAnswers {
            if let index = submissions.firstIndex(where: { $0.id == answer.id }) {
                submissions[index].answer = answer.answer
            }
        }
        tidy()
        world.checks.committed(commit, term: term, by: life)
        changed(.change, by: life)
        return head
    }

    /// All that is refused is refused before anything is written.
    private func validate(_ commit: TickCommit) throws(StoreError) {
        let cancelled = Set(commit.cancelledActions.map(\.actionID))
        for cancellation in commit.cancelledActions where actions[cancellation.actionID]?.state != .planned {
            throw .conflict("action `\(cancellation.actionID)` is no longer planned")
        }
        var closed: Set<String> = []
        for change in commit.approvalChanges {
            if world.has(.approvalNotUsedUp) { continue }
            guard approvals[change.id]?.status == change.from else {
                throw .conflict("approval `\(change.id)` is no longer `\(change.from.rawValue)`")
            }
            if change.to != .pending { closed.insert(change.id) }
        }
        for id in commit.seenApprovals where approvals[id]?.status != .pending {
            throw .conflict("approval `\(id)` is no longer pending")
        }
        for approval in commit.newApprovals
        where openApprovals.contains(where: {
            !closed.contains($0) && approvals[$0]?.status == .pending
                && approvals[$0]?.proposal.key == approval.proposal.key
        }) {
            throw .conflict("one is pending for \(approval.proposal.key)")
        }
        for action in commit.newActions
        where openActions.contains(where: {
            !cancelled.contains($0) && actions[$0]?.state.isOpen == true
                && actions[$0]?.proposal.target == action.proposal.target
        }) {
            throw .conflict("one is open on `\(action.proposal.target)`")
        }
        if Set(commit.newActions.map(\.proposal.target)).count != commit.newActions.count {
            throw .conflict("two of the new actions are on one target")
        }
        for answer in commit.submissionAnswers
        where submissions.first(where: { $0.id == answer.id })?.answer != nil {
            throw .conflict("submission `\(answer.id)` has an answer already")
        }
    }

    private func append(_ decision: Decision) {
        let body = JSONValue.object(decision.json).canonical
        let previous = entries.last?.hash ?? LedgerEntry.genesis
        let sequence = head + 1
        let hash = LedgerEntry.hash(sequence: sequence, body: body, previousHash: previous)
        entries.append(LedgerEntry(sequence: sequence, body: body, previousHash: previous, hash: hash))
        if world.has(.ledgerRewritten), sequence > 2, world.random.chance(50) {
            entries[sequence - 2].body += " "
        }
        world.checks.decided(decision)
        if decision.verdict.kind.allows { spends.append(decision) }
        lastDecisions[decision.proposal.key] = LastDecision(
            id: decision.id, at: decision.at, verdict: decision.verdict.kind, policyDigest: decision.policyDigest,
            consentDigest: decision.proposal.consentDigest, earliest: decision.verdict.earliest,
            dryRun: decision.dryRun)
    }

    private func apply(_ change: ApprovalChange, at now: WallTime) {
        guard var approval = approvals[change.id] else { return }
        if change.from == .pending, change.to != .pending { approval.resolvedAt = now }
        approval.status = change.to
        approval.resolution = change.resolution ?? approval.resolution
        approval.actionID = change.actionID ?? approval.actionID
        approvals[change.id] = approval
    }

    private func tidy() {
        openActions.removeAll { id in
            guard let state = actions[id]?.state else { return true }
            return !state.isOpen && state != .unknown
        }
        openApprovals.removeAll { approvals[$0]?.status.isOpen != true }
    }

    // MARK: - Actions

    func claim(
        _ id: String, _ commands: [[String]], at now: WallTime, term: Term, unlessHeld scopes: [Hold.Scope],
        by life: Life
    ) throws(StoreError) -> Action? {
        if !world.has(.noFenceAtClaim) { try require(term) }
        let hold = holds.first { scopes.contains($0.scope) && $0.isInForce(at: now) }
        if let hold, !world.has(.holdIgnoredAtClaim) { throw .conflict(hold.asReason) }
        guard var action = actions[id], action.state == .planned || world.has(.claimTwice) else { return nil }
        if let approvalID = action.approvalID {
            let isGranted = approvals[approvalID]?.status == .approved && approvals[approvalID]?.actionID == id
            if !isGranted, !world.has(.claimTwice) { throw .conflict("approval `\(approvalID)` is not granted for it") }
            if isGranted, !world.has(.approvalNotUsedUp) { approvals[approvalID]?.status = .executing }
        }
        action.state = .executing
        action.commands = commands
        action.startedAt = now
        action.epoch = term.epoch
        if world.has(.actBeforeClaim), world.random.chance(200) { return action }
        actions[id] = action
        world.checks.claimed(action, hold: hold, term: term)
        changed(.change, by: life)
        return action
    }

    func finish(_ id: String, _ outcome: ActionOutcome, at now: WallTime, term: Term, by life: Life)
        throws(StoreError) -> Action?
    {
        try require(term)
        guard let action = actions[id] else { return nil }
        switch (action.state, outcome.result) {
        case (.planned, .cancelled), (.executing, .succeeded), (.executing, .failed), (.executing, .unknown),
            (.unknown, .succeeded), (.unknown, .failed), (.unknown, .unknown):
            break
        default: return nil
        }
        if world.has(.finishLost), outcome.result != .cancelled { return action }
        end(id, outcome, at: now, term: term)
        tidy()
        world.checks.finished(id, by: life)
        changed(.change, by: life)
        return actions[id]
    }

    private func end(_ id: String, _ outcome: ActionOutcome, at now: WallTime, term: Term) {
        guard var action = actions[id] else { return }
        action.state = outcome.state
        action.detail = outcome.detail
        if !outcome.commands.isEmpty { action.commands = outcome.commands }
        action.finishedAt = now
        action.epoch = term.epoch
        actions[id] = action
        if outcome.result == .succeeded || outcome.result == .failed { lastActions[action.proposal.target] = action }
        guard let approvalID = action.approvalID, let approval = approvals[approvalID] else { return }
        switch (approval.status, outcome.result) {
        case (.approved, .cancelled):
            approvals[approvalID]?.status = .superseded
            approvals[approvalID]?.resolution = outcome.detail
        case (.executing, .succeeded), (.unknown, .succeeded): approvals[approvalID]?.status = .executed
        case (.executing, .failed), (.unknown, .failed): approvals[approvalID]?.status = .failed
        case (.executing, .unknown): approvals[approvalID]?.status = .unknown
        default: break
        }
    }

    // MARK: - People

    func vote(_ id: String, _ vote: Vote, allowOwnProposal: Bool, by life: Life) -> (Approval, VoteOutcome)? {
        guard var approval = approvals[id] else { return nil }
        if world.has(.voteAfterExpiry), approval.status == .pending, vote.at >= approval.expiresAt {
            approval.expiresAt = vote.at.adding(seconds: 60)
        }
        if approval.status == .pending, vote.at >= approval.expiresAt { return (approval, .notPending(.expired)) }
        var outcome = approval.apply(vote, allowOwnProposal: allowOwnProposal)
        if world.has(.voteCountedTwice), outcome == .repeated, approval.status == .pending, vote.decision == .approved {
            approval.votes.append(vote)
            let granted = approval.votes.filter { $0.decision == .approved }.count
            if granted >= approval.approvalsNeeded { approval.status = .approved }
            outcome = .counted
        }
        guard outcome == .counted else { return (approval, outcome) }
        if approval.status == .denied { denials[approval.proposal.key] = approval }
        world.checks.voted(approvals[id], vote)
        approvals[id] = approval
        tidy()
        changed(.approval, by: life)
        return (approval, outcome)
    }

    func place(_ hold: Hold, by life: Life) {
        holds.removeAll { $0.scope == hold.scope }
        holds.append(hold)
        holds.sort { $0.scope.description < $1.scope.description }
        changed(.hold, by: life)
    }

    func lift(_ scope: Hold.Scope, by life: Life) -> Bool {
        let count = holds.count
        holds.removeAll { $0.scope == scope }
        if holds.count != count { changed(.hold, by: life) }
        return holds.count != count
    }

    func submit(_ submission: Submission, by life: Life) {
        guard !submissions.contains(where: { $0.id == submission.id }) else { return }
        submissions.append(submission)
        changed(.proposal, by: life)
    }
}
