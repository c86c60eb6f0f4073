package import FleetModel

/// Takes every step but the last: reads the runtime where there is one, says what would be run, and runs nothing.
///
/// With a `base` that can read, no-ops and refusals come out as they would for real. Where the runtime cannot be
/// read, or there is none, the commands are worked out from names alone.
package struct DryRunActuator: Actuator {
    package let name = "dryrun"
    package let isDryRun = true

    private let base: (any Actuator)?

    package init(base: (any Actuator)? = nil) {
        self.base = base
    }

    package func prepare(_ action: Action, spec: ServiceSpec?) async -> Preparation {
        if let base {
            let preparation = await base.prepare(action, spec: spec)
            if case .unavailable = preparation {} else { return preparation }
        }
        if let moved = CommandHost.moved(action, spec: spec) { return .overtaken(moved) }
        return .commands(UnseenCommands.commands(for: action, spec: spec)).addressed(to: spec?.endpoint)
    }

    package func run(
        _ action: Action, commands: [[String]], spec: ServiceSpec?, mayBegin: @escaping @Sendable () -> Bool
    ) async -> ActionOutcome {
        let lines = commands.map { "`\(CommandLineText.line($0))`" }.joined(separator: ", then ")
        return ActionOutcome(.succeeded, "dry run: would run \(lines)", commands: commands)
    }

    /// A dry action has no effect that could be looked for. One that another process left behind for real is looked
    /// for through the base.
    package func settle(_ action: Action, now: WallTime) async -> ActionOutcome? {
        guard action.dryRun else { return await base?.settle(action, now: now) }
        return ActionOutcome(.succeeded, "dry run: nothing was run", commands: action.commands)
    }
}

/// The commands for an action by names alone, for a dry run without a runtime to read. Never run.
enum UnseenCommands {
    static func commands(for action: Action, spec: ServiceSpec?) -> [[String]] {
        let target = action.proposal.target
        let isSwarm = spec?.runtime == .swarm
        switch action.proposal.kind {
        case .restartService:
            return [
                isSwarm ? SwarmCommands.forceUpdate(target, actionID: action.id) : ContainerCommands.restart(target)
            ]
        case .stopService:
            return [isSwarm ? SwarmCommands.scale(target, to: 0) : ContainerCommands.stop(target)]
        case .scaleService:
            return [SwarmCommands.scale(target, to: action.proposal.params["replicas"]?.integer ?? 0)]
        case .rollbackService:
            if isSwarm { return [SwarmCommands.rollback(target)] }
            return ContainerCommands.swapBack(
                current: target, kept: target + ContainerNames.keptSuffix, name: target)
        case .redeployStack:
            return [SwarmCommands.listStack(target)]
        default:
            return [deploy(action, spec: spec, isSwarm: isSwarm)]
        }
    }

    private static func deploy(_ action: Action, spec: ServiceSpec?, isSwarm: Bool) -> [String] {
        let target = action.proposal.target
        let image = action.proposal.params["image"]?.string ?? spec?.image ?? target
        let isCreation = action.proposal.params["create"]?.bool == true
        switch (isSwarm, isCreation) {
        case (true, true): return SwarmCommands.create(target, image: image, spec: spec, actionID: action.id)
        case (true, false): return SwarmCommands.deploy(target, image: image, actionID: action.id)
        case (false, true): return ContainerCommands.create(target, image: image, spec: spec, actionID: action.id)
        case (false, false):
            return ["docker", "create", "--name", target + ContainerNames.nextSuffix, "--", image]
        }
    }
}

/// An argument array as a person would type it.
enum CommandLineText {
    static func line(_ arguments: [String]) -> String {
        arguments.map(quoted).joined(separator: " ").escapedForDisplay(maximumLength: 2000)
    }

    private static func quoted(_ argument: String) -> String {
        let isPlain =
            !argument.isEmpty
            && argument.utf8.allSatisfy { byte in
                (0x61...0x7A).contains(byte | 0x20) || (0x2B...0x3A).contains(byte) || byte == UInt8(ascii: "_")
                    || byte == UInt8(ascii: "=") || byte == UInt8(ascii: "@")
            }
        return isPlain ? argument : "'" + argument.replacing("'", with: "'\\''") + "'"
    }
}
