import FleetModel

/// When the tests' snapshots were taken.
let now = WallTime(rfc3339: "2026-11-21T01:30:00Z")!

func service(
    _ name: String = "api", image: String? = "example/api:1.4.2", runtime: Runtime? = nil,
    desired: DesiredRun = .running, replicas: Int? = nil, version: String? = nil, domain: String? = nil,
    dependsOn: [String] = [], scaling: (minimum: Int, maximum: Int)? = nil
) -> ServiceSpec {
    ServiceSpec(
        name: name, image: image, domain: domain, runtime: runtime, desired: desired, replicas: replicas,
        version: version, dependsOn: dependsOn,
        scaling: scaling.map {
            ScalingSpec(minimum: $0.minimum, maximum: $0.maximum, signal: "queue_depth", target: 200)
        })
}

/// A container as the docker observer sees it.
func container(
    _ condition: Condition, _ name: String = "api", image: String = "example/api:1.4.2", at: WallTime = now
) -> Observation {
    Observation(
        service: name, source: .docker, condition: condition, at: at, runtime: .container, runtimeID: "c-\(name)",
        image: image)
}

/// A Swarm service as the docker observer sees it.
func swarm(
    _ condition: Condition, _ name: String = "api", image: String = "example/api:1.4.2", running: Int = 1,
    wanted: Int = 1, at: WallTime = now
) -> Observation {
    Observation(
        service: name, source: .docker, condition: condition, at: at, runtime: .swarm, runtimeID: "s-\(name)",
        image: image, replicas: ReplicaCount(running: running, wanted: wanted))
}

/// Seen by the probe alone.
func probed(_ condition: Condition, _ name: String = "api") -> Observation {
    Observation(service: name, source: .probe, condition: condition, at: now)
}

/// Not in docker's complete answer.
func absent(_ name: String = "api") -> Observation {
    Observation(service: name, source: .docker, condition: .absent, at: now)
}

func desired(_ services: [ServiceSpec]) -> DesiredState {
    DesiredState(services: services, digest: "d")
}

func snapshot(_ observations: [Observation], at: WallTime = now) -> Snapshot {
    Snapshot(observations: observations, sources: [], at: at, generation: 1)
}

func action(
    _ proposal: Proposal, state: ActionState, dryRun: Bool = false, finishedAt: WallTime? = nil
) -> Action {
    Action(
        id: "action:1", proposal: proposal, state: state, actuator: dryRun ? "dryrun" : "docker", dryRun: dryRun,
        epoch: 1, decisionID: "action_decision:1", plannedAt: now.adding(seconds: -60), finishedAt: finishedAt)
}

/// SplitMix64: the same seed gives the same fleet everywhere.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
