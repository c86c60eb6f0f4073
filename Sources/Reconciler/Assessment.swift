internal import FleetModel

/// What the evidence on one service says by itself: the contract's divergence table, with what the table leaves to
/// reason. Knows nothing of holds, actions or other services.
enum Assessment: Hashable {
    case inSync
    case unknown(UnknownCause)
    case diverging(Divergence)
    /// Diverging, but no action that Muster knows would mend it.
    case blocked(BlockedCause)

    static func of(_ spec: borrowing ServiceSpec, _ observation: borrowing Observation) -> Assessment {
        switch observation.condition {
        case .unknown(let cause): .unknown(cause)
        case .up where spec.desired == .running: runningAndUp(spec, observation)
        case .up: stop(spec, observation, nil)
        case .absent where spec.desired == .running: runningAndAbsent(spec)
        case .absent: .inSync
        case .down(let cause) where spec.desired == .running: runningAndDown(spec, observation, cause)
        case .down(let cause): stoppedAndDown(spec, observation, cause)
        }
    }

    // MARK: - Wanted running

    /// The image comes before the replicas: more copies of the wrong version help nobody. What cannot be compared
    /// or changed is said only where nothing else is to be done.
    private static func runningAndUp(
        _ spec: borrowing ServiceSpec, _ observation: borrowing Observation
    ) -> Assessment {
        var obstacle: BlockedCause?
        if let version = spec.version, observation.runtimeID != nil, spec.runtime != Runtime.none {
            let image = observation.image ?? ""
            if !ImageVersion.isTagged(image, version) {
                switch ImageVersion.compare(image, wanted: version) {
                case .same: break
                case .unreadable: obstacle = .unreadableImage(image.isEmpty ? "unknown" : image)
                case .other(let observed):
                    let wanted = ImageVersion.image(wanted: version, of: spec, running: observed)
                    return act(.version(wanted: wanted, version: version, observed: observed), spec, observation)
                }
            }
        }
        if spec.replicas == nil, spec.scaling == nil { return obstacle.map { .blocked($0) } ?? .inSync }
        switch replicas(spec, observation) {
        case .inSync: return obstacle.map { .blocked($0) } ?? .inSync
        case let replicas: return replicas
        }
    }

    /// Replicas of a service that is up, or scaled to zero.
    private static func replicas(_ spec: borrowing ServiceSpec, _ observation: borrowing Observation) -> Assessment {
        switch observation.runtime ?? spec.runtime {
        case .swarm:
            guard let observed = observation.replicas?.wanted, let wanted = spec.replicasWanted(having: observed),
                wanted != observed
            else { return .inSync }
            let owner = spec.replicasOwner
            return act(.replicas(observed: observed, wanted: wanted, owner: owner), spec, observation)
        case .container:
            guard let wanted = spec.replicasWanted(having: 1), wanted != 1 else { return .inSync }
            return .blocked(.containerReplicas(wanted: wanted))
        case nil, Runtime.none?:
            return .inSync
        }
    }

    private static func runningAndDown(
        _ spec: borrowing ServiceSpec, _ observation: borrowing Observation, _ cause: DownCause
    ) -> Assessment {
        if let conflict = runtimeConflict(spec, observation) { return .blocked(conflict) }
        guard observation.runtimeID != nil, spec.runtime != Runtime.none else { return .blocked(.noRuntime(cause)) }
        if cause == .scaledToZero {
            guard let wanted = spec.replicasWanted(having: 0) else { return .blocked(.scaledToZero) }
            if wanted == 0 { return .inSync }
            return act(.replicas(observed: 0, wanted: wanted, owner: spec.replicasOwner), spec, observation)
        }
        // Nothing is restarted of which none is wanted.
        if spec.scaling == nil, spec.replicas == 0 {
            let replicas = replicas(spec, observation)
            if replicas != .inSync { return replicas }
        }
        return .diverging(.down(cause))
    }

    /// `absent` is said only of a service whose runtime the registry declares; after a reload that took the
    /// declaration away it is no evidence any more.
    private static func runningAndAbsent(_ spec: borrowing ServiceSpec) -> Assessment {
        guard let runtime = spec.runtime, runtime != .none else { return .unknown(.notFound) }
        guard let image = spec.image else { return .blocked(.noImage) }
        return .diverging(.absent(image: image, replicas: runtime == .swarm ? spec.replicasToCreate() : nil))
    }

    // MARK: - Wanted stopped

    /// What still runs, or would run again by itself, is stopped. A failed probe or an alert does not say that
    /// nothing runs: with a container or Swarm service behind it, it is stopped too.
    private static func stoppedAndDown(
        _ spec: borrowing ServiceSpec, _ observation: borrowing Observation, _ cause: DownCause
    ) -> Assessment {
        switch cause {
        case .exited, .outOfMemory, .dead, .created, .scaledToZero: .inSync
        case .paused, .restarting, .unhealthy, .noTaskRunning: stop(spec, observation, cause)
        case .probeFailed, .event: observation.runtimeID == nil ? .inSync : stop(spec, observation, cause)
        }
    }

    private static func stop(
        _ spec: borrowing ServiceSpec, _ observation: borrowing Observation, _ cause: DownCause?
    ) -> Assessment {
        if let conflict = runtimeConflict(spec, observation) { return .blocked(conflict) }
        guard observation.runtimeID != nil, spec.runtime != Runtime.none else { return .blocked(.nothingToStop) }
        return .diverging(.runsThoughStopped(cause))
    }

    // MARK: - Runtime

    private static func act(
        _ divergence: Divergence, _ spec: borrowing ServiceSpec, _ observation: borrowing Observation
    ) -> Assessment {
        runtimeConflict(spec, observation).map { .blocked($0) } ?? .diverging(divergence)
    }

    /// What the registry does not mean is not touched.
    private static func runtimeConflict(
        _ spec: borrowing ServiceSpec, _ observation: borrowing Observation
    ) -> BlockedCause? {
        guard let declared = spec.runtime, let observed = observation.runtime, declared != observed else { return nil }
        return .otherRuntime(declared: declared, observed: observed)
    }
}

extension ServiceSpec {
    /// How many replicas there should be where there are `observed`; nil where nobody says. The autoscaler owns
    /// the replicas of a service with `scaling`: only its bounds are enforced here (design, one owner per field).
    borrowing func replicasWanted(having observed: Int) -> Int? {
        guard let scaling else { return replicas }
        return min(max(observed, scaling.minimum), scaling.maximum)
    }

    /// How many replicas a Swarm service is created with; nil leaves it to docker, which makes one.
    borrowing func replicasToCreate() -> Int? {
        guard let scaling else { return replicas }
        return min(max(replicas ?? 1, scaling.minimum), scaling.maximum)
    }
}
