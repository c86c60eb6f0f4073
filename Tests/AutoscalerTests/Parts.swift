import Autoscaler
import FleetModel

let now = WallTime(seconds: 1_795_224_600)

let queueDepth = SignalDefinition(name: "queue_depth", aggregation: .fleetTotal, unit: "items")
let cpu = SignalDefinition(name: "cpu", aggregation: .perReplica, unit: "percent")
let signals = [queueDepth.name: queueDepth, cpu.name: cpu]

/// 1-5 replicas for 200 items each, two up or one down at a time, no waiting.
let queueScaling = ScalingSpec(
    minimum: 1, maximum: 5, signal: "queue_depth", target: 200, scaleUpStep: 2, scaleDownStep: 1,
    scaleUpStabilizationSamples: 1, scaleDownStabilizationSamples: 1)

func spec(_ scaling: ScalingSpec?, _ name: String = "web", desired: DesiredRun = .running) -> ServiceSpec {
    ServiceSpec(name: name, image: "example/web:1", runtime: .swarm, desired: desired, scaling: scaling)
}

func sample(
    _ value: Double, _ definition: SignalDefinition = queueDepth, _ service: String = "web", at time: WallTime = now
) -> SignalSample {
    SignalSample(
        service: service, signal: definition.name, value: value, unit: definition.unit,
        aggregation: definition.aggregation, source: .prometheus, at: time)
}

func seen(_ replicas: Int, _ name: String = "web", _ condition: Condition? = nil) -> Observation {
    Observation(
        service: name, source: .docker, condition: condition ?? (replicas == 0 ? .down(.scaledToZero) : .up), at: now,
        runtime: .swarm, runtimeID: "id-\(name)", image: "example/web:1",
        replicas: ReplicaCount(running: replicas, wanted: replicas))
}

/// The inputs for one service `web`; a test changes what it is about.
func webInputs(
    _ scaling: ScalingSpec = queueScaling, replicas: Int, _ reading: SignalReading?,
    record: ScalingRecord = ScalingRecord(), at time: WallTime = now
) -> ScalingInputs {
    ScalingInputs(
        desired: DesiredState(services: [spec(scaling)], digest: "d"),
        snapshot: Snapshot(observations: [seen(replicas)], sources: [], at: time, generation: 1), signals: signals,
        readings: reading.map { ["web": $0] } ?? [:], history: ScalingHistory(records: ["web": record]))
}

extension ScalingInputs {
    /// The only service's evaluation.
    func only(at time: WallTime = now) -> ScalingEvaluation {
        Autoscaler.evaluate(self, now: time).services[0]
    }

    /// The only service's new number of replicas; nil when nothing is proposed.
    func proposed(at time: WallTime = now) -> Int? {
        Autoscaler.evaluate(self, now: time).proposals.first?.params["replicas"]?.integer
    }

    /// The guard that stopped the only service.
    func stop(at time: WallTime = now) -> ScalingGuard? {
        if case .stopped(let guardian) = only(at: time).verdict { guardian } else { nil }
    }
}
