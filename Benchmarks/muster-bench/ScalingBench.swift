import Autoscaler
import FleetModel

/// One evaluation of a fleet of scaled services; the signals are in hand, the inputs built before the clock starts.
enum ScalingBench {
    private static let definition = SignalDefinition(name: "queue_depth", aggregation: .fleetTotal, unit: "items")

    /// 10,000 scaled services with history, median of `runs`. One in ten wants more, one in ten wants fewer and is
    /// stabilizing, one in fifty has no data, one in a hundred is busy; five may act. The reference is the least that
    /// any evaluation has to do: find each service's reading and record by name and divide once.
    static func evaluation(runs: Int = 101) -> BenchRow {
        let count = 10_000
        let inputs = inputs(count: count)
        var evaluation = Evaluation()
        let milliseconds = PureBenches.median(runs) {
            evaluation = Autoscaler.evaluate(inputs, now: PureBenches.now)
        }
        var divided = 0
        let reference = PureBenches.median(runs) { divided = divisions(inputs) }
        precondition(
            evaluation.services.count == count && evaluation.proposals.count == 5 && divided == count * 49 / 50,
            "the fleet is not the one described")
        return BenchRow(
            name: "evaluate 10,000 scaled services, signals in hand", value: milliseconds, unit: "ms",
            input: "10 % want more, 10 % fewer, 2 % without data; 5 proposals", reference: "two lookups and a division",
            referenceValue: reference, ratio: milliseconds / reference, bar: "<= 10 ms")
    }

    private static func divisions(_ inputs: ScalingInputs) -> Int {
        var divided = 0
        for service in inputs.desired.services {
            guard case .sample(let sample)? = inputs.readings[service.name],
                let replicas = inputs.history.records[service.name]?.memory.replicas
            else { continue }
            divided += sample.value / Double(replicas) >= 0 ? 1 : 0
        }
        return divided
    }

    private static func inputs(count: Int) -> ScalingInputs {
        let now = PureBenches.now
        var services: [ServiceSpec] = []
        var observations: [Observation] = []
        var readings: [String: SignalReading] = [:]
        var records: [String: ScalingRecord] = [:]
        var busy: [String: BusyCause] = [:]
        for index in 0..<count {
            let name = "service-\(String(index + 1_000_000).dropFirst())-mcp"
            services.append(
                ServiceSpec(
                    name: name, image: "docker.io/example/\(name):1.4.2", domain: "domain-\(index % 20)",
                    runtime: .swarm, scaling: ScalingSpec(maximum: 10, signal: definition.name, target: 200)))
            observations.append(
                Observation(
                    service: name, source: .docker, condition: .up, at: now, runtime: .swarm, runtimeID: "id-\(index)",
                    replicas: ReplicaCount(running: 3, wanted: 3)))
            let value: Double = index % 10 == 3 ? 900 : index % 10 == 6 ? 100 : 590 + Double(index % 20)
            let sample = SignalSample(
                service: name, signal: definition.name, value: value, unit: definition.unit,
                aggregation: definition.aggregation, source: .prometheus, at: now)
            readings[name] = index % 50 == 0 ? .missing(.empty) : .sample(sample)
            records[name] = ScalingRecord(
                memory: ScalingMemory(newestSampleAt: now.adding(seconds: -60), replicas: 3),
                lastScaling: PastScaling(at: now.adding(seconds: -4000), replicas: 3, author: .autoscaler))
            if index % 100 == 99 { busy[name] = .unsettled(actionID: "action:\(index)") }
        }
        return ScalingInputs(
            desired: DesiredState(services: services, digest: "bench"),
            snapshot: Snapshot(observations: observations, sources: [], at: now, generation: 1),
            signals: [definition.name: definition], readings: readings, history: ScalingHistory(records: records),
            busy: busy, budget: 5)
    }
}
