import Autoscaler
import FleetModel
import Testing

@Suite("from a value to replicas")
struct ArithmeticTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var signal: SignalDefinition
        var value: Double
        var current: Int
        var scaling: ScalingSpec
        var desired: Int
        var note = ""

        var testDescription: String {
            "\(signal.name) \(value) at \(current) -> \(desired)\(note.isEmpty ? "" : ": \(note)")"
        }
    }

    static let cpuScaling = ScalingSpec(
        minimum: 1, maximum: 4, signal: "cpu", target: 60, scaleDownStabilizationSamples: 1)
    static var fromZero: ScalingSpec {
        var scaling = queueScaling
        scaling.minimum = 0
        return scaling
    }

    /// The table of the issue, row by row.
    static let table: [Case] = [
        Case(signal: queueDepth, value: 900, current: 2, scaling: queueScaling, desired: 4),
        Case(signal: queueDepth, value: 900, current: 4, scaling: queueScaling, desired: 5),
        Case(signal: queueDepth, value: 150, current: 3, scaling: queueScaling, desired: 2),
        Case(signal: queueDepth, value: 0, current: 3, scaling: queueScaling, desired: 2),
        Case(signal: cpu, value: 85, current: 2, scaling: cpuScaling, desired: 3),
        Case(signal: cpu, value: 20, current: 3, scaling: cpuScaling, desired: 2),
        Case(signal: queueDepth, value: 250, current: 0, scaling: fromZero, desired: 2),
    ]

    @Test("the table of cases", arguments: table)
    func row(row: Case) {
        let inputs = webInputs(row.scaling, replicas: row.current, .sample(sample(row.value, row.signal)))
        #expect(inputs.proposed() == row.desired)
        #expect(inputs.only().arithmetic?.desired == row.desired)
    }

    static func wide(_ target: Double, deadband: Double = 0) -> ScalingSpec {
        ScalingSpec(
            minimum: 0, maximum: 100_000, signal: "cpu", target: target, scaleUpStep: 100_000, scaleDownStep: 100_000,
            deadband: deadband, scaleDownStabilizationSamples: 1)
    }

    static let numbers: [Case] = [
        Case(signal: cpu, value: 200, current: 3, scaling: wide(200), desired: 3, note: "exactly at the target"),
        Case(signal: cpu, value: 0.7, current: 3, scaling: wide(0.1), desired: 21, note: "0.7 / 0.1 is above 7"),
        Case(signal: cpu, value: 0.1, current: 3, scaling: wide(0.3), desired: 1, note: "3 x 0.1 is above 0.3"),
        Case(signal: cpu, value: 1.1, current: 10, scaling: wide(1), desired: 11, note: "10 x 1.1 is above 11"),
        Case(signal: cpu, value: 60.001, current: 3, scaling: wide(60), desired: 4, note: "a little more is more"),
        Case(signal: cpu, value: 1e-12, current: 3, scaling: wide(60), desired: 1, note: "above 0 needs one"),
        Case(signal: cpu, value: 0, current: 3, scaling: wide(60), desired: 0, note: "nothing needs none"),
        Case(signal: cpu, value: 1e308, current: 9, scaling: wide(1e-308), desired: 100_000, note: "overflow"),
        Case(
            signal: cpu, value: 1.7e308, current: 9, scaling: wide(1.7e308), desired: 9,
            note: "the product would overflow"
        ),
        Case(
            signal: cpu, value: 1, current: 2, scaling: wide(.leastNonzeroMagnitude), desired: 100_000,
            note: "tiny target"),
        Case(signal: cpu, value: 5, current: 2, scaling: wide(1e300), desired: 1, note: "huge target"),
        Case(
            signal: queueDepth, value: 700, current: 3, scaling: queueScaling, desired: 4, note: "700 / 3 is not whole"),
    ]

    @Test("floating point neither adds nor loses a replica", arguments: numbers)
    func number(row: Case) {
        let inputs = webInputs(row.scaling, replicas: row.current, .sample(sample(row.value, row.signal)))
        #expect((inputs.proposed() ?? row.current) == row.desired)
        #expect(inputs.only().arithmetic?.desired == row.desired)
    }

    @Test("every whole number of replicas is met exactly, for every pair of replicas and target")
    func wholeNumbers() {
        for replicas in 1...60 {
            for (wanted, target) in zip(1...60, [0.1, 0.3, 7, 60, 200, 1e-7].cycled(60)) {
                let value = Double(wanted) * target / Double(replicas)
                let result = webInputs(Self.wide(target), replicas: replicas, .sample(sample(value, cpu))).only()
                #expect(result.arithmetic?.desired == wanted, "\(replicas) x \(value) / \(target)")
            }
        }
    }

    @Test("the deadband is a share of the target, its edges belong to it, and there is none at 0 replicas")
    func deadband() {
        let at = { (value: Double, replicas: Int) in
            webInputs(replicas: replicas, .sample(sample(value))).stop()
        }
        #expect(at(420, 2) == .withinDeadband)
        #expect(at(421, 2) == nil)
        #expect(at(380, 2) == .withinDeadband)
        #expect(at(379, 2) == .atTarget)
        #expect(webInputs(Self.fromZero, replicas: 0, .sample(sample(200))).proposed() == 1)
    }

    @Test("every number of the evaluation is kept")
    func kept() throws {
        let result = webInputs(replicas: 2, .sample(sample(900))).only()
        let numbers = try #require(result.arithmetic)
        #expect(numbers.basis == .signal)
        #expect((numbers.current, numbers.effective) == (2, 2))
        #expect((numbers.perReplica, numbers.target, numbers.exact) == (450, 200, 4.5))
        #expect((numbers.wanted, numbers.clamped, numbers.desired) == (5, 5, 4))
        #expect((numbers.minimum, numbers.maximum, numbers.direction) == (1, 5, .up))
        #expect(result.sample?.value == 900)
    }

    @Test("a proposal names the numbers, the wish and the evidence")
    func proposal() throws {
        let inputs = webInputs(replicas: 2, .sample(sample(900)))
        let proposal = try #require(Autoscaler.evaluate(inputs, now: now).proposals.first)
        #expect(proposal.kind == .scaleService && proposal.target == "web" && proposal.source == .autoscaler)
        #expect(
            proposal.params
                == JSONObject([
                    ("replicas", 4), ("from_replicas", 2), ("direction", "up"), ("signal", "queue_depth"),
                    ("value", .number(900)), ("target", .number(200)),
                ]))
        #expect(
            proposal.reason
                == "queue_depth 900 items, 450 a replica, target 200: 2 -> 4 replicas (wants 5, a step is 2)")
        #expect(proposal.desiredDigest == inputs.desired.services[0].digest)
        #expect(proposal.evidence == seen(2).evidence)
    }
}

extension [Double] {
    /// The elements over and over, `count` in all.
    fileprivate func cycled(_ count: Int) -> [Double] {
        (0..<count).map { self[$0 % self.count] }
    }
}
