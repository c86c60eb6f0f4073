import Autoscaler
import FleetModel
import Foundation
import Testing

/// One service through many evaluations: each keeps what the one before remembered, as the loop does.
struct Timeline {
    var scaling: ScalingSpec
    var replicas: Int
    var record = ScalingRecord()
    var now = AutoscalerTests.now
    var last: ScalingEvaluation?
    var spacingSeconds = 0
    var busy: BusyCause?
    var reconcilerKeepsBounds = true
    var desired = DesiredRun.running

    init(_ scaling: ScalingSpec, replicas: Int) {
        self.scaling = scaling
        self.replicas = replicas
    }

    /// The next evaluation, `seconds` later; nil as `value` means no data. Returns the replicas proposed.
    @discardableResult
    mutating func evaluate(_ value: Double?, after seconds: Int = 60, sampleAge: Int = 0) -> Int? {
        now = now.adding(seconds: seconds)
        let reading: SignalReading =
            value.map { .sample(sample($0, at: now.adding(seconds: -sampleAge))) } ?? .missing(.empty)
        var inputs = webInputs(scaling, replicas: replicas, reading, record: record, at: now)
        inputs.desired = DesiredState(services: [spec(scaling, desired: desired)], digest: "d")
        inputs.sampleSpacingSeconds = spacingSeconds
        inputs.reconcilerKeepsBounds = reconcilerKeepsBounds
        if let busy { inputs.busy["web"] = busy }
        let evaluation = inputs.only(at: now)
        record.memory = evaluation.memory
        last = evaluation
        guard case .proposed = evaluation.verdict else { return nil }
        return evaluation.arithmetic?.desired
    }

    /// As if the last proposal, or a person's, had been carried out now.
    mutating func scale(to number: Int, by author: PastScaling.Author = .autoscaler) {
        record.lastScaling = PastScaling(at: now, replicas: number, from: replicas, author: author)
        replicas = number
    }

    var stop: ScalingGuard? {
        if case .stopped(let guardian) = last?.verdict { guardian } else { nil }
    }
}

@Suite("what is remembered between evaluations")
struct MemoryTests {
    static var patient: ScalingSpec {
        var scaling = queueScaling
        scaling.scaleUpStabilizationSamples = 2
        scaling.scaleDownStabilizationSamples = 3
        scaling.cooldownSeconds = 0
        return scaling
    }

    @Test("so many samples in a row have to agree, each direction with its own number")
    func streaks() {
        var line = Timeline(Self.patient, replicas: 3)
        #expect([900, 900].map { line.evaluate($0) } == [nil, 5])
        line = Timeline(Self.patient, replicas: 3)
        #expect([100, 100, 100].map { line.evaluate($0) } == [nil, nil, 2])
        #expect(line.evaluate(100) == 2, "an answer that is late does not end the streak")
    }

    struct Interruption: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var happen: @Sendable (inout Timeline) -> Void
    }

    static let interruptions: [Interruption] = [
        Interruption(testDescription: "a missing sample") { $0.evaluate(nil) },
        Interruption(testDescription: "a change of direction") { $0.evaluate(900) },
        Interruption(testDescription: "a sample within the deadband") { $0.evaluate(600) },
        Interruption(testDescription: "a replayed sample") { $0.evaluate(100, sampleAge: 90) },
        Interruption(testDescription: "a successful scaling") {
            $0.scale(to: 2)
            $0.scale(to: 3)
        },
        Interruption(testDescription: "another action on it") {
            $0.busy = .watched(actionID: "action:1", until: $0.now)
            $0.evaluate(100)
            $0.busy = nil
        },
        Interruption(testDescription: "replicas changed past Muster, once they are left alone no more") {
            $0.replicas = 4
            $0.evaluate(100)
            $0.now = $0.now.adding(seconds: 4000)
        },
    ]

    @Test("the counting starts anew after an interruption", arguments: interruptions)
    func anew(interruption: Interruption) {
        var line = Timeline(Self.patient, replicas: 3)
        #expect([100, 100].map { line.evaluate($0) } == [nil, nil])
        interruption.happen(&line)
        #expect([100, 100].map { line.evaluate($0) } == [nil, nil])
        #expect(line.evaluate(100) == line.replicas - 1)
    }

    @Test("a sample that is read twice counts once, and does not break the row")
    func readTwice() {
        var line = Timeline(Self.patient, replicas: 3)
        line.evaluate(100)
        for age in [1, 2, 3] { #expect(line.evaluate(100, after: 1, sampleAge: age) == nil) }
        #expect(line.last?.memory.streak?.samples == 1)
        #expect([100, 100].map { line.evaluate($0) } == [nil, 2])
    }

    @Test("a storm of wakes does not shorten the stabilization")
    func spacing() {
        var line = Timeline(Self.patient, replicas: 3)
        line.spacingSeconds = 45
        for _ in 0..<40 { #expect(line.evaluate(100, after: 1) == nil) }
        for _ in 0..<5 { #expect(line.evaluate(100, after: 10) == nil) }
        #expect(line.evaluate(100, after: 10) == 2)
    }

    @Test("evaluating twice from the same inputs gives the same answer and counts nothing twice")
    func preview() {
        let record = ScalingRecord(
            memory: ScalingMemory(streak: ScalingStreak(direction: .down, samples: 1, countedAt: now), replicas: 3))
        let later = now.adding(seconds: 60)
        let inputs = webInputs(
            Self.patient, replicas: 3, .sample(sample(100, at: later)), record: record, at: later)
        #expect(inputs.only(at: later) == inputs.only(at: later))
        #expect(inputs.only(at: later).memory.streak?.samples == 2)
    }

    @Test("samples of before the last scaling say nothing of the replicas that run now")
    func beforeScaling() {
        var scaling = queueScaling
        scaling.cooldownSeconds = 0
        var line = Timeline(scaling, replicas: 1)
        #expect(line.evaluate(900) == 3)
        line.scale(to: 3)
        #expect(line.evaluate(900, after: 5, sampleAge: 5) == nil)
        #expect(
            line.stop
                == .noData(.beforeLastScaling(at: line.now.adding(seconds: -5), scaledAt: line.now.adding(seconds: -5)))
        )
        #expect(line.last?.memory.lostSince == nil, "the signal is not lost for that")
        #expect(line.evaluate(900, after: 1) == 5)
    }

    @Test(
        "the cooldown holds in either direction, whoever scaled", arguments: [PastScaling.Author.autoscaler, .muster])
    func cooldown(author: PastScaling.Author) {
        for value in [100.0, 900] {
            var line = Timeline(queueScaling, replicas: 3)
            line.evaluate(600)
            line.scale(to: 3, by: author)
            #expect(line.evaluate(value, after: 299) == nil)
            #expect(
                line.stop == .coolingDown(scaledAt: line.now.adding(seconds: -299), until: line.now.adding(seconds: 1)))
            #expect(line.evaluate(value, after: 1) != nil)
        }
    }

    @Test("what the store is told: not the time of a sample alone, each change of the rest")
    func news() {
        var line = Timeline(Self.patient, replicas: 3)
        let told = [600, 600, 100, 100, 100, 100, nil, nil, 600].map { (value: Double?) -> Bool in
            line.evaluate(value)
            return line.last?.hasNews == true
        }
        #expect(told == [true, false, true, true, true, false, true, false, true])
    }
}

@Suite("what people set is respected")
struct PersonTests {
    static var quick: ScalingSpec {
        var scaling = queueScaling
        scaling.cooldownSeconds = 60
        return scaling
    }

    @Test("a person's number stands for an hour, then the signal decides again")
    func person() {
        var line = Timeline(Self.quick, replicas: 2)
        line.evaluate(400)
        line.scale(to: 5, by: .person("ada"))
        let until = line.now.adding(seconds: 3600)
        for _ in 0..<59 { #expect(line.evaluate(100) == nil) }
        #expect(line.stop == .scaledByPerson("ada", replicas: 5, until: until))
        #expect(line.evaluate(100) == 4)
    }

    @Test("a longer cooldown makes a person's number stand longer")
    func longCooldown() {
        var scaling = Self.quick
        scaling.cooldownSeconds = 7200
        var line = Timeline(scaling, replicas: 2)
        line.evaluate(400)
        line.scale(to: 5, by: .person("ada"))
        #expect(line.evaluate(100, after: 7199) == nil)
        #expect(line.evaluate(100, after: 1) == 4)
    }

    @Test("a number set past Muster is noticed, stands for an hour, and ends when it changes again")
    func outside() {
        var line = Timeline(Self.quick, replicas: 2)
        line.evaluate(400)
        line.replicas = 4
        line.evaluate(100)
        #expect(line.stop == .scaledOutside(replicas: 4, until: line.now.adding(seconds: 3600)))
        line.scale(to: 3, by: .muster)
        line.evaluate(600)
        #expect(line.last?.memory.outside == nil)
        #expect(line.evaluate(100) == 2)
    }

    @Test("what Muster did itself is nobody's doing", arguments: [PastScaling.Author.autoscaler, .muster])
    func own(author: PastScaling.Author) {
        var line = Timeline(Self.quick, replicas: 2)
        line.evaluate(400)
        line.scale(to: 4, by: author)
        #expect(line.evaluate(100, after: 61) == 3)
        line.busy = .action(id: "action:1", kind: .rollbackService, state: .executing)
        line.replicas = 2
        line.evaluate(100)
        line.busy = nil
        #expect(line.evaluate(900) == 4)
    }

    @Test("replicas set to 0 past Muster stay at 0, however long and whatever the load")
    func zeroOutside() {
        for minimum in [0, 1] {
            var scaling = Self.quick
            scaling.minimum = minimum
            var line = Timeline(scaling, replicas: 2)
            line.evaluate(400)
            line.replicas = 0
            for _ in 0..<100 { #expect(line.evaluate(900, after: 600) == nil) }
            #expect(line.stop?.step == .zero)
            line.replicas = 1
            line.evaluate(900)
            #expect(line.evaluate(900, after: 3600) == 3, "scaled up by hand, it is followed again")
        }
    }

    @Test("replicas set to 0 by a person through Muster stay at 0")
    func zeroByPerson() {
        var line = Timeline(Self.quick, replicas: 2)
        line.evaluate(400)
        line.scale(to: 0, by: .person("ada"))
        let at = line.now
        #expect(line.evaluate(900, after: 86_400) == nil)
        #expect(line.stop == .zeroByHand(.person("ada", at: at)))
    }

    @Test("found at 0 with `min` above 0 somebody set it; with `min: 0` it is the autoscaler's own number")
    func zeroAtFirstSight() {
        var line = Timeline(Self.quick, replicas: 0)
        #expect(line.evaluate(900) == nil)
        #expect(line.stop == .zeroByHand(.outside(noticedAt: line.now)))
        var scaling = Self.quick
        scaling.minimum = 0
        line = Timeline(scaling, replicas: 0)
        #expect(line.evaluate(900) == 2)
    }

    @Test("scaled to 0 by the autoscaler it comes back with the load")
    func zeroByAutoscaler() {
        var scaling = Self.quick
        scaling.minimum = 0
        var line = Timeline(scaling, replicas: 1)
        #expect(line.evaluate(0) == 0)
        line.scale(to: 0)
        #expect(line.evaluate(250) == 2)
    }

    @Test("stopped by the registry and wanted again, the reconciler brings it back")
    func stoppedAndStarted() {
        var line = Timeline(Self.quick, replicas: 2)
        line.evaluate(400)
        line.desired = .stopped
        line.evaluate(400)
        line.replicas = 0
        line.evaluate(nil)
        #expect(line.stop == .stopped)
        line.desired = .running
        #expect(line.evaluate(400) == nil)
        #expect(line.stop == .outOfBounds(current: 0, minimum: 1, maximum: 5))
    }
}

@Suite("set points")
struct SetPointTests {
    @Test("a pause leaves the replicas, or brings them to its number by steps, until it ends")
    func pause() {
        var scaling = PersonTests.quick
        scaling.pause = ScalingPause(until: now.adding(seconds: 600))
        var line = Timeline(scaling, replicas: 2)
        #expect(line.evaluate(900) == nil)
        #expect(line.stop == .paused(until: now.adding(seconds: 600)))
        line.scaling.pause?.replicas = 5
        #expect(line.evaluate(0) == 4)
        line.scale(to: 4)
        #expect(line.evaluate(nil) == 5)
        line.scale(to: 5)
        #expect(line.evaluate(0) == nil)
        #expect(line.stop == .paused(until: now.adding(seconds: 600)))
        #expect(line.evaluate(0, after: 600) == 4, "the pause is over")
    }

    @Test("a pause never leaves the bounds")
    func pauseInBounds() {
        var scaling = PersonTests.quick
        scaling.pause = ScalingPause(replicas: 50)
        var line = Timeline(scaling, replicas: 5)
        #expect(line.evaluate(0) == nil)
        scaling.pause = ScalingPause(replicas: 0)
        line = Timeline(scaling, replicas: 1)
        #expect(line.evaluate(0) == nil)
    }

    @Test("a lost signal keeps the replicas; with `fallback` there are at least so many after a while, never fewer")
    func fallback() {
        var line = Timeline(PersonTests.quick, replicas: 3)
        line.evaluate(600)
        for _ in 0..<50 { #expect(line.evaluate(nil) == nil) }
        line.scaling.fallback = ScalingFallback(replicas: 5, afterSeconds: 600)
        line.record.memory.lostSince = nil
        for _ in 0..<10 { #expect(line.evaluate(nil) == nil) }
        #expect(line.stop == .noData(.empty))
        #expect(line.evaluate(nil) == 5)
        #expect(line.last?.arithmetic?.basis == .fallback)
        line.scaling.fallback = ScalingFallback(replicas: 1, afterSeconds: 600)
        #expect(line.evaluate(nil) == nil)
        #expect(line.stop == .noData(.empty))
        line.scaling.fallback = ScalingFallback(replicas: 5, afterSeconds: 600)
        #expect(line.evaluate(100) == 2, "the signal is back and decides")
    }

    @Test("an open window raises the least number of replicas, whatever the signal says or does not say")
    func schedule() {
        var scaling = PersonTests.quick
        // `now` is 2026-11-21T01:30:00Z.
        let window = MaintenanceWindow(startMinute: 120, endMinute: 180, timeZone: TimeZone(identifier: "UTC")!)
        scaling.schedule = [ScheduledMinimum(window: window, minimum: 4)]
        let opens = window.nextOpening(after: now)!
        var line = Timeline(scaling, replicas: 2)
        line.now = opens.adding(seconds: -120)
        #expect(line.evaluate(400) == nil)
        #expect(line.evaluate(nil) == 4)
        line.scale(to: 4)
        #expect(line.evaluate(100, after: 120) == nil, "the signal wants fewer, the window does not")
        #expect(line.stop == .atTarget)
        #expect(line.evaluate(100, after: 3600) == 3, "the window is closed")
    }

    @Test("with the reconciler off the autoscaler steps back into the bounds")
    func bounds() {
        var line = Timeline(PersonTests.quick, replicas: 8)
        line.reconcilerKeepsBounds = false
        #expect(line.evaluate(900) == 7)
        #expect(line.last?.arithmetic?.basis == .bounds)
        line.scaling.minimum = 4
        line.replicas = 1
        line.record = ScalingRecord()
        #expect(line.evaluate(nil) == 3)
    }
}
