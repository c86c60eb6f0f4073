internal import FleetModel

/// From a container as it is now to the commands for an action on it. Pure.
enum ContainerPlanning {
    static func restart(_ action: Action, _ container: ContainerRecord) -> Preparation {
        if let recovered = recovered(action, container) { return .alreadyDone(recovered) }
        return .commands([ContainerCommands.restart(container.id, stopSeconds: container.stopSeconds)])
    }

    /// A person's restart is always carried out. The loop's was for a container that was down: one that started
    /// after the action was planned, and is well, has been restarted by another hand. A start before that does not
    /// count, since what said `down` may have been a probe.
    private static func recovered(_ action: Action, _ container: ContainerRecord) -> String? {
        guard action.proposal.source != .manual, container.isRunning,
            container.health == nil || container.health == "healthy", let startedAt = container.startedAt,
            startedAt > action.plannedAt
        else { return nil }
        return "recovered: the container runs again since \(startedAt)"
    }

    static func stop(_ container: ContainerRecord) -> Preparation {
        switch container.status {
        case "exited", "dead", "created", "removing":
            .alreadyDone("the container is stopped already (\(container.status))")
        default: .commands([ContainerCommands.stop(container.id, stopSeconds: container.stopSeconds)])
        }
    }

    static func scale(_ target: String) -> Preparation {
        .refused(
            "`\(target)` is a container, and docker runs exactly one of it; run it as a Swarm service "
                + "(`runtime: swarm`) to scale it, or use `stop_service` and `restart_service` for none and one")
    }

    /// What stands beside a service's container.
    struct Surroundings {
        /// The container that the last deploy replaced.
        var keptID: String?
        /// Made by a deploy that did not come to put it in place.
        var nextID: String?
    }

    /// The new container is made beside the old one, and everything that may fail for its configuration, its image
    /// or its networks fails there, before the old one is touched. From `stop` on, `ContainerRecovery` undoes.
    static func deploy(
        _ action: Action, image: String, container: ContainerRecord, imageConfiguration: JSONObject,
        surroundings: Surroundings
    ) -> Preparation {
        if ImageComparison.isSame(container.imageName, image) {
            return .alreadyDone("the container runs `\(image)` already")
        }
        if let from = action.proposal.params["from_image"]?.string,
            !ImageComparison.isSame(container.imageName, from)
        {
            return .refused(
                "changed since it was proposed: the container runs `\(container.imageName)`, not `\(from)`")
        }
        let carried: CarryOver
        do { carried = try CarryOver(of: container, image: imageConfiguration) } catch {
            return .refused(error.description)
        }
        let name = container.name
        let next = name + ContainerNames.nextSuffix
        var commands: [[String]] = []
        if let leftover = surroundings.nextID { commands.append(ContainerCommands.remove(leftover)) }
        let label = ["--label", "\(ContainerNames.actionLabel)=\(action.id)"]
        commands.append(
            ["docker", "create", "--name", next] + carried.options + label + ["--", image] + carried.arguments)
        for (options, network) in carried.extraNetworks {
            commands.append(["docker", "network", "connect"] + options + ["--", network, next])
        }
        commands.append(ContainerCommands.stop(container.id, stopSeconds: container.stopSeconds))
        if let kept = surroundings.keptID { commands.append(ContainerCommands.remove(kept)) }
        commands.append(ContainerCommands.rename(container.id, to: name + ContainerNames.keptSuffix))
        commands.append(ContainerCommands.rename(next, to: name))
        commands.append(ContainerCommands.start(name))
        return .commands(commands)
    }

    static func rollback(_ container: ContainerRecord, surroundings: Surroundings) -> Preparation {
        guard let kept = surroundings.keptID else {
            return .refused(
                "no earlier container is kept for `\(container.name)` "
                    + "(`\(container.name)\(ContainerNames.keptSuffix)`); use `deploy_service` with the image you want")
        }
        let swap = ContainerCommands.swapBack(
            current: container.id, kept: kept, name: container.name, stopSeconds: container.stopSeconds)
        let leftover = surroundings.nextID.map { [ContainerCommands.remove($0)] } ?? []
        return .commands(leftover + swap)
    }
}
