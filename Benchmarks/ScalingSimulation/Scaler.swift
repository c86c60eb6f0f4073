internal import Autoscaler
package import FleetModel

/// One autoscaler with its own settings, told the load every `LoadTrace.tickSeconds`.
package protocol Scaler {
    /// For legends and tables.
    var name: String { get }
    /// The replicas from now on.
    mutating func replicas(having current: Int, load: Double, second: Int) -> Int
}

/// What both scalers are given.
package enum Common {
    package static let target = 100.0
    package static let minimum = 1
    package static let maximum = 20
    /// What both start with: enough for the first load of every trace is reached from it within minutes.
    package static let initial = 3
}

/// The Kubernetes HorizontalPodAutoscaler as documented (kubernetes.io, Horizontal Pod Autoscaling):
/// `desired = ceil(current x value / target)`, no change within a tolerance of 0.1, every 15 s. Scaling down goes to
/// the highest recommendation of the last 300 s; scaling up by at most 100 % or 4 pods in 15 s, whichever is more.
package struct HorizontalPodAutoscaler: Scaler {
    package let name = "Kubernetes HPA"
    private let tolerance = 0.1
    private let stabilizationSeconds = 300
    private var recommendations: [(second: Int, replicas: Int)] = []

    package init() {}

    package mutating func replicas(having current: Int, load: Double, second: Int) -> Int {
        let ratio = load / Double(current) / Common.target
        let wanted = abs(ratio - 1) <= tolerance ? current : Int((Double(current) * ratio).rounded(.up))
        recommendations.removeAll { $0.second <= second - stabilizationSeconds }
        recommendations.append((second, wanted))
        let highest = recommendations.map(\.replicas).max() ?? wanted
        let stabilized = wanted < current ? min(highest, current) : wanted
        let limited = min(stabilized, max(current * 2, current + 4))
        return min(max(limited, Common.minimum), Common.maximum)
    }
}

/// Muster's own code, evaluated every 60 s (`FLEET_AUTOSCALER_INTERVAL`), each proposal allowed and carried out at
/// once.
package struct MusterScaler: Scaler {
    package let name: String
    private let desired: DesiredState
    private var record = ScalingRecord()
    private let intervalSeconds = 60

    private static let signal = SignalDefinition(name: "load", aggregation: .fleetTotal, unit: "requests/s")

    package init(name: String, _ scaling: ScalingSpec) {
        self.name = name
        let spec = ServiceSpec(name: "web", runtime: .swarm, scaling: scaling)
        desired = DesiredState(services: [spec], digest: "simulation")
    }

    /// Everything as it is when a `scaling:` block does not name it.
    package static var defaults: MusterScaler {
        MusterScaler(
            name: "Muster, defaults",
            ScalingSpec(minimum: Common.minimum, maximum: Common.maximum, signal: "load", target: Common.target))
    }

    /// Steps and cooldown for a service whose load moves within minutes.
    package static var brisk: MusterScaler {
        MusterScaler(
            name: "Muster, brisk",
            ScalingSpec(
                minimum: Common.minimum, maximum: Common.maximum, signal: "load", target: Common.target,
                scaleUpStep: 4, scaleDownStep: 2, cooldownSeconds: 60, deadband: 0.1,
                scaleDownStabilizationSamples: 5))
    }

    package mutating func replicas(having current: Int, load: Double, second: Int) -> Int {
        guard second % intervalSeconds == 0 else { return current }
        let now = WallTime(seconds: Int64(second))
        let sample = SignalSample(
            service: "web", signal: "load", value: load, unit: Self.signal.unit, aggregation: .fleetTotal,
            source: .prometheus, at: now)
        let observation = Observation(
            service: "web", source: .docker, condition: .up, at: now, runtime: .swarm,
            replicas: ReplicaCount(running: current, wanted: current))
        let inputs = ScalingInputs(
            desired: desired,
            snapshot: Snapshot(observations: [observation], sources: [], at: now, generation: 1),
            signals: ["load": Self.signal], readings: ["web": .sample(sample)],
            history: ScalingHistory(records: ["web": record]))
        let result = Autoscaler.evaluate(inputs, now: now).services[0]
        record.memory = result.memory
        guard case .proposed = result.verdict, let desired = result.arithmetic?.desired else { return current }
        record.lastScaling = PastScaling(at: now, replicas: desired, from: current, author: .autoscaler)
        return desired
    }
}
