package import Autoscaler
package import FleetModel
package import Store

/// What the newest evaluation of a tick found, and from which reading of the signals.
package struct ScalingView: Sendable {
    package var evaluation = Evaluation()
    /// Counts the readings of the signals: equal rounds mean equal samples.
    package var round = 0
    /// The newest point kept of each service, as far as this process knows.
    package var lastPoints: [String: ScalingPoint] = [:]

    package init() {}
}

/// Puts together what an evaluation is made from, out of a tick's reading. Pure.
package enum ScalingStage {
    /// - Parameter budget: how many proposals the tick may still gate.
    package static func inputs(
        _ tick: TickInputs, readings: [String: SignalReading], budget: Int
    ) -> ScalingInputs {
        ScalingInputs(
            desired: tick.desired, snapshot: tick.snapshot, signals: tick.desired.signals.definitions,
            readings: readings, history: history(tick), holds: tick.holds, busy: busy(tick), budget: budget,
            sampleSpacingSeconds: spacing(tick.settings.autoscalerIntervalSeconds),
            reconcilerKeepsBounds: tick.settings.reconcilerEnabled)
    }

    /// A tenth less than the interval, since a reading takes a varying time; 0 for the shortest.
    private static func spacing(_ interval: Int) -> Int {
        interval - max(1, interval / 10)
    }

    /// How many places under the storm guard the reconciler's proposals leave.
    static func budget(_ tick: TickInputs) -> Int {
        guard !tick.plan.proposals.isEmpty else { return tick.settings.maximumActions }
        let taken = Gate.judge(tick).count { if case .decided = $0.judgement { true } else { false } }
        return max(0, tick.settings.maximumActions - taken)
    }

    private static func history(_ tick: TickInputs) -> ScalingHistory {
        let isDryRun = tick.settings.isDryRun
        var waiting: Set<String> = []
        for approval in tick.working.openApprovals where approval.proposal.kind == .scaleService {
            waiting.insert(approval.proposal.target)
        }
        var records: [String: ScalingRecord] = [:]
        for spec in tick.desired.services where spec.scaling != nil {
            let key = ScalingKey(service: spec.name, dryRun: isDryRun)
            let decision = tick.working.lastDecisions[ActionKey(kind: .scaleService, target: spec.name)]
            records[spec.name] = ScalingRecord(
                memory: tick.working.scalingMemory[key] ?? ScalingMemory(),
                lastScaling: tick.working.lastScalings[key].flatMap(past),
                isAwaitingAnswer: waiting.contains(spec.name) || decision?.verdict == .deny)
        }
        return ScalingHistory(records: records)
    }

    /// An action that never began scaled nothing; of one that failed only the cooldown counts, never a person's number.
    private static func past(_ action: Action) -> PastScaling? {
        guard action.state != .cancelled else { return nil }
        let proposal = action.proposal
        let author: PastScaling.Author
        switch proposal.source {
        case .manual:
            guard action.state != .failed else { return nil }
            author = .person(proposal.requestedBy ?? "a person")
        case .autoscaler: author = .autoscaler
        case .reconciler, .playbook, .deployWatch: author = .muster
        }
        let replicas = proposal.kind == .stopService ? 0 : proposal.params["replicas"]?.integer
        guard let replicas else { return nil }
        return PastScaling(
            at: max(action.plannedAt, action.finishedAt ?? action.plannedAt), replicas: replicas,
            from: proposal.params["from_replicas"]?.integer, author: author)
    }

    /// The plan without the reconciler's way back from a 0 that a person made, or that was not evaluated yet: such a
    /// 0 stays until somebody scales the service up (docs/autoscaling.md).
    static func leavingZeros(_ tick: TickInputs) -> Plan {
        let left = tick.plan.proposals.indices.filter { index in
            let proposal = tick.plan.proposals[index]
            guard leavesZero(proposal, tick) else { return false }
            guard let evaluation = tick.scaling.evaluation[proposal.target] else { return true }
            if case .stopped(.zeroByHand) = evaluation.verdict { return true }
            return false
        }
        guard !left.isEmpty else { return tick.plan }
        var plan = tick.plan
        let isLeft = Set(left)
        var places: [Int: Int] = [:]
        for index in plan.proposals.indices where !isLeft.contains(index) { places[index] = places.count }
        plan.outcomes = plan.outcomes.map { outcome in
            guard case .proposed(let index) = outcome else { return outcome }
            return places[index].map { .proposed($0) } ?? .blocked(.zeroByHand)
        }
        plan.proposals = plan.proposals.indices.filter { !isLeft.contains($0) }.map { tick.plan.proposals[$0] }
        return plan
    }

    /// The reconciler wants to bring back replicas whose owner is the autoscaler.
    private static func leavesZero(_ proposal: Proposal, _ tick: TickInputs) -> Bool {
        proposal.kind == .scaleService && tick.desired[proposal.target]?.scaling != nil
            && tick.snapshot[proposal.target]?.condition == .down(.scaledToZero)
    }

    private static func busy(_ tick: TickInputs) -> [String: BusyCause] {
        var busy: [String: BusyCause] = [:]
        // Whether a 0 is to be left is what the evaluation finds out.
        for proposal in tick.plan.proposals where !leavesZero(proposal, tick) {
            busy[proposal.target] = .proposed(proposal.kind)
        }
        // What is under way says more than what is proposed besides.
        for action in tick.working.openActions {
            busy[action.proposal.target] =
                action.state == .unknown
                ? .unsettled(actionID: action.id)
                : .action(id: action.id, kind: action.proposal.kind, state: action.state)
        }
        return busy
    }
}

extension Evaluation {
    /// Why a service has the number of replicas that it has, in one line.
    package func reason(of evaluation: ScalingEvaluation) -> String {
        switch evaluation.verdict {
        case .stopped(let guardian): guardian.description
        case .proposed(let index): proposals[index].reason
        }
    }
}

extension TickInputs {
    /// Everything that is put through the gate: what the reconciler wants first, then what the load asks for.
    package var proposals: [Proposal] {
        let scalings = scaling.evaluation.proposals
        return scalings.isEmpty ? plan.proposals : plan.proposals + scalings
    }

    /// What the autoscaler proposes for a target now.
    func scalingProposal(for target: String) -> Proposal? {
        guard case .proposed(let index) = scaling.evaluation[target]?.verdict else { return nil }
        return scaling.evaluation.proposals[index]
    }

    /// The points that are due: one whenever what is shown changes, else one a minute.
    func pointsDue() -> [ScalingPoint] {
        scaling.evaluation.services.compactMap { evaluation in
            let point = ScalingPoint(
                service: evaluation.service, at: now, value: evaluation.sample?.value,
                current: evaluation.arithmetic?.current, desired: evaluation.arithmetic?.desired,
                verdict: evaluation.verdict.word, reason: scaling.evaluation.reason(of: evaluation),
                dryRun: settings.isDryRun)
            guard let last = scaling.lastPoints[evaluation.service] else { return point }
            let isSame =
                last.verdict == point.verdict && last.current == point.current && last.desired == point.desired
            return isSame && now.seconds(since: last.at) < ScalingPoint.spacingSeconds ? nil : point
        }
    }
}

extension ScalingPoint {
    /// So far apart are the points of a service with which nothing happens.
    static let spacingSeconds = 60

    package var json: JSONValue {
        [
            "at": .string(at.rfc3339), "value": value.map { .number($0) } ?? .null, "current": JSONValue(current),
            "desired": JSONValue(desired), "verdict": .string(verdict), "reason": .string(reason),
            "dry_run": .bool(dryRun),
        ]
    }
}
