internal import FleetModel

/// One service on its way through the guards. `judge` is called once.
struct Judgement {
    private let spec: UnsafePointer<ServiceSpec>
    private let scaling: ScalingSpec
    private let hold: Hold?
    private let busy: BusyCause?
    private let spacingSeconds: Int
    private let reconcilerKeepsBounds: Bool
    private let now: WallTime
    let record: ScalingRecord

    private var memory: ScalingMemory
    private var sample: SignalSample?
    /// Why there is no `sample`.
    private var problem: NoSignal?
    private(set) var arithmetic: ScalingArithmetic?

    /// Reads the service in place, during the call of `Autoscaler.evaluate` only.
    init(
        _ spec: UnsafePointer<ServiceSpec>, _ scaling: ScalingSpec, _ definition: SignalDefinition?,
        _ busy: BusyCause?, _ inputs: ScalingInputs, now: WallTime
    ) {
        let name = spec.pointee.name
        self.spec = spec
        self.scaling = scaling
        self.busy = busy
        self.now = now
        spacingSeconds = inputs.sampleSpacingSeconds
        reconcilerKeepsBounds = inputs.reconcilerKeepsBounds
        record = inputs.history.records[name] ?? ScalingRecord()
        if inputs.holds.isEmpty {
            hold = nil
        } else {
            let hold = inputs.holds.hold(service: name, domain: spec.pointee.domain)
            self.hold = hold.flatMap { $0.isInForce(at: now) ? $0 : nil }
        }
        memory = record.memory
        memory.streak = nil
        read(inputs.readings[name], definition)
    }

    consuming func evaluation(index: Int, _ stop: ScalingGuard) -> ScalingEvaluation {
        ScalingEvaluation(
            service: spec.pointee.name, index: index, sample: sample, arithmetic: arithmetic, verdict: .stopped(stop),
            memory: memory, hasNews: memory.isNews(after: record.memory))
    }

    // MARK: - The guards

    /// The first guard that applies; nil when nothing but the budget is left to ask.
    ///
    /// A streak lives on only through the stabilization guard: whatever stops an evaluation before it starts the
    /// counting anew.
    mutating func judge(_ observation: UnsafePointer<Observation>?) -> ScalingGuard? {
        let current: Int
        switch replicas(observation) {
        case .failure(let stop):
            // What is to be stopped is at 0 by the registry's wish: wanted running again, nobody's 0 holds it back.
            if stop.guardian == .stopped, let replicas = observation?.pointee.replicas?.wanted {
                memory.replicas = replicas
                memory.outside = nil
            }
            return stop.guardian
        case .success(let replicas): current = replicas
        }
        notice(current)
        let isOutside = current < scaling.minimum || current > scaling.maximum
        arithmetic = arithmetic(current, isOutside: isOutside)
        if let hold { return .held(hold) }
        if let busy { return .busy(busy) }
        if current == 0, let evidence = zeroByHand() { return .zeroByHand(evidence) }
        if isOutside, reconcilerKeepsBounds {
            return .outOfBounds(current: current, minimum: scaling.minimum, maximum: scaling.maximum)
        }
        guard let arithmetic else { return .atTarget }
        switch arithmetic.basis {
        case .bounds: break
        case .pause:
            if arithmetic.direction == nil { return .paused(until: scaling.pause?.until) }
        case .schedule, .fallback:
            if let person = standing(current) { return person }
        case .signal:
            if let stop = standing(current) ?? signalGuard(arithmetic) { return stop }
        }
        if arithmetic.direction == nil { return .atTarget }
        if let last = record.lastScaling {
            let until = last.at.adding(seconds: scaling.cooldownSeconds)
            if now < until { return .coolingDown(scaledAt: last.at, until: until) }
        }
        return nil
    }

    /// The guards that ask about the signal: data, deadband, stabilization.
    private mutating func signalGuard(_ arithmetic: ScalingArithmetic) -> ScalingGuard? {
        guard let sample, let perReplica = arithmetic.perReplica else { return .noData(problem ?? .notRead) }
        if arithmetic.current > 0, abs(perReplica / scaling.target - 1) <= scaling.deadband + Self.rounding {
            return .withinDeadband
        }
        guard let direction = arithmetic.direction else { return nil }
        let needed =
            direction == .up ? scaling.scaleUpStabilizationSamples : scaling.scaleDownStabilizationSamples
        let streak = streak(direction, sample.at, needed: needed, current: arithmetic.current)
        memory.streak = streak
        guard streak.samples < needed else { return nil }
        return .stabilizing(direction, samples: streak.samples, needed: needed)
    }

    // MARK: - Evidence

    private struct Stop: Error { let guardian: ScalingGuard }

    /// How many replicas are wanted of the runtime, or why that says nothing.
    private func replicas(_ observation: UnsafePointer<Observation>?) -> Result<Int, Stop> {
        guard let observation else { return .failure(Stop(guardian: .unobserved(.notObserved))) }
        let condition = observation.pointee.condition
        if case .unknown(let cause) = condition { return .failure(Stop(guardian: .unobserved(cause))) }
        if spec.pointee.desired == .stopped { return .failure(Stop(guardian: .stopped)) }
        switch condition {
        case .absent: return .failure(Stop(guardian: .absent))
        case .down(let cause) where cause != .scaledToZero: return .failure(Stop(guardian: .down(cause)))
        default: break
        }
        let observed = observation.pointee.runtime
        if let declared = spec.pointee.runtime, let observed, declared != observed {
            return .failure(Stop(guardian: .otherRuntime(declared: declared, observed: observed)))
        }
        guard observed == .swarm, let replicas = observation.pointee.replicas?.wanted, replicas >= 0 else {
            return .failure(Stop(guardian: .notScalable(observed)))
        }
        return .success(replicas)
    }

    /// Takes the reading for data only where the definition says so. Data from before the last scaling says nothing
    /// of the replicas that run now; the signal is not lost for that.
    private mutating func read(_ reading: SignalReading?, _ definition: SignalDefinition?) {
        switch (reading, definition) {
        case (_, nil): problem = .notDefined(scaling.signal)
        case (nil, _): problem = .notRead
        case (.missing(let reason), _): problem = reason
        case (.sample(let candidate), let definition?):
            problem = definition.problem(
                with: candidate, service: spec.pointee.name, newest: memory.newestSampleAt, now: now)
            guard problem == nil else { break }
            memory.newestSampleAt = candidate.at
            memory.lostSince = nil
            if let last = record.lastScaling, candidate.at <= last.at {
                problem = .beforeLastScaling(at: candidate.at, scaledAt: last.at)
            } else {
                sample = candidate
            }
            return
        }
        memory.lostSince = memory.lostSince ?? now
    }

    /// Remembers the replicas, and whether somebody changed them past Muster: they are other than last time, no
    /// scaling that Muster knows of ends at them, and nothing of Muster's is under way.
    ///
    /// A service first seen at 0 whose `min` is above 0 was set to 0 by somebody too: the autoscaler never does.
    private mutating func notice(_ current: Int) {
        let isExplained = busy != nil || record.lastScaling?.replicas == current
        if let outside = memory.outside {
            let isOver = outside.replicas != current || (record.lastScaling.map { $0.at > outside.noticedAt } ?? false)
            if isOver { memory.outside = nil }
        }
        let hasChanged = memory.replicas.map { $0 != current } ?? (current == 0 && scaling.minimum > 0)
        if hasChanged, !isExplained { memory.outside = OutsideScaling(replicas: current, noticedAt: now) }
        memory.replicas = current
    }

    private func zeroByHand() -> ScalingGuard.ZeroEvidence? {
        if let outside = memory.outside { return .outside(noticedAt: outside.noticedAt) }
        guard let last = record.lastScaling, last.replicas == 0, case .person(let name) = last.author else {
            return nil
        }
        return .person(name, at: last.at)
    }

    /// A number that a person set and that still stands.
    private func standing(_ current: Int) -> ScalingGuard? {
        let seconds = max(scaling.cooldownSeconds, Autoscaler.personStandsSeconds)
        if let outside = memory.outside {
            let until = outside.noticedAt.adding(seconds: seconds)
            if now < until { return .scaledOutside(replicas: current, until: until) }
        }
        if let last = record.lastScaling, last.replicas == current, case .person(let name) = last.author {
            let until = last.at.adding(seconds: seconds)
            if now < until { return .scaledByPerson(name, replicas: current, until: until) }
        }
        return nil
    }

    /// The streak with this sample in it. It goes on from the one before unless the direction or the replicas
    /// changed, or a scaling came in between. A sample that is read again, or that comes too soon after the one
    /// counted last, is neither counted nor a reason to start anew.
    private func streak(
        _ direction: ScalingDirection, _ at: WallTime, needed: Int, current: Int
    ) -> ScalingStreak {
        let start = ScalingStreak(direction: direction, samples: 1, countedAt: at)
        guard var streak = record.memory.streak, streak.direction == direction else { return start }
        if record.memory.replicas != current { return start }
        if let last = record.lastScaling, streak.countedAt <= last.at { return start }
        streak.samples = min(streak.samples, needed)
        if at > streak.countedAt, at >= streak.countedAt.adding(seconds: spacingSeconds) {
            streak.samples = min(streak.samples + 1, needed)
            streak.countedAt = at
        }
        return streak
    }

    // MARK: - Arithmetic

    /// What floating point may be off by, relative to the number: `3 x 0.7 / 0.7` is 3 replicas, not 4.
    static let rounding = 1e-9

    private func arithmetic(_ current: Int, isOutside: Bool) -> ScalingArithmetic {
        let effective = max(current, 1)
        var result = ScalingArithmetic(
            basis: .signal, current: current, effective: effective, target: scaling.target, wanted: current,
            minimum: scaling.floor(at: now), maximum: scaling.maximum, clamped: current, desired: current)
        if let sample {
            // A fleet total is not divided and multiplied again: that would only lose digits. Dividing by the
            // target first keeps the rest from overflowing where the result does not.
            let isTotal = sample.aggregation == .fleetTotal
            result.perReplica = isTotal ? sample.value / Double(effective) : sample.value
            result.exact = (isTotal ? 1 : Double(effective)) * (sample.value / scaling.target)
            result.wanted = Self.roundedUp(result.exact ?? 0)
        }
        if isOutside {
            result.basis = .bounds
            result.minimum = scaling.minimum
            result.wanted = min(max(current, scaling.minimum), scaling.maximum)
        } else if let pause = scaling.pause, pause.isInForce(at: now) {
            result.basis = .pause
            result.minimum = scaling.minimum
            result.wanted = pause.replicas ?? current
        } else if current < result.minimum {
            result.basis = .schedule
            result.wanted = result.minimum
        } else if sample == nil, let fallback = scaling.fallback, fallback.replicas > current, isLost(fallback) {
            result.basis = .fallback
            result.wanted = fallback.replicas
        }
        result.clamped = min(max(result.wanted, result.minimum), result.maximum)
        result.desired =
            result.clamped > current
            ? min(result.clamped, current + scaling.scaleUpStep)
            : max(result.clamped, current - scaling.scaleDownStep)
        return result
    }

    private func isLost(_ fallback: ScalingFallback) -> Bool {
        memory.lostSince.map { now >= $0.adding(seconds: fallback.afterSeconds) } ?? false
    }

    /// `exact` rounded up, where what lies within rounding of a whole number is that number. Anything above 0 is at
    /// least 1.
    static func roundedUp(_ exact: Double) -> Int {
        guard exact < Double(ScalingArithmetic.mostReplicas) else { return ScalingArithmetic.mostReplicas }
        let nearest = exact.rounded()
        return Int(abs(exact - nearest) <= nearest * rounding ? nearest : exact.rounded(.up))
    }
}
