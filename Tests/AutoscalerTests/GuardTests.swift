import Autoscaler
import FleetModel
import Testing

@Suite("what stops a scaling")
struct GuardTests {
    /// Wants two more replicas, and nothing stops it.
    static var wanting: ScalingInputs { webInputs(replicas: 2, .sample(sample(900))) }

    struct Case: Sendable, CustomTestStringConvertible {
        var note: String
        var change: @Sendable (inout ScalingInputs) -> Void
        var stop: ScalingGuard

        var testDescription: String { note }
    }

    static let hold = Hold(scope: .service("web"), reason: "hands off", by: "ada", at: now)
    static func ago(_ seconds: Int) -> WallTime { now.adding(seconds: -seconds) }

    static func observed(_ condition: Condition, runtime: Runtime? = .swarm, replicas: ReplicaCount?) -> Snapshot {
        let observation = Observation(
            service: "web", source: .docker, condition: condition, at: now, runtime: runtime, replicas: replicas)
        return Snapshot(observations: [observation], sources: [], at: now, generation: 1)
    }

    static let two = ReplicaCount(running: 2, wanted: 2)

    /// In the order in which they are asked.
    static let cases: [Case] = [
        Case(
            note: "nobody saw it",
            change: { $0.snapshot = Snapshot(observations: [], sources: [], at: now, generation: 1) },
            stop: .unobserved(.notObserved)),
        Case(
            note: "being updated", change: { $0.snapshot = observed(.unknown(.updating), replicas: two) },
            stop: .unobserved(.updating)),
        Case(
            note: "to be stopped",
            change: { $0.desired = DesiredState(services: [spec(queueScaling, desired: .stopped)], digest: "d") },
            stop: .stopped),
        Case(
            note: "down", change: { $0.snapshot = observed(.down(.noTaskRunning(wanted: 2)), replicas: two) },
            stop: .down(.noTaskRunning(wanted: 2))),
        Case(note: "absent", change: { $0.snapshot = observed(.absent, replicas: nil) }, stop: .absent),
        Case(
            note: "another runtime than declared",
            change: { $0.snapshot = observed(.up, runtime: .container, replicas: nil) },
            stop: .otherRuntime(declared: .swarm, observed: .container)),
        Case(
            note: "a global service", change: { $0.snapshot = observed(.up, replicas: nil) }, stop: .notScalable(.swarm)
        ),
        Case(note: "held", change: { $0.holds = HoldSet([hold], at: now) }, stop: .held(hold)),
        Case(
            note: "an action under way",
            change: { $0.busy["web"] = .action(id: "action:1", kind: .deployService, state: .executing) },
            stop: .busy(.action(id: "action:1", kind: .deployService, state: .executing))),
        Case(
            note: "above the bounds",
            change: { $0.snapshot = observed(.up, replicas: ReplicaCount(running: 9, wanted: 9)) },
            stop: .outOfBounds(current: 9, minimum: 1, maximum: 5)),
        Case(
            note: "paused", change: { $0.setScaling { $0.pause = ScalingPause(until: now.adding(seconds: 1)) } },
            stop: .paused(until: now.adding(seconds: 1))),
        Case(
            note: "scaled by a person",
            change: {
                $0.setRecord { $0.lastScaling = PastScaling(at: ago(400), replicas: 2, author: .person("ada")) }
            },
            stop: .scaledByPerson("ada", replicas: 2, until: ago(400).adding(seconds: 3600))),
        Case(note: "no reading", change: { $0.readings = [:] }, stop: .noData(.notRead)),
        Case(note: "within the deadband", change: { $0.readings["web"] = .sample(sample(420)) }, stop: .withinDeadband),
        Case(
            note: "too few samples", change: { $0.setScaling { $0.scaleUpStabilizationSamples = 2 } },
            stop: .stabilizing(.up, samples: 1, needed: 2)),
        Case(note: "as many as wanted", change: { $0.readings["web"] = .sample(sample(370)) }, stop: .atTarget),
        Case(note: "wants more than `max`", change: { $0.setScaling { $0.maximum = 2 } }, stop: .atTarget),
        Case(
            note: "cooling down",
            change: { $0.setRecord { $0.lastScaling = PastScaling(at: ago(299), replicas: 2, author: .autoscaler) } },
            stop: .coolingDown(scaledAt: ago(299), until: now.adding(seconds: 1))),
        Case(note: "no budget left", change: { $0.budget = 0 }, stop: .budgetUsedUp),
    ]

    @Test("nothing stops what nothing speaks against")
    func nothing() {
        #expect(Self.wanting.proposed() == 4)
    }

    @Test("each guard stops with its reason", arguments: cases)
    func stops(row: Case) {
        var inputs = Self.wanting
        row.change(&inputs)
        #expect(inputs.stop() == row.stop)
        #expect(Autoscaler.evaluate(inputs, now: now).proposals.isEmpty)
        #expect(!row.stop.description.isEmpty)
    }

    /// What two guards would stop is stopped by the one that is asked first. Pairs that change the same input, or
    /// that exclude each other, say nothing.
    @Test("the guards are asked in the stated order", arguments: cases.indices)
    func order(first: Int) {
        for second in Self.cases.indices where second > first {
            let (earlier, later) = (Self.cases[first], Self.cases[second])
            // What has no direction has no samples to agree on one.
            let exclude = earlier.stop.step == .stabilization && later.stop.step == .target
            guard earlier.stop.step != later.stop.step, !exclude else { continue }
            var inputs = Self.wanting
            later.change(&inputs)
            earlier.change(&inputs)
            let step = inputs.stop()?.step
            let order = GuardStep.allCases
            #expect(
                step.map { order.firstIndex(of: $0)! <= order.firstIndex(of: earlier.stop.step)! } == true,
                "\(earlier.note), then \(later.note): \(String(describing: inputs.stop()))")
        }
        let steps = Self.cases.map { GuardStep.allCases.firstIndex(of: $0.stop.step)! }
        #expect(steps == steps.sorted(), "the table stands in the order of the guards")
    }

    static let missing: [(note: String, reading: SignalReading, reason: NoSignal)] = [
        ("the source failed", .missing(.sourceFailed("timed out")), .sourceFailed("timed out")),
        ("an empty answer", .missing(.empty), .empty),
        ("two series", .missing(.ambiguous(series: 2)), .ambiguous(series: 2)),
        ("not a number", .sample(sample(.nan)), .notANumber),
        ("infinite", .sample(sample(-.infinity)), .infinite),
        ("below 0", .sample(sample(-0.5)), .negative(-0.5)),
        ("stale", .sample(sample(900, at: ago(121))), .stale(ageSeconds: 121, maximumSeconds: 120)),
        ("from the future", .sample(sample(900, at: ago(-11))), .future(aheadSeconds: 11)),
        ("of another service", .sample(sample(900, queueDepth, "db")), .otherService("db")),
        ("of another signal", .sample(sample(900, cpu)), .otherSignal("cpu", expected: "queue_depth")),
    ]

    @Test("what is no data scales nothing, in either direction, and says why", arguments: missing.indices)
    func noData(index: Int) {
        let (note, reading, reason) = Self.missing[index]
        for replicas in [1, 3, 5] {
            #expect(webInputs(replicas: replicas, reading).stop() == .noData(reason), "\(note)")
        }
    }

    @Test("a sample in other units or of another aggregation than the signal is no data")
    func mismatched() {
        var other = sample(900)
        other.unit = "bytes"
        #expect(webInputs(replicas: 2, .sample(other)).stop() == .noData(.otherUnit("bytes", expected: "items")))
        other = sample(900)
        other.aggregation = .perReplica
        #expect(
            webInputs(replicas: 2, .sample(other)).stop()
                == .noData(.otherAggregation(.perReplica, expected: .fleetTotal)))
    }

    @Test("a signal that nobody defined is no data")
    func undefined() {
        var inputs = Self.wanting
        inputs.signals = [:]
        #expect(inputs.stop() == .noData(.notDefined("queue_depth")))
    }

    @Test("the edges of age and future are data")
    func edges() {
        #expect(webInputs(replicas: 2, .sample(sample(900, at: Self.ago(120)))).proposed() == 4)
        #expect(webInputs(replicas: 2, .sample(sample(900, at: Self.ago(-10)))).proposed() == 4)
    }

    @Test("the budget goes up before down, in order of names, and what awaits an answer costs nothing")
    func budget() {
        let names = ["a", "b", "c", "d"]
        var inputs = Self.wanting
        inputs.desired = DesiredState(services: names.map { spec(queueScaling, $0) }, digest: "d")
        inputs.snapshot = Snapshot(observations: names.map { seen(3, $0) }, sources: [], at: now, generation: 1)
        let values = ["a": 150.0, "b": 900, "c": 900, "d": 150]
        inputs.readings = Dictionary(uniqueKeysWithValues: values.map { ($0, .sample(sample($1, queueDepth, $0))) })
        inputs.budget = 2
        #expect(Autoscaler.evaluate(inputs, now: now).proposals.map(\.target) == ["b", "c"])
        inputs.budget = 3
        #expect(Autoscaler.evaluate(inputs, now: now).proposals.map(\.target) == ["a", "b", "c"])
        inputs.history.records["c"] = ScalingRecord(isAwaitingAnswer: true)
        #expect(Autoscaler.evaluate(inputs, now: now).proposals.map(\.target) == ["a", "b", "c", "d"])
        inputs.budget = 0
        let evaluation = Autoscaler.evaluate(inputs, now: now)
        #expect(evaluation.proposals.map(\.target) == ["c"])
        #expect(evaluation["c"]?.verdict == .proposed(0))
        #expect(evaluation["d"]?.verdict == .stopped(.budgetUsedUp))
    }

    @Test("services without `scaling` have no evaluation")
    func others() {
        var inputs = Self.wanting
        inputs.desired = DesiredState(services: [spec(nil, "api"), spec(queueScaling), spec(nil, "zoo")], digest: "d")
        inputs.snapshot = Snapshot(
            observations: [seen(2, "api"), seen(2), seen(2, "zoo")], sources: [], at: now, generation: 1)
        let evaluation = Autoscaler.evaluate(inputs, now: now)
        #expect(evaluation.services.map(\.service) == ["web"])
        #expect(evaluation.services[0].index == 1)
        #expect(evaluation.proposals.count == 1)
    }
}

extension ScalingInputs {
    mutating func setScaling(_ change: (inout ScalingSpec) -> Void) {
        var service = desired.services[0]
        change(&service.scaling!)
        desired = DesiredState(services: [service], digest: "d")
    }

    mutating func setRecord(_ change: (inout ScalingRecord) -> Void) {
        change(&history.records["web", default: ScalingRecord()])
    }
}
