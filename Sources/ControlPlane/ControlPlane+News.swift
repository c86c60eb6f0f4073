internal import Actuators
internal import FleetModel
internal import Leadership
internal import Logging
internal import Store

/// What the outside is told: the stream, the metrics, the log. Called after the commit, never before.
extension ControlPlane {
    func tell(_ draft: TickDraft, _ inputs: TickInputs) {
        for decision in draft.commit.decisions { tell(decision) }
        for approval in draft.commit.newApprovals {
            hub.publish(StreamEvent(name: "approval", data: approval.json))
        }
        for change in draft.commit.approvalChanges where change.to != .approved {
            metricsRegistry.count(.approvalChanges, ["status": change.to.rawValue])
            if let approval = inputs.working.openApprovals.first(where: { $0.id == change.id }) {
                tell(change, of: approval)
            }
        }
        for action in draft.commit.newActions {
            metricsRegistry.count(.actions, ["kind": action.proposal.kind.rawValue, "state": "planned"])
            hub.publish(StreamEvent(name: "action", data: action.json))
        }
        for cancellation in draft.commit.cancelledActions {
            guard var action = inputs.working.openActions.first(where: { $0.id == cancellation.actionID }) else {
                continue
            }
            action.state = .cancelled
            action.detail = cancellation.detail
            ActionNews.tell(action, metrics: metricsRegistry, hub: hub, waker: waker)
        }
    }

    /// Leadership came or went: the log, the metrics, the stream.
    func tellStanding(after before: Standing) {
        if before.tenure != nil, standing.tenure == nil {
            parts.logger.critical(
                "stepping down",
                metadata: ["event": "leader", "reason": .string("\(standing)"), "was": .string("\(before)")])
        }
        metricsRegistry.set(.leader, to: standing.tenure == nil ? 0 : 1)
        guard let tenure = standing.tenure, tenure != before.tenure else { return }
        metricsRegistry.set(.epoch, to: Double(tenure.term.epoch))
        metricsRegistry.count(.elections, ["reason": tenure.reason.rawValue])
        parts.logger.notice(
            "leading",
            metadata: [
                "event": "leader", "epoch": .stringConvertible(tenure.term.epoch),
                "reason": .string(tenure.reason.rawValue),
            ])
        hub.publish(StreamEvent(name: "leader", data: leaderJSON()))
    }

    /// What the leader and other instances did to approvals and actions, for this instance's stream: one event for
    /// each that is new, changed, or no longer open. Many at once are told by those that are still open.
    func tellFollowed(from before: WorkingSet, to after: WorkingSet) async throws(StoreError) {
        guard before.revision != after.revision else { return }
        let approvals = Dictionary(before.openApprovals.map { ($0.id, $0) }) { first, _ in first }
        for approval in after.openApprovals where approvals[approval.id] != approval {
            hub.publish(StreamEvent(name: "approval", data: approval.json))
        }
        let actions = Dictionary(before.openActions.map { ($0.id, $0) }) { first, _ in first }
        for action in after.openActions where actions[action.id] != action {
            hub.publish(StreamEvent(name: "action", data: action.json))
        }
        let open = Set(after.openApprovals.map(\.id) + after.openActions.map(\.id))
        for approval in before.openApprovals.filter({ !open.contains($0.id) }).prefix(100) {
            guard let ended = try await store.approval(id: approval.id) else { continue }
            hub.publish(StreamEvent(name: "approval", data: ended.json))
        }
        for action in before.openActions.filter({ !open.contains($0.id) }).prefix(100) {
            guard let ended = try await store.action(id: action.id) else { continue }
            hub.publish(StreamEvent(name: "action", data: ended.json))
        }
    }

    private func tell(_ decision: Decision) {
        let proposal = decision.proposal
        metricsRegistry.count(
            .proposals, ["kind": proposal.kind.rawValue, "source": proposal.source.rawValue])
        metricsRegistry.count(
            .decisions, ["decision": decision.verdict.kind.rawValue, "rule": decision.verdict.rule.id])
        let level: Logger.Level = decision.verdict.kind == .allow ? .info : .notice
        parts.logger.log(
            level: level, "\(decision.verdict.kind.rawValue) \(proposal.kind) \(proposal.target)",
            metadata: [
                "event": "decision", "id": .string(decision.id), "kind": .string(proposal.kind.rawValue),
                "target": .string(proposal.target), "decision": .string(decision.verdict.kind.rawValue),
                "rule": .string(decision.verdict.rule.id), "reason": .string(proposal.reason.escapedForDisplay()),
                "why": .string(decision.verdict.reason.description.escapedForDisplay()),
            ])
    }

    private func tell(_ change: ApprovalChange, of approval: Approval) {
        var approval = approval
        approval.status = change.to
        approval.resolution = change.resolution
        hub.publish(StreamEvent(name: "approval", data: approval.json))
        parts.logger.notice(
            "approval \(change.to.rawValue): \(approval.proposal.kind) \(approval.proposal.target)",
            metadata: [
                "event": "approval", "id": .string(approval.id), "status": .string(change.to.rawValue),
                "resolution": .string((change.resolution ?? "").escapedForDisplay()),
            ])
    }

    /// One `service` event for each service whose condition is another than before.
    func tellServices(from before: Snapshot, to after: Snapshot) {
        for observation in after.observations {
            let old = before[observation.service]
            if old?.condition == observation.condition, old?.replicas == observation.replicas { continue }
            hub.publish(
                StreamEvent(
                    name: "service",
                    data: ["name": .string(observation.service), "observed": observation.json]))
        }
    }

    func countServices(_ inputs: TickInputs) {
        var outcomes: [String: Int] = [:]
        for outcome in inputs.plan.outcomes { outcomes[outcome.word, default: 0] += 1 }
        for word in ["in_sync", "proposed", "unknown", "held", "waiting", "in_flight", "blocked"] {
            metricsRegistry.set(.services, ["status": word], to: Double(outcomes[word] ?? 0))
        }
        var conditions: [String: Int] = [:]
        for observation in inputs.snapshot.observations { conditions[observation.condition.word, default: 0] += 1 }
        for word in ["up", "down", "absent", "unknown"] {
            metricsRegistry.set(.observed, ["condition": word], to: Double(conditions[word] ?? 0))
        }
    }
}

/// What is told of an action's durable change of state, by whichever part made it.
enum ActionNews {
    static func tell(_ action: Action, metrics: Metrics, hub: StreamHub, waker: Waker) {
        let kind = action.proposal.kind.rawValue
        metrics.count(.actions, ["kind": kind, "state": action.state.rawValue])
        if let started = action.startedAt, let finished = action.finishedAt {
            let seconds = Double(finished.milliseconds - started.milliseconds) / 1000
            metrics.observe(.actionDuration, ["kind": kind], seconds: max(seconds, 0))
        }
        hub.publish(StreamEvent(name: "action", data: action.json))
        if !action.state.isOpen { waker.wake(.action) }
    }
}
