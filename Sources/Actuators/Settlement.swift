internal import DockerCLI
internal import FleetModel

/// What became of an action whose commands may or may not have reached the daemon, by looking for the effect of each.
struct Settlement {
    let actuator: DockerActuator
    let action: Action
    let now: WallTime

    /// Docker may still be at it until its deadline has passed for each command, and half a minute for the daemon.
    private var isOverdue: Bool {
        let perCommand = Int(actuator.docker.timeout.components.seconds)
        let graces = action.commands.compactMap { CommandText($0).stopSeconds }.reduce(0, +)
        return now.seconds(since: action.startedAt ?? action.plannedAt) > perCommand + max(graces, 0) + 30
    }

    /// Nil when looking does not tell, or not yet.
    func outcome() async -> ActionOutcome? {
        let commands = action.commands
        guard !commands.isEmpty else {
            return ActionOutcome(.failed, "nothing was run: it had been refused", commands: commands)
        }
        do {
            let effective = try await effectiveCommands()
            if effective == commands.count {
                return ActionOutcome(.succeeded, "found by looking: it took effect", commands: commands)
            }
            guard isOverdue else { return nil }
            let detail =
                effective == 0
                ? "found by looking: it did not take effect"
                : "found by looking: \(effective) of \(commands.count) commands took effect"
            return ActionOutcome(.failed, detail, commands: commands)
        } catch {
            return nil
        }
    }

    private func effectiveCommands() async throws(DockerReadError) -> Int {
        if let swap = ContainerSwap(action, commands: action.commands) {
            let recovery = ContainerRecovery(actuator: actuator, action: action, swap: swap, mayBegin: { false })
            return try await recovery.isComplete() ? action.commands.count : 0
        }
        var count = 0
        for command in action.commands {
            do {
                if try await hasTakenEffect(CommandText(command)) { count += 1 }
            } catch .notThere {
                continue
            }
        }
        return count
    }

    private func hasTakenEffect(_ command: CommandText) async throws(DockerReadError) -> Bool {
        let reader = actuator.reader
        let operand = command.operands.first ?? ""
        let since = action.startedAt ?? action.plannedAt
        switch command.verb {
        case "restart":
            return try await reader.container(id: operand).startedAt.map { $0 >= since } ?? false
        case "stop":
            return try await !["running", "paused", "restarting"].contains(reader.container(id: operand).status)
        case "run":
            let name = command.value(of: "--name") ?? ""
            let container = try await reader.container(id: name)
            return container.actionID == action.id && container.startedAt != nil
        case "service update":
            return try await reader.service(id: operand).actionID == action.id
        case "service create":
            return try await reader.service(id: command.value(of: "--name") ?? "").actionID == action.id
        case "service scale":
            let parts = operand.split(separator: "=")
            guard parts.count == 2 else { return false }
            return try await reader.service(id: String(parts[0])).replicas == Int(parts[1])
        case "service rollback":
            let service = try await reader.service(id: operand)
            let isRolledBack = service.updateState?.hasPrefix("rollback") == true
            return isRolledBack && (service.updateStartedAt.map { $0 >= since } ?? false)
        default:
            return false
        }
    }
}
