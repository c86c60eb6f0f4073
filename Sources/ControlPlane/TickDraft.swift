internal import Autoscaler
package import FleetModel
package import Store

/// A tick's writes, drafted from its inputs. Nothing is decided after this and nothing has happened yet.
package struct TickDraft: Sendable {
    package private(set) var judged: [JudgedProposal]
    package private(set) var commit: TickCommit

    private let inputs: TickInputs
    private let makeID: @Sendable (String) -> String

    /// `makeID` makes an id with the prefix it is given.
    package static func make(_ inputs: TickInputs, makeID: @escaping @Sendable (String) -> String) -> TickDraft {
        var draft = TickDraft(inputs: inputs, judged: [], makeID: makeID)
        draft.reviewApprovals()
        draft.reviewPlannedActions()
        draft.judged = Gate.judge(inputs, spent: draft.commit.newActions.map(\.proposal.key))
        for judged in draft.judged { draft.apply(judged) }
        draft.keepScaling()
        draft.writeReport()
        return draft
    }

    /// Manual proposals through the same gate. A person's asking is new each time: it waits for no cooldown and
    /// takes the place of a pending approval for something else on the same kind and target.
    package static func make(
        manual proposals: [Proposal], _ inputs: TickInputs, makeID: @escaping @Sendable (String) -> String
    ) -> TickDraft {
        var ledger = inputs.ledger
        let judged = proposals.map { proposal in
            let verdict = Gate.verdict(proposal, inputs, ledger: ledger)
            if verdict.kind.allows { ledger.record(proposal.key, at: inputs.now) }
            return JudgedProposal(proposal: proposal, judgement: judge(manual: proposal, verdict, inputs))
        }
        var draft = TickDraft(inputs: inputs, judged: judged, makeID: makeID)
        for judged in judged { draft.apply(judged) }
        return draft
    }

    /// What the leader says to those who asked through a follower.
    package mutating func answer(_ answers: [SubmissionAnswer]) {
        commit.submissionAnswers += answers
    }

    /// Only what a hold ends: planned actions and open approvals on what it covers. Decides nothing new, so it needs
    /// no fresh look; a person's "hands off" does not wait for one.
    package static func make(
        holding inputs: TickInputs, makeID: @escaping @Sendable (String) -> String
    ) -> TickDraft {
        var draft = TickDraft(inputs: inputs, judged: [], makeID: makeID)
        for approval in inputs.working.openApprovals where approval.actionID == nil {
            guard let hold = inputs.hold(for: approval.proposal) else { continue }
            draft.change(approval, to: .superseded, hold.asReason)
        }
        for action in inputs.working.openActions where action.state == .planned {
            guard let hold = inputs.hold(for: action.proposal) else { continue }
            draft.commit.cancelledActions.append(Cancellation(actionID: action.id, detail: hold.asReason))
        }
        draft.writeReport()
        return draft
    }

    private static func judge(manual proposal: Proposal, _ verdict: Verdict, _ inputs: TickInputs) -> Judgement {
        guard let open = inputs.working.openApprovals.first(where: { $0.proposal.key == proposal.key }) else {
            return .decided(verdict, replaces: nil)
        }
        if open.status != .pending { return .granted(open) }
        if verdict.kind == .deny { return .decided(verdict, replaces: nil) }
        let isSame = open.proposal.consentDigest == proposal.consentDigest && open.expiresAt > inputs.now
        if isSame, verdict.kind == .queueApproval { return .pending(open, verdict) }
        let reason = "replaced by a manual proposal of \(proposal.requestedBy ?? "a person")"
        return .decided(verdict, replaces: Judgement.Replacement(approval: open, reason: reason))
    }

    private init(
        inputs: TickInputs, judged: [JudgedProposal], makeID: @escaping @Sendable (String) -> String
    ) {
        self.inputs = inputs
        self.judged = judged
        self.makeID = makeID
        commit = TickCommit(ledgerHead: inputs.ledger.head, at: inputs.now)
    }

    // MARK: - Open approvals and planned actions

    private mutating func reviewApprovals() {
        for approval in inputs.working.openApprovals {
            switch ApprovalReview.fate(of: approval, inputs) {
            case .stays: break
            case .expires:
                change(approval, to: .expired, "nobody decided before \(approval.expiresAt)")
            case .withdrawn(let reason):
                change(approval, to: .superseded, reason)
            // One action at a time on a target; it stays granted, and its turn comes when that one has ended.
            case .carriedOut where isBusy(approval.proposal.target): break
            case .carriedOut(let verdict):
                let action = add(approval.proposal, verdict, approvalID: approval.id)
                commit.approvalChanges.append(
                    ApprovalChange(id: approval.id, from: .approved, to: .approved, actionID: action))
            }
        }
    }

    /// The store takes a second open action on a target for a conflict, and refuses the whole tick for it.
    private func isBusy(_ target: String) -> Bool {
        commit.newActions.contains { $0.proposal.target == target }
            || inputs.working.openActions.contains { $0.state.isOpen && $0.proposal.target == target }
    }

    /// A planned action that nobody has begun is consent or a verdict for what was seen, too.
    private mutating func reviewPlannedActions() {
        for action in inputs.working.openActions where action.state == .planned {
            guard let reason = endedReason(action) else { continue }
            commit.cancelledActions.append(Cancellation(actionID: action.id, detail: reason))
        }
    }

    private func endedReason(_ action: Action) -> String? {
        let target = action.proposal.target
        if action.dryRun != inputs.settings.isDryRun {
            return "planned while the actuator was `\(action.actuator)`"
        }
        if let hold = inputs.hold(for: action.proposal) { return hold.asReason }
        guard action.proposal.source != .manual else { return nil }
        if action.proposal.source == .autoscaler { return ScalingConsent.endedReason(action, inputs) }
        guard let outcome = inputs.outcome(of: target) else { return "`\(target)` is no longer in the registry" }
        switch outcome {
        case .inFlight:
            let stillProposed = inputs.plan.underway.contains {
                $0.key == action.proposal.key && $0.consentDigest == action.proposal.consentDigest
            }
            return stillProposed ? nil : "changed since it was planned"
        case .unknown, .waiting: return nil
        case .inSync: return "recovered before it began"
        case .held, .blocked, .proposed: return "no longer proposed: \(outcome)"
        }
    }

    // MARK: - Proposals

    private mutating func apply(_ judged: JudgedProposal) {
        switch judged.judgement {
        case .decided(let verdict, let replaces):
            if let replaces { change(replaces.approval, to: .superseded, replaces.reason) }
            decide(judged.proposal, verdict)
        case .pending(let approval, _):
            // A change made above (expiry, withdrawal) has the last word.
            if !commit.approvalChanges.contains(where: { $0.id == approval.id }) {
                commit.seenApprovals.append(approval.id)
            }
        case .updated(let approval, let verdict, let reason):
            guard !commit.approvalChanges.contains(where: { $0.id == approval.id }) else { return }
            update(approval, to: judged.proposal, verdict, reason)
        case .granted, .cooling, .backingOff, .rehearsed, .standing, .deferred: break
        }
    }

    /// The same approval for what the newest evaluation asks for. Who has voted has voted for something else.
    private mutating func update(
        _ approval: Approval, to proposal: Proposal, _ verdict: Verdict, _ reason: String
    ) {
        _ = record(proposal, verdict, approvalID: approval.id)
        let votes = approval.votes.isEmpty ? "" : "; \(approval.votes.count) votes for what it was are cleared"
        commit.approvalUpdates.append(
            ApprovalUpdate(
                id: approval.id, from: approval.proposal.consentDigest, proposal: proposal, tier: verdict.tier,
                rule: verdict.rule, approvalsNeeded: verdict.approvalsNeeded,
                resolution: "updated at \(inputs.now): \(reason)\(votes)"))
    }

    /// What the autoscaler learned in this tick, and the points of the plot.
    private mutating func keepScaling() {
        commit.scalingMemory = inputs.scaling.evaluation.news.map { service, memory in
            ScalingMemoryChange(
                key: ScalingKey(service: service, dryRun: inputs.settings.isDryRun), memory: memory)
        }
        commit.scalingPoints = inputs.pointsDue()
    }

    private mutating func decide(_ proposal: Proposal, _ verdict: Verdict) {
        switch verdict.kind {
        // A granted approval of this tick has the target already; what is still wanted then is proposed again.
        case .allow where isBusy(proposal.target), .allowNotify where isBusy(proposal.target): break
        case .allow, .allowNotify: _ = add(proposal, verdict, approvalID: nil)
        case .queueApproval: queue(proposal, verdict)
        case .deny: _ = record(proposal, verdict)
        }
    }

    /// Records the decision that allows, and the intent. Returns the action's id.
    private mutating func add(_ proposal: Proposal, _ verdict: Verdict, approvalID: String?) -> String {
        let actionID = makeID("action")
        // Who asks for something now is the evidence, not a snapshot that may be some seconds old.
        let isAskedNow = proposal.source == .manual && approvalID == nil
        let seen = isAskedNow ? nil : inputs.snapshot[proposal.target]
        let decisionID = record(proposal, verdict, approvalID: approvalID, actionID: actionID)
        commit.newActions.append(
            Action(
                id: actionID, proposal: proposal, actuator: inputs.settings.actuator,
                dryRun: inputs.settings.isDryRun, epoch: inputs.term.epoch, decisionID: decisionID,
                approvalID: approvalID, fence: Fence(inputs.desired.entry(for: proposal)?.endpoint, seen),
                plannedAt: inputs.now))
        return actionID
    }

    private mutating func queue(_ proposal: Proposal, _ verdict: Verdict) {
        let id = makeID("action_approval")
        _ = record(proposal, verdict, approvalID: id)
        commit.newApprovals.append(
            Approval(
                id: id, proposal: proposal, tier: verdict.tier, rule: verdict.rule, createdAt: inputs.now,
                expiresAt: inputs.now.adding(seconds: inputs.settings.approvalTTLSeconds), lastSeenAt: inputs.now,
                approvalsNeeded: verdict.approvalsNeeded, dryRun: inputs.settings.isDryRun))
    }

    private mutating func record(
        _ proposal: Proposal, _ verdict: Verdict, approvalID: String? = nil, actionID: String? = nil
    ) -> String {
        let id = makeID("action_decision")
        commit.decisions.append(
            Decision(
                id: id, at: inputs.now, proposal: proposal, verdict: verdict, policyDigest: inputs.policy.digest,
                approvalID: approvalID, actionID: actionID, epoch: inputs.term.epoch,
                dryRun: inputs.settings.isDryRun))
        return id
    }

    private mutating func change(_ approval: Approval, to status: ApprovalStatus, _ resolution: String) {
        guard !commit.approvalChanges.contains(where: { $0.id == approval.id }) else { return }
        commit.approvalChanges.append(
            ApprovalChange(id: approval.id, from: approval.status, to: status, resolution: resolution))
    }

    // MARK: - Report

    /// Kept only when the tick decided or changed something; sightings alone are no news.
    private mutating func writeReport() {
        let changes = commit.approvalChanges.filter { $0.to != .approved }
        guard !commit.decisions.isEmpty || !changes.isEmpty || !commit.cancelledActions.isEmpty else { return }
        let deferred = judged.filter { if case .deferred = $0.judgement { true } else { false } }.count
        let body = JSONObject([
            ("term", .integer(inputs.term.epoch)), ("dry_run", .bool(inputs.settings.isDryRun)),
            ("proposals", .integer(inputs.proposals.count)),
            (
                "decisions",
                .array(
                    commit.decisions.map {
                        [
                            "kind": .string($0.proposal.kind.rawValue), "target": .string($0.proposal.target),
                            "decision": .string($0.verdict.kind.rawValue), "rule": .string($0.verdict.rule.id),
                            "reason": .string($0.proposal.reason),
                        ]
                    })
            ),
            (
                "approvals",
                .array(
                    changes.map {
                        [
                            "id": .string($0.id), "status": .string($0.to.rawValue),
                            "resolution": JSONValue($0.resolution),
                        ]
                    })
            ),
            (
                "cancelled",
                .array(
                    commit.cancelledActions.map { ["id": .string($0.actionID), "detail": .string($0.detail)] })
            ),
            ("deferred", .integer(deferred)),
        ])
        commit.report = TickReport(id: makeID("report"), at: inputs.now, body: body)
    }
}
