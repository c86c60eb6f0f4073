package import Autoscaler
package import FleetModel
internal import Foundation

/// A fleet of scaled services that lives through random loads, faults, persons and actions, one evaluation a step.
///
/// `step` draws what happens, evaluates, and hands what was drawn with what came out to `ScalingLaws`. Equal seeds
/// give equal lives.
package struct RandomFleet {
    package private(set) var services: [RandomService]
    private let desired: DesiredState
    private var generator: SeededGenerator
    package private(set) var now = WallTime(seconds: 1_795_224_600)
    private let reconcilerKeepsBounds: Bool
    private let spacingSeconds: Int

    static let signal = SignalDefinition(
        name: "load", aggregation: .fleetTotal, unit: "items", maximumAgeSeconds: 100)
    static let perReplica = SignalDefinition(
        name: "busy", aggregation: .perReplica, unit: "percent", maximumAgeSeconds: 100)
    private static let signals = [signal.name: signal, perReplica.name: perReplica]

    package init(seed: UInt64, services count: Int) {
        var generator = SeededGenerator(seed: seed)
        let services = (0..<count).map { index in
            let number = String(index + 1000)
            return RandomService(name: "s\(number)", &generator)
        }
        self.services = services
        desired = DesiredState(services: services.map(\.spec), digest: "random")
        reconcilerKeepsBounds = generator.below(4) > 0
        spacingSeconds = [0, 0, 30][generator.below(3)]
        self.generator = generator
    }

    /// One evaluation; what it breaks.
    package mutating func step() -> [String] {
        now = now.adding(seconds: 1 + generator.below(90))
        var observations: [Observation] = []
        var readings: [String: SignalReading] = [:]
        var records: [String: ScalingRecord] = [:]
        var busy: [String: BusyCause] = [:]
        var holds: [Hold] = []
        for index in services.indices {
            services[index].live(now, &generator)
            let service = services[index]
            if let condition = service.condition {
                observations.append(service.observation(condition, now))
            }
            if let reading = service.reading { readings[service.name] = reading }
            records[service.name] = service.record
            if service.isBusy { busy[service.name] = .unsettled(actionID: "action:x") }
            if service.isHeld {
                holds.append(Hold(scope: .service(service.name), reason: "r", by: "ada", at: now))
            }
        }
        let inputs = ScalingInputs(
            desired: desired,
            snapshot: Snapshot(observations: observations, sources: [], at: now, generation: 1),
            signals: Self.signals, readings: readings, history: ScalingHistory(records: records),
            holds: HoldSet(holds, at: now), busy: busy, budget: generator.below(services.count + 1),
            sampleSpacingSeconds: spacingSeconds, reconcilerKeepsBounds: reconcilerKeepsBounds)
        let evaluation = Autoscaler.evaluate(inputs, now: now)
        let broken = ScalingLaws.broken(evaluation, inputs, services, now: now)
        for index in services.indices { services[index].take(evaluation, index, now, &generator) }
        return broken
    }

    /// Evaluates `cases` services in fleets of 100 that each live through 100 steps. Returns what was broken, and how
    /// many proposals there were: laws about proposals say nothing where there are none.
    package static func run(cases: Int, seed: UInt64) -> (broken: [String], proposals: Int) {
        var broken: [String] = []
        var proposals = 0
        for fleetNumber in 0..<max(cases / 10_000, 1) {
            var fleet = RandomFleet(seed: seed &+ UInt64(fleetNumber), services: 100)
            for _ in 0..<100 where broken.count < 20 {
                broken += fleet.step().map { "seed \(seed &+ UInt64(fleetNumber)), \(fleet.now): \($0)" }
            }
            proposals += fleet.services.reduce(0) { $0 + $1.proposals }
        }
        return (broken, proposals)
    }
}

/// One service of a random fleet: what is, what was drawn for this step, and what the laws need to know of the past.
package struct RandomService {
    package let name: String
    package let spec: ServiceSpec
    package let scaling: ScalingSpec
    private let definition: SignalDefinition
    package private(set) var current: Int
    private var load: Double
    private var signalLostUntil: WallTime?

    // Drawn for the step.
    package private(set) var condition: Condition?
    package private(set) var reading: SignalReading?
    /// The reading's sample where it is data.
    package private(set) var good: SignalSample?
    package private(set) var isBusy = false
    package private(set) var isHeld = false

    // The past.
    package private(set) var record = ScalingRecord()
    /// On which side of the target how many samples in a row lay: at least as long as the autoscaler's streak.
    package private(set) var run: Run?
    package private(set) var proposals = 0

    package struct Run: Sendable {
        package var side: ScalingDirection
        package var samples: Int
        package var replicas: Int
        package var newestAt: WallTime
    }

    init(name: String, _ generator: inout SeededGenerator) {
        self.name = name
        let minimum = generator.below(4)
        var scaling = ScalingSpec(
            minimum: minimum, maximum: minimum + generator.below(12),
            signal: [RandomFleet.signal, RandomFleet.perReplica][generator.below(2)].name,
            target: [0.3, 7, 60, 200, 1e-300, 1e300][generator.below(6)], scaleUpStep: 1 + generator.below(4),
            scaleDownStep: 1 + generator.below(3), cooldownSeconds: [0, 30, 300][generator.below(3)],
            deadband: [0, 0.05, 0.3][generator.below(3)], scaleUpStabilizationSamples: 1 + generator.below(3),
            scaleDownStabilizationSamples: 1 + generator.below(4))
        if generator.below(10) == 0 {
            scaling.fallback = ScalingFallback(replicas: generator.below(15), afterSeconds: 200)
        }
        if generator.below(20) == 0 { scaling.pause = ScalingPause(replicas: generator.below(15)) }
        if generator.below(10) == 0 {
            let window = MaintenanceWindow(startMinute: 120, endMinute: 150, timeZone: TimeZone(identifier: "UTC")!)
            scaling.schedule = [ScheduledMinimum(window: window, minimum: generator.below(15))]
        }
        self.scaling = scaling
        definition = scaling.signal == RandomFleet.signal.name ? RandomFleet.signal : RandomFleet.perReplica
        spec = ServiceSpec(name: name, image: "example/\(name):1", runtime: .swarm, scaling: scaling)
        current = minimum + generator.below(scaling.maximum - minimum + 1)
        load = scaling.target * Double(1 + generator.below(10))
    }

    /// Draws what happens to the service before the evaluation at `now`.
    mutating func live(_ now: WallTime, _ generator: inout SeededGenerator) {
        if generator.below(40) == 0 { current = generator.below(18) }
        if generator.below(60) == 0 {
            record.lastScaling = PastScaling(at: now, replicas: generator.below(6), author: .person("ada"))
            current = record.lastScaling?.replicas ?? current
        }
        isBusy = generator.below(25) == 0
        isHeld = generator.below(40) == 0
        condition = drawCondition(&generator)
        if generator.below(150) == 0 { signalLostUntil = now.adding(seconds: 1200) }
        if generator.below(6) == 0 { load = scaling.target * 12 * generator.unit() }
        drawReading(now, &generator)
        lengthenRun()
    }

    /// Counts the sample in, by a rule of its own: it lies on one side of the target and everything that an
    /// evaluation needs besides is there.
    private mutating func lengthenRun() {
        guard let good, condition == .up || condition == .down(.scaledToZero), !isBusy, !isHeld else {
            run = nil
            return
        }
        let isTotal = good.aggregation == .fleetTotal
        let perReplica = isTotal ? good.value / Double(max(current, 1)) : good.value
        let side: ScalingDirection = current == 0 || perReplica > scaling.target ? .up : .down
        guard var longer = run, longer.side == side, longer.replicas == current else {
            run = Run(side: side, samples: 1, replicas: current, newestAt: good.at)
            return
        }
        if good.at > longer.newestAt { longer.samples += 1 }
        longer.newestAt = good.at
        run = longer
    }

    /// What follows from the evaluation: the autoscaler's memory is kept, and a proposal is carried out, denied, or
    /// waits for an answer.
    mutating func take(
        _ evaluation: Evaluation, _ index: Int, _ now: WallTime, _ generator: inout SeededGenerator
    ) {
        let result = evaluation.services[index]
        record.memory = result.memory
        record.isAwaitingAnswer = false
        guard case .proposed = result.verdict, let desired = result.arithmetic?.desired else { return }
        proposals += 1
        switch generator.below(8) {
        case 0: break
        case 1: record.isAwaitingAnswer = true
        default:
            record.lastScaling = PastScaling(at: now, replicas: desired, from: current, author: .autoscaler)
            current = desired
            run = nil
        }
    }

    private func drawCondition(_ generator: inout SeededGenerator) -> Condition? {
        switch generator.below(40) {
        case 0: nil
        case 1: .unknown(.updating)
        case 2: .absent
        case 3: .down(.noTaskRunning(wanted: current))
        default: current == 0 ? .down(.scaledToZero) : .up
        }
    }

    /// A sample that is data four times out of five; else one of the ways in which it is not.
    private mutating func drawReading(_ now: WallTime, _ generator: inout SeededGenerator) {
        var sample = SignalSample(
            service: name, signal: definition.name, value: load * (0.8 + 0.4 * generator.unit()),
            unit: definition.unit, aggregation: definition.aggregation, source: .prometheus,
            at: now.adding(seconds: -generator.below(20)))
        if definition.aggregation == .perReplica { sample.value /= Double(max(current, 1)) }
        good = nil
        reading = .sample(sample)
        switch generator.below(60) {
        case 0: reading = nil
        case 1: reading = .missing(.sourceFailed("timed out"))
        case 2: reading = .missing(.ambiguous(series: 2))
        case 3: sample.value = .nan
        case 4: sample.value = .infinity
        case 5: sample.value = -1
        case 6: sample.at = now.adding(seconds: -101)
        case 7: sample.at = now.adding(seconds: 11)
        case 8: sample.unit = "apples"
        case 9: sample.service = "other"
        case 10: sample.aggregation = sample.aggregation == .perReplica ? .fleetTotal : .perReplica
        case 11:
            sample.value = 1.7e308
            good = sample
        default: good = sample
        }
        if case .sample = reading { reading = .sample(sample) }
        if let signalLostUntil, now < signalLostUntil {
            reading = .missing(.empty)
            good = nil
        }
        // Older than one that was read, or than the last scaling: not data either.
        if let newest = record.memory.newestSampleAt, sample.at < newest { good = nil }
        if let last = record.lastScaling, sample.at <= last.at { good = nil }
    }

    func observation(_ condition: Condition, _ now: WallTime) -> Observation {
        Observation(
            service: name, source: .docker, condition: condition, at: now, runtime: .swarm, runtimeID: "id",
            image: spec.image, replicas: ReplicaCount(running: current, wanted: current))
    }
}
