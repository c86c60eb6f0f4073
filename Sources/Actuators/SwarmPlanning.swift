internal import FleetModel

/// From a Swarm service as it is now to the commands for an action on it. Pure. The service is addressed by its id, so
/// that one that was removed and made anew under its name is not the one that is changed.
enum SwarmPlanning {
    /// - Parameter running: since when each wanted task that runs has been running.
    static func restart(
        _ action: Action, _ service: SwarmService, running: [WallTime], spec: ServiceSpec?
    ) -> Preparation {
        if service.replicas == 0 {
            // An update of no tasks starts none.
            let wanted = max(spec?.replicas ?? spec?.scaling?.minimum ?? 1, 1)
            return .commands([SwarmCommands.scale(service.id, to: wanted)])
        }
        if action.proposal.source != .manual, let wanted = service.replicas, running.count >= wanted,
            running.allSatisfy({ $0 > action.plannedAt })
        {
            return .alreadyDone("recovered: \(running.count) of \(wanted) tasks run again")
        }
        return .commands([SwarmCommands.forceUpdate(service.id, actionID: action.id)])
    }

    static func scale(_ action: Action, _ service: SwarmService) -> Preparation {
        guard let wanted = action.proposal.params["replicas"]?.integer else { return .refused("`replicas` is missing") }
        guard let present = service.replicas else { return .refused(isGlobal(service)) }
        if present == wanted { return .alreadyDone("`\(service.name)` is scaled to \(wanted) already") }
        if let from = action.proposal.params["from_replicas"]?.integer, from != present {
            return .refused("changed since it was proposed: `\(service.name)` is scaled to \(present), not \(from)")
        }
        return .commands([SwarmCommands.scale(service.id, to: wanted)])
    }

    static func stop(_ service: SwarmService) -> Preparation {
        guard let present = service.replicas else { return .refused(isGlobal(service)) }
        if present == 0 { return .alreadyDone("`\(service.name)` is scaled to 0 already") }
        return .commands([SwarmCommands.scale(service.id, to: 0)])
    }

    static func deploy(_ action: Action, image: String, _ service: SwarmService) -> Preparation {
        if ImageComparison.isSame(service.image, image) {
            return .alreadyDone("`\(service.name)` runs `\(image)` already")
        }
        if let from = action.proposal.params["from_image"]?.string,
            !ImageComparison.isSame(service.image, String(from.prefix { $0 != "@" }))
        {
            return .refused("changed since it was proposed: `\(service.name)` runs `\(service.image)`, not `\(from)`")
        }
        return .commands([SwarmCommands.deploy(service.id, image: image, actionID: action.id)])
    }

    static func rollback(_ service: SwarmService) -> Preparation {
        guard service.hasPreviousSpec else {
            return .refused(
                "Swarm keeps no earlier specification of `\(service.name)`; "
                    + "use `deploy_service` with the image you want")
        }
        return .commands([SwarmCommands.rollback(service.id)])
    }

    private static func isGlobal(_ service: SwarmService) -> String {
        "`\(service.name)` is a global service, which runs one task per node; it has no number of replicas to change"
    }
}
