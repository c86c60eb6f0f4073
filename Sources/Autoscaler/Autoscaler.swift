package import FleetModel

/// From signals to replicas. State in, one value out; it cannot fail.
package enum Autoscaler {
    /// How long a number of replicas stands that a person set, through Muster or past it, if the cooldown is not
    /// longer. For longer than that there are `scaling.paused` and holds.
    package static let personStandsSeconds = 3600

    /// Judges every service that has a `scaling:` block, in the order of their names.
    ///
    /// Called once an evaluation, for `GET /api/fleet/plan` and for `muster scale explain`. The caller writes
    /// `Evaluation.news` with the commit of a tick that decided and never for a preview: evaluating twice from the
    /// same inputs gives the same answer and counts no sample twice.
    ///
    /// The guards are asked in the order of `GuardStep`; the first that applies is the verdict. The budget comes
    /// last and goes to scaling up before scaling down, each in the order of names: capacity that is missing hurts
    /// more than capacity that is idle.
    package static func evaluate(_ inputs: ScalingInputs, now: WallTime) -> Evaluation {
        var evaluation = Evaluation()
        evaluation.services.reserveCapacity(inputs.readings.count)
        var candidates: [Candidate] = []
        inputs.desired.services.withUnsafeBufferPointer { services in
            inputs.snapshot.observations.withUnsafeBufferPointer { observations in
                guard let first = services.baseAddress else { return }
                var next = 0
                var busy = BusyWalk(inputs.busy)
                // Most services share few signals: the one before is asked first.
                var definition: SignalDefinition?
                for index in services.indices {
                    let spec = first + index
                    guard let scaling = spec.pointee.scaling else { continue }
                    if definition?.name != scaling.signal { definition = inputs.signals[scaling.signal] }
                    let observation = seek(spec.pointee.name, in: observations, from: &next)
                    var judgement = Judgement(
                        spec, scaling, definition, busy.cause(of: spec.pointee.name), inputs, now: now)
                    let stop = judgement.judge(observation)
                    if stop == nil {
                        candidates.append(
                            Candidate(position: evaluation.services.count, judgement.arithmetic, judgement.record))
                    }
                    evaluation.services.append(judgement.evaluation(index: index, stop ?? .budgetUsedUp))
                }
            }
        }
        for position in allotted(candidates, inputs.budget) {
            evaluation.propose(position, inputs)
        }
        return evaluation
    }

    /// The positions of those that the budget lets through, in the order of names.
    private static func allotted(_ candidates: [Candidate], _ budget: Int) -> [Int] {
        var left = max(budget, 0)
        var positions: [Int] = []
        for direction in [ScalingDirection.up, .down] {
            for candidate in candidates where candidate.direction == direction {
                guard candidate.isFree || left > 0 else { continue }
                if !candidate.isFree { left -= 1 }
                positions.append(candidate.position)
            }
        }
        return positions.sorted()
    }

    /// Like the reconciler's: both lists are sorted by name, so one pass over them finds each observation.
    private static func seek(
        _ name: String, in observations: UnsafeBufferPointer<Observation>, from next: inout Int
    ) -> UnsafePointer<Observation>? {
        guard let first = observations.baseAddress else { return nil }
        while next < observations.count {
            let observation = first + next
            if observation.pointee.service == name { return observation }
            if observation.pointee.service > name { return nil }
            next += 1
        }
        return nil
    }
}

/// What else is going on, read in the order of the services' names: few are busy, and looking each one up among them
/// would cost more than judging it.
private struct BusyWalk {
    private let causes: [(key: String, value: BusyCause)]
    private var next = 0

    init(_ busy: [String: BusyCause]) {
        causes = busy.sorted { $0.key < $1.key }
    }

    /// Services are asked for in the order of their names.
    mutating func cause(of name: String) -> BusyCause? {
        while next < causes.count, causes[next].key < name { next += 1 }
        return next < causes.count && causes[next].key == name ? causes[next].value : nil
    }
}

/// A service that nothing but the budget can stop any more.
private struct Candidate {
    let position: Int
    let direction: ScalingDirection?
    let isFree: Bool

    init(position: Int, _ arithmetic: ScalingArithmetic?, _ record: ScalingRecord) {
        self.position = position
        direction = arithmetic?.direction
        isFree = record.isAwaitingAnswer
    }
}

extension Evaluation {
    /// Turns the evaluation at `position` into a proposal. Few services come this far, so a digest is affordable.
    fileprivate mutating func propose(_ position: Int, _ inputs: ScalingInputs) {
        let service = services[position]
        let spec = inputs.desired.services[service.index]
        guard let arithmetic = service.arithmetic, let direction = arithmetic.direction, let scaling = spec.scaling
        else { return }
        var params = JSONObject(unique: [
            ("replicas", .integer(arithmetic.desired)), ("from_replicas", .integer(arithmetic.current)),
            ("direction", .string(direction.rawValue)), ("signal", .string(scaling.signal)),
            ("value", service.sample.map { .number($0.value) } ?? .null), ("target", .number(scaling.target)),
        ])
        if arithmetic.basis != .signal { params["basis"] = .string(arithmetic.basis.rawValue) }
        services[position].verdict = .proposed(proposals.count)
        proposals.append(
            Proposal(
                kind: .scaleService, target: spec.name, params: params, source: .autoscaler,
                reason: service.reason(scaling), desiredDigest: spec.digest,
                evidence: inputs.snapshot[spec.name]?.evidence ?? ""))
    }
}
