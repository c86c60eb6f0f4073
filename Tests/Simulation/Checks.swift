import FleetModel
import Store

/// The invariants of reliability.md, kept by what really happened: what the store took, and what docker was told.
///
/// Each check knows only these two and the votes; nothing that a process believes. Unchecked: as `World`.
final class Checks: @unchecked Sendable {
    unowned var world: World!
    /// Decisions of the ledger that let an action through, by the action.
    private var allowed: [String: Decision] = [:]
    private var claims: [String: Action] = [:]
    private var runs: [String: Int] = [:]
    /// Actions claimed for each approval.
    private var carriedOut: [String: Set<String>] = [:]
    /// For each approval, who said what last.
    private var votes: [String: [String: VoteDecision]] = [:]
    private var newestEpochRun = 0
    private var newestRunBy = ""
    private var checkedEntries = 0
    private var lastHash = LedgerEntry.genesis
    private var planned = 0

    var dispatchCount: Int { runs.count }

    private func fail(_ invariant: String, _ detail: @autoclosure () -> String) { world.fail(invariant, detail()) }

    // MARK: - The store

    func elected(epoch: Int, after last: Int) {
        if epoch <= last { fail("every term has an epoch of its own", "epoch \(epoch) after \(last)") }
    }

    func committed(_ commit: TickCommit, term: Term, by life: Life) {
        requireNewest(term, "a commit")
        if commit.ledgerHead + commit.decisions.count != world.store.head {
            fail("decisions are made from the whole ledger", "from entry \(commit.ledgerHead) of \(world.store.head)")
        }
        for action in commit.newActions where allowed[action.id] == nil {
            fail("no action without a decision", "\(action.id) is planned without one")
        }
        for decision in commit.decisions where decision.proposal.source != .manual && decision.approvalID == nil {
            checkFreshness(decision, life)
        }
    }

    /// What the process is told that is kept.
    func answered(_ commit: TickCommit) { planned += commit.newActions.count }

    private func requireNewest(_ term: Term, _ what: String) {
        guard let row = world.seat.row, row.epoch == term.epoch, row.holder == term.holder else {
            return fail(
                "the store is fenced", "\(what) of \(term) was taken; newest is \(String(describing: world.seat.row))")
        }
    }

    func decided(_ decision: Decision) {
        if decision.proposal.source != .manual { checkEvidence(decision) }
        guard decision.verdict.kind.allows else { return }
        if let action = decision.actionID { allowed[action] = decision }
        if case .approved = decision.verdict.reason { return }
        checkBudgets(decision)
    }

    /// Counted anew from the ledger, by the limits of the policy that it names.
    private func checkBudgets(_ decision: Decision) {
        guard let policy = world.files.policies[decision.policyDigest],
            let rule = policy.rules.first(where: { $0.id == decision.verdict.rule.id }),
            rule.tier == .auto || rule.tier == .autoNotify, rule.kind.pattern == decision.proposal.kind.rawValue,
            let rate = rule.rateLimit, let blast = rule.blastRadius
        else { return fail("no action without a rule", "\(decision.id) names no rule that lets it through") }
        let spent = world.store.spends.filter { spend in
            spend.proposal.kind == decision.proposal.kind
                && spend.actionID.flatMap { world.store.actions[$0]?.state } != .cancelled
        }
        let used = spent.filter {
            $0.proposal.target == decision.proposal.target && $0.at > decision.at.adding(seconds: -rate.windowSeconds)
        }.count
        if used >= rate.maximum {
            fail("no budget is overrun", "\(decision.proposal.key): \(used) spends of \(rate.maximum) were made")
        }
        let targets = Set(
            spent.filter { $0.at > decision.at.adding(seconds: -blast.windowSeconds) }.map(\.proposal.target))
        if !targets.contains(decision.proposal.target), targets.count >= blast.maximumTargets {
            fail(
                "no budget is overrun",
                "\(decision.proposal.key): \(targets.sorted()) are \(blast.maximumTargets) already")
        }
    }

    /// What the evidence says was so, not long ago; and what is unknown is never acted upon.
    private func checkEvidence(_ decision: Decision) {
        let proposal = decision.proposal
        let words = proposal.evidence.split(separator: " ")
        guard words.count >= 3, words[2] != "unknown" else {
            return fail("nothing is dispatched on unknown", "\(decision.id): evidence `\(proposal.evidence)`")
        }
        if !world.docker.was(proposal.target, String(words[2]), since: world.now - 90_000_000) {
            fail(
                "no action without evidence", "\(proposal.target) was never `\(words[2])` of late: \(proposal.evidence)"
            )
        }
    }

    /// Clocks that are not one cannot be compared; so this is held against true time only where all go right.
    private func checkFreshness(_ decision: Decision, _ life: Life) {
        guard !world.isSkewed, let last = world.store.lastActions[decision.proposal.target],
            let finished = last.finishedAt
        else { return }
        let looked = World.epoch.adding(milliseconds: life.lookedAt / 1000)
        if looked <= finished {
            fail(
                "no action on evidence from before the last one",
                "\(decision.proposal.key) was seen at \(looked), \(last.id) ended at \(finished)")
        }
    }

    func claimed(_ action: Action, hold: Hold?, term: Term) {
        requireNewest(term, "a claim")
        if let hold { fail("holds are respected", "\(action.id) was claimed under the hold of \(hold.scope)") }
        if claims[action.id] != nil { fail("an intent is dispatched at most once", "\(action.id) was claimed twice") }
        claims[action.id] = action
        guard let decision = allowed[action.id] else {
            return fail("no action without a decision", "\(action.id) was claimed without one")
        }
        if decision.proposal != action.proposal { fail("ledger and actions agree", "\(action.id) is another proposal") }
        guard let approvalID = action.approvalID, let approval = world.store.approvals[approvalID] else { return }
        carriedOut[approvalID, default: []].insert(action.id)
        if carriedOut[approvalID]!.count > 1 {
            fail("a granted approval is carried out at most once", "\(approvalID): \(carriedOut[approvalID]!.sorted())")
        }
        let people = (votes[approvalID] ?? [:]).filter {
            $0.value == .approved && $0.key != action.proposal.requestedBy
        }
        if people.count < approval.approvalsNeeded || votes[approvalID]?.values.contains(.denied) == true {
            fail(
                "a person stands behind it", "\(approvalID) needs \(approval.approvalsNeeded): \(people.keys.sorted())")
        }
    }

    func voted(_ before: Approval?, _ vote: Vote) {
        guard let before else { return }
        if before.status != .pending || vote.at >= before.expiresAt {
            fail("what has expired is not brought back", "\(before.id) took a vote at \(vote.at)")
        }
        votes[before.id, default: [:]][vote.by] = vote.decision
    }

    /// What is recorded as done was told to docker, and what was not done never was.
    func finished(_ id: String, by life: Life) {
        guard let action = world.store.actions[id] else { return }
        let command = world.docker.commands[id]
        switch action.state {
        case .succeeded where command == nil:
            fail("ledger and actuator agree", "\(id) is recorded as succeeded; docker was never told")
        case .failed where command?.tookEffect == true && command?.fate != .lateLie:
            fail("ledger and actuator agree", "\(id) is recorded as failed; it took effect")
        case .cancelled where command != nil:
            fail("ledger and actuator agree", "\(id) is recorded as cancelled; docker was told")
        default: break
        }
    }

    // MARK: - Docker

    func dispatched(_ action: Action, _ argv: [[String]], by life: Life) {
        runs[action.id, default: 0] += 1
        if runs[action.id]! > 1 { fail("an intent is dispatched at most once", "\(action.id) runs again") }
        if action.epoch < newestEpochRun || action.epoch == newestEpochRun && newestRunBy != life.name {
            fail(
                "no dispatch under an older term",
                "epoch \(action.epoch) of \(life.name) after \(newestEpochRun) of \(newestRunBy)")
        }
        newestEpochRun = max(newestEpochRun, action.epoch)
        newestRunBy = life.name
        guard let stored = world.store.actions[action.id], claims[action.id] != nil else {
            return fail("no action without a durable intent", "\(action.id) runs and was never claimed")
        }
        if stored.commands != argv {
            fail("ledger and actuator agree", "\(action.id) runs other commands than recorded")
        }
    }

    // MARK: - After every step

    func afterStep() {
        let entries = world.store.entries
        if checkedEntries > 0, entries[checkedEntries - 1].hash != lastHash {
            fail("the chain is intact", "its end changed")
        }
        // The last one again: what it says must not change once another stands behind it.
        var index = max(0, checkedEntries - 1)
        while index < entries.count, checkedEntries < entries.count {
            check(entries[index], after: index == 0 ? LedgerEntry.genesis : entries[index - 1].hash)
            index += 1
        }
        checkedEntries = entries.count
        lastHash = entries.last?.hash ?? LedgerEntry.genesis
        checkOpenTargets()
    }

    private func check(_ entry: LedgerEntry, after previous: String) {
        let hash = LedgerEntry.hash(sequence: entry.sequence, body: entry.body, previousHash: previous)
        if entry.previousHash != previous || entry.hash != hash {
            fail("the chain is intact", "entry \(entry.sequence) does not have its hash")
        }
    }

    private func checkOpenTargets() {
        let open = world.store.openActions.compactMap { world.store.actions[$0] }.filter(\.state.isOpen)
        guard open.count > 1 else { return }
        if Set(open.map(\.proposal.target)).count != open.count {
            fail("one action at a time on a target", open.map(\.id).joined(separator: ", "))
        }
    }

    /// Everything over again, once the world has come to rest.
    func atEnd() {
        var previous = LedgerEntry.genesis
        for entry in world.store.entries {
            check(entry, after: previous)
            previous = entry.hash
        }
        if world.store.actions.count != planned {
            fail(
                "what was answered is durable",
                "\(planned) actions were planned, \(world.store.actions.count) are there")
        }
        for (id, command) in world.docker.commands.sorted(by: { $0.key < $1.key }) {
            guard let state = world.store.actions[id]?.state else {
                fail("ledger and actuator agree", "docker was told of \(id), which is nowhere recorded")
                continue
            }
            if state == .planned || state == .cancelled || state == .executing || state == .unknown {
                fail("every action reaches a final state", "\(id), \(command.fate.rawValue), is \(state.rawValue)")
            }
        }
    }
}
