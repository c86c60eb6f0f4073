internal import FleetModel

/// What the evidence on one service says by itself: the contract's divergence table, with what the table leaves to
/// reason. Knows nothing of holds, actions or other services.
enum Assessment: Hashable {
    case inSync
    case unknown(UnknownCause)
    case diverging(Divergence)
    /// Diverging, but no action that Muster knows would mend it.
    case blocked(BlockedCause)

    /// Reads both in place: copying them would cost more than judging them. The pointers are used during the call
    /// only.
    static func of(_ spec: UnsafePointer<ServiceSpec>, _ observation: UnsafePointer<Observation>) -> Assessment {
        // Looked at on the host that an earlier registry named: no evidence for the one it names now.
        guard observation.pointee.endpoint == spec.pointee.endpoint else { return .unknown(.stale) }
        return switch observation.pointee.condition {
        case .unknown(let cause): .unknown(cause)
        case .up where spec.pointee.desired == .running: runningAndUp(spec, observation)
        case .up: stop(spec, observation, nil)
        case .absent where spec.pointee.desired == .running: runningAndAbsent(spec)
        case .absent: .inSync
        case .down(let cause) where spec.pointee.desired == .running: runningAndDown(spec, observation, cause)
        case .down(let cause): stoppedAndDown(spec, observation, cause)
        }
    }

    // MARK: - Wanted running

    /// The image comes before the replicas: more copies of the wrong version help nobody. What cannot be compared
    /// or changed is said only where nothing else is to be done.
    private static func runningAndUp(
        _ spec: UnsafePointer<ServiceSpec>, _ observation: UnsafePointer<Observation>
    ) -> Assessment {
        var obstacle: BlockedCause?
        if let version = spec.pointee.version, observation.pointee.runtimeID != nil,
            spec.pointee.runtime != Runtime.none
        {
            let image = observation.pointee.image ?? ""
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
        if spec.pointee.replicas == nil, spec.pointee.scaling == nil { return obstacle.map { .blocked($0) } ?? .inSync }
        switch replicas(spec, observation) {
        case .inSync: return obstacle.map { .blocked($0) } ?? .inSync
        case let replicas: return replicas
        }
    }

    /// Replicas of a service that is up, or scaled to zero.
    private static func replicas(_ spec: UnsafePointer<ServiceSpec>, _ observation: UnsafePointer<Observation>)
        -> Assessment
    {
        switch observation.pointee.runtime ?? spec.pointee.runtime {
        case .swarm:
            guard let observed = observation.pointee.replicas?.wanted,
                let wanted = spec.pointee.replicasWanted(having: observed),
                wanted != observed
            else { return .inSync }
            let owner = spec.pointee.replicasOwner
            return act(.replicas(observed: observed, wanted: wanted, owner: owner), spec, observation)
        case .container:
            guard let wanted = spec.pointee.replicasWanted(having: 1), wanted != 1 else { return .inSync }
            return .blocked(.containerReplicas(wanted: wanted))
        case nil, Runtime.none?:
            return .inSync
        }
    }

    private static func runningAndDown(
        _ spec: UnsafePointer<ServiceSpec>, _ observation: UnsafePointer<Observation>, _ cause: DownCause
    ) -> Assessment {
        if let conflict = runtimeConflict(spec, observation) { return .blocked(conflict) }
        guard observation.pointee.runtimeID != nil, spec.pointee.runtime != Runtime.none else {
            return .blocked(.noRuntime(cause))
        }
        if cause == .scaledToZero {
            guard let wanted = spec.pointee.replicasWanted(having: 0) else { return .blocked(.scaledToZero) }
            if wanted == 0 { return .inSync }
            return act(.replicas(observed: 0, wanted: wanted, owner: spec.pointee.replicasOwner), spec, observation)
        }
        // Nothing is restarted of which none is wanted.
        if spec.pointee.scaling == nil, spec.pointee.replicas == 0 {
            let replicas = replicas(spec, observation)
            if replicas != .inSync { return replicas }
        }
        return .diverging(.down(cause))
    }

    /// `absent` is said only of a service whose runtime the registry declares; after a reload that took the
    /// declaration away it is no evidence any more.
    private static func runningAndAbsent(_ spec: UnsafePointer<ServiceSpec>) -> Assessment {
        guard let runtime = spec.pointee.runtime, runtime != .none else { return .unknown(.notFound) }
        guard let image = spec.pointee.image else { return .blocked(.noImage) }
        return .diverging(.absent(image: image, replicas: runtime == .swarm ? spec.pointee.replicasToCreate() : nil))
    }

    // MARK: - Wanted stopped

    /// What still runs, or would run again by itself, is stopped. A failed probe or an alert does not say that
    /// nothing runs: with a container or Swarm service behind it, it is stopped too.
    private static func stoppedAndDown(
        _ spec: UnsafePointer<ServiceSpec>, _ observation: UnsafePointer<Observation>, _ cause: DownCause
    ) -> Assessment {
        switch cause {
        case .exited, .outOfMemory, .dead, .created, .scaledToZero: .inSync
        case .paused, .restarting, .unhealthy, .noTaskRunning: stop(spec, observation, cause)
        case .probeFailed, .event: observation.pointee.runtimeID == nil ? .inSync : stop(spec, observation, cause)
        }
    }

    private static func stop(
        _ spec: UnsafePointer<ServiceSpec>, _ observation: UnsafePointer<Observation>, _ cause: DownCause?
    ) -> Assessment {
        if let conflict = runtimeConflict(spec, observation) { return .blocked(conflict) }
        guard observation.pointee.runtimeID != nil, spec.pointee.runtime != Runtime.none else {
            return .blocked(.nothingToStop)
        }
        return .diverging(.runsThoughStopped(cause))
    }

    // MARK: - Runtime

    private static func act(
        _ divergence: Divergence, _ spec: UnsafePointer<ServiceSpec>, _ observation: UnsafePointer<Observation>
    ) -> Assessment {
        runtimeConflict(spec, observation).map { .blocked($0) } ?? .diverging(divergence)
    }

    /// What the registry does not mean is not touched.
    private static func runtimeConflict(
        _ spec: UnsafePointer<ServiceSpec>, _ observation: UnsafePointer<Observation>
    ) -> BlockedCause? {
        guard let declared = spec.pointee.runtime, let observed = observation.pointee.runtime, declared != observed
        else { return nil }
        return .otherRuntime(declared: declared, observed: observed)
    }
}

extension ServiceSpec {
    /// How many replicas there should be where there are `observed`; nil where nobody says. The autoscaler owns
    /// the replicas of a service with `scaling`: only its bounds are enforced here (design, one owner per field).
    func replicasWanted(having observed: Int) -> Int? {
        guard let scaling else { return replicas }
        return min(max(observed, scaling.minimum), scaling.maximum)
    }

    /// How many replicas a Swarm service is created with; nil leaves it to docker, which makes one.
    func replicasToCreate() -> Int? {
        guard let scaling else { return replicas }
        return min(max(replicas ?? 1, scaling.minimum), scaling.maximum)
    }
}
