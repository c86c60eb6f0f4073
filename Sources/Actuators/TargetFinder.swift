internal import DockerCLI
internal import FleetModel

/// Finds the container or Swarm service that a target means, by the observer's rules: its own name, else the label
/// `muster.service`, else compose's label (containers) or the name within its stack (Swarm).
struct TargetFinder {
    enum Finding {
        case container(id: String, ContainerPlanning.Surroundings)
        case service(SwarmService)
        case nothing(ContainerPlanning.Surroundings)
        /// "2 containers", "a container and a Swarm service".
        case several(String)
        /// The registry says that docker does not run it.
        case notDocker
    }

    let reader: DockerReader

    func find(_ target: String, runtime: Runtime?) async throws(DockerReadError) -> Finding {
        switch runtime {
        case .some(.none): return .notDocker
        case .container: return TargetFinder.pick(target, try await reader.containers())
        case .swarm: return TargetFinder.pick(try await reader.services(named: target))
        case nil:
            let container = TargetFinder.pick(target, try await reader.containers())
            let service = TargetFinder.pick(try await reader.services(named: target))
            switch (container, service) {
            case (_, .nothing): return container
            case (.nothing, _): return service
            case (.container, .service): return .several("a container and a Swarm service")
            default: return .several("several containers and Swarm services")
            }
        }
    }

    /// The container of the target's own name wins, else the only one that claims it, else the only one not gone.
    static func pick(_ target: String, _ listed: [DockerReader.Listed]) -> Finding {
        let claims = listed.filter { $0.isService && [$0.name, $0.musterService, $0.composeService].contains(target) }
        let present = claims.filter { !$0.isGone }
        let chosen =
            claims.first { $0.name == target }
            ?? (claims.count == 1 ? claims[0] : present.count == 1 ? present[0] : nil)
        let name = chosen?.name ?? target
        let surroundings = ContainerPlanning.Surroundings(
            keptID: listed.first { $0.name == name + ContainerNames.keptSuffix }?.id,
            nextID: listed.first { $0.name == name + ContainerNames.nextSuffix }?.id)
        if let chosen { return .container(id: chosen.id, surroundings) }
        return claims.isEmpty ? .nothing(surroundings) : .several("\(claims.count) containers")
    }

    static func pick(_ services: [SwarmService]) -> Finding {
        switch services.count {
        case 0: .nothing(ContainerPlanning.Surroundings())
        case 1: .service(services[0])
        default: .several("\(services.count) Swarm services")
        }
    }
}

extension DockerReader.Listed {
    /// Not a task of a Swarm service, not made by `docker compose run`, and not in a deploy's hands.
    var isService: Bool {
        !isSwarmTask && !isOneOff && !name.hasSuffix(ContainerNames.keptSuffix)
            && !name.hasSuffix(ContainerNames.nextSuffix)
    }

    /// Exited, dead or never started.
    var isGone: Bool { !status.hasPrefix("Up") && !status.hasPrefix("Restarting") }

    /// Ended well, as a job does, or was never started: nothing that a redeployment would run again.
    var hasFinished: Bool { status.hasPrefix("Exited (0)") || status == "Created" }
}
