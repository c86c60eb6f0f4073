internal import DockerCLI
internal import FleetModel

/// The exchange of one container for another under one name, as a deploy or a rollback records it in its commands.
struct ContainerSwap {
    /// The service's container before the exchange.
    var oldID: String
    /// The name that both have in turn.
    var name: String
    /// A rollback's kept container; nil for a deploy, whose new container bears the action's label.
    var keptID: String?
    var stopSeconds: Int

    /// Nil when the commands exchange nothing.
    init?(_ action: Action, commands: [[String]]) {
        guard action.proposal.kind == .deployService || action.proposal.kind == .rollbackService else { return nil }
        let texts = commands.map(CommandText.init)
        guard let stop = texts.first(where: { $0.verb == "stop" }), let oldID = stop.operands.first else { return nil }
        let isAside = { (name: String) in
            name.hasSuffix(ContainerNames.keptSuffix) || name.hasSuffix(ContainerNames.nextSuffix)
        }
        guard let rename = texts.first(where: { $0.verb == "rename" && !isAside($0.operands.last ?? "") }),
            let incoming = rename.operands.first, let name = rename.operands.last
        else { return nil }
        self.oldID = oldID
        self.name = name
        keptID = action.proposal.kind == .rollbackService ? incoming : nil
        stopSeconds = stop.stopSeconds ?? ContainerCommands.stopSeconds
    }

    /// Whose configuration a deploy copies.
    var replacedID: String? { keptID == nil ? oldID : nil }
    var keptName: String { name + ContainerNames.keptSuffix }
    var nextName: String { name + ContainerNames.nextSuffix }
}

/// Leaves a working service where an exchange of containers failed or stopped halfway. Every step is chosen by
/// looking, so it may itself be interrupted and begun again.
struct ContainerRecovery {
    enum Result: Sendable {
        /// The old container runs under its name again.
        case restored(String)
        case impossible(String)
        /// A command of the undoing did not answer.
        case notKnown(String)
    }

    /// What stands there now.
    private struct Scene {
        var old: DockerReader.Listed?
        var incoming: DockerReader.Listed?
    }

    /// So long after the claim it is given up to undo what cannot be undone, and said so.
    private static let patienceSeconds = 600

    let actuator: DockerActuator
    let action: Action
    let swap: ContainerSwap
    /// Whether this process still trusts that it leads; asked right before each command.
    let mayBegin: @Sendable () -> Bool

    /// For an action that was left `executing` or ended `unknown`. Goes forward where the new container stands in its
    /// place and only was not started, else back. Nil when nothing is halfway, or a command may still be under way.
    func finishOrUndo(now: WallTime) async -> ActionOutcome? {
        let elapsed = now.seconds(since: action.startedAt ?? action.plannedAt)
        guard elapsed >= swap.stopSeconds + 5, let scene = try? await look() else { return nil }
        guard isHalfway(scene) else { return nil }
        if let incoming = scene.incoming, incoming.name == swap.name {
            switch await execute(ContainerCommands.start(incoming.id)) {
            case nil:
                await keepOld(scene)
                return ActionOutcome(
                    .succeeded, "was interrupted; the new container has been started", commands: action.commands)
            case .some(let failure) where failure.leavesUnknown: return nil
            default: break
            }
        }
        switch await undo() {
        case .restored(let what):
            return ActionOutcome(.failed, "was interrupted; \(what)", commands: action.commands)
        case .impossible(let why) where elapsed > ContainerRecovery.patienceSeconds:
            return ActionOutcome(
                .failed, "was interrupted, and the old container could not be put back: \(why)",
                commands: action.commands)
        case .impossible, .notKnown: return nil
        }
    }

    private func isHalfway(_ scene: Scene) -> Bool {
        guard let old = scene.old else { return false }
        guard let incoming = scene.incoming else { return old.name != swap.name }
        if incoming.name == swap.name {
            return (incoming.isGone && (swap.keptID != nil || !incoming.hasRun)) || old.name == swap.nextName
        }
        if swap.keptID != nil { return old.name != swap.name || old.isGone }
        return true
    }

    /// The old container under its name and running; what a deploy made is removed, what a rollback took is put back.
    func undo() async -> Result {
        let scene: Scene
        do { scene = try await look() } catch { return .notKnown("docker could not be read to undo it") }
        guard let old = scene.old else { return .impossible("it is gone") }
        actuator.onJournal(.beforeUndo)
        for (index, command) in undoing(old, scene.incoming).enumerated() {
            if index == 1 { actuator.onJournal(.betweenUndo) }
            guard let failure = await execute(command) else { continue }
            let text = "`\(CommandLineText.line(command))`: \(failure)"
            // What another leader may do is not impossible.
            return failure.leavesUnknown || !mayBegin() ? .notKnown(text) : .impossible(text)
        }
        actuator.onJournal(.afterUndo)
        return .restored("undone: the old container runs as `\(swap.name)`")
    }

    private func undoing(_ old: DockerReader.Listed, _ incoming: DockerReader.Listed?) -> [[String]] {
        var commands: [[String]] = []
        var oldName = old.name
        if let incoming {
            if swap.keptID == nil {
                commands.append(ContainerCommands.remove(incoming.id))
            } else if incoming.name == swap.name {
                if !incoming.isGone {
                    commands.append(ContainerCommands.stop(incoming.id, stopSeconds: swap.stopSeconds))
                }
                if oldName == swap.keptName {
                    commands.append(ContainerCommands.rename(old.id, to: swap.nextName))
                    oldName = swap.nextName
                }
                commands.append(ContainerCommands.rename(incoming.id, to: swap.keptName))
            }
        }
        if oldName != swap.name { commands.append(ContainerCommands.rename(old.id, to: swap.name)) }
        if old.isGone { commands.append(ContainerCommands.start(old.id)) }
        return commands
    }

    /// A rollback that stopped before its last rename has left the old container under the passing name.
    private func keepOld(_ scene: Scene) async {
        guard let old = scene.old, old.name == swap.nextName else { return }
        // Without it the container keeps that name, and the next deploy removes it as a leftover: the service runs.
        _ = await execute(ContainerCommands.rename(old.id, to: swap.keptName))
    }

    private func execute(_ command: [String]) async -> DockerFailure? {
        await actuator.execute(command, for: action, mayBegin: mayBegin)
    }

    private func look() async throws(DockerReadError) -> Scene {
        let listed = try await actuator.reader.containers()
        return Scene(
            old: listed.first { $0.id == swap.oldID },
            incoming: listed.first { item in
                if let keptID = swap.keptID { item.id == keptID } else { item.actionID == action.id }
            })
    }

    /// Whether the exchange has come to its end: the new container stands in its place and has been started.
    func isComplete() async throws(DockerReadError) -> Bool {
        guard let incoming = try await look().incoming, incoming.name == swap.name else { return false }
        let record = try await actuator.reader.container(id: incoming.id)
        guard let startedAt = record.startedAt else { return false }
        return swap.keptID == nil || action.startedAt.map { startedAt >= $0 } ?? true
    }
}

extension DockerReader.Listed {
    /// It was started once, whatever became of it.
    fileprivate var hasRun: Bool { status != "Created" }
}
