package import DockerCLI
package import FleetModel

/// Carries out the built-in kinds with the docker command line, for containers and Swarm services.
///
/// See docs/docker-actuator.md for each kind's commands. Which container or service a target means follows the
/// observer's rules. Each action runs on the docker host of its service; a value of this type is bound to one host, and
/// the protocol's methods bind it to the right one.
package struct DockerActuator: Actuator {
    package let name = "docker"
    package let isDryRun = false

    private let hosts: DockerHosts
    /// Of the host that this value is bound to.
    let docker: DockerCLI
    let reader: DockerReader
    let onJournal: @Sendable (JournalPoint) -> Void

    /// For a fleet on the default endpoint alone.
    package init(docker: DockerCLI) {
        self.init(hosts: DockerHosts(docker))
    }

    /// `onJournal` is called at each point of the journal that lies between two commands; for `Failpoint.strike`.
    package init(hosts: DockerHosts, onJournal: @escaping @Sendable (JournalPoint) -> Void = { _ in }) {
        self.init(hosts, docker: hosts.standard, onJournal: onJournal)
    }

    private init(_ hosts: DockerHosts, docker: DockerCLI, onJournal: @escaping @Sendable (JournalPoint) -> Void) {
        self.hosts = hosts
        self.docker = docker
        self.onJournal = onJournal
        reader = DockerReader(docker: docker)
    }

    /// Bound to where recorded commands were to run; nil where that is not understood.
    private func atHost(of commands: [[String]]) -> DockerActuator? {
        do {
            return DockerActuator(
                hosts, docker: hosts.cli(forRecorded: try CommandHost.of(commands)), onJournal: onJournal)
        } catch { return nil }
    }

    // MARK: - Preparing

    package func prepare(_ action: Action, spec: ServiceSpec?) async -> Preparation {
        if let problem = ActionValidation.problem(action.proposal) { return .refused(problem) }
        if let moved = CommandHost.moved(action, spec: spec) { return .overtaken(moved) }
        let here = DockerActuator(hosts, docker: hosts.cli(for: spec?.endpoint), onJournal: onJournal)
        return await here.prepareHere(action, spec: spec).addressed(to: spec?.endpoint)
    }

    private func prepareHere(_ action: Action, spec: ServiceSpec?) async -> Preparation {
        do throws(DockerReadError) {
            if action.proposal.kind == .redeployStack { return try await prepareStack(action) }
            let finding = try await TargetFinder(reader: reader).find(action.proposal.target, runtime: spec?.runtime)
            switch finding {
            case .container(let id, let surroundings):
                if let change = action.fence?.problem(action.proposal.target, id: id) { return .overtaken(change) }
                return try await prepare(action, container: id, surroundings, spec: spec)
            case .service(let service):
                let preparation = try await prepare(action, service: service, spec: spec)
                // What is so already needs no second look.
                if case .alreadyDone = preparation { return preparation }
                let target = action.proposal.target
                let change = action.fence?.problem(target, id: service.id, version: service.version)
                return change.map { .overtaken($0) } ?? preparation
            case .nothing(let surroundings):
                return prepareAbsent(action, surroundings, spec: spec)
            case .several(let what):
                return .refused("\(what) claim the name `\(action.proposal.target)`; it is not clear which is meant")
            case .notDocker:
                return .refused("the registry says `runtime: none`: docker does not run `\(action.proposal.target)`")
            }
        } catch {
            switch error {
            case .unreadable(let message): return .unavailable(message)
            case .notThere: return .unavailable("`\(action.proposal.target)` vanished while it was looked at")
            }
        }
    }

    private func prepare(
        _ action: Action, container id: String, _ surroundings: ContainerPlanning.Surroundings, spec: ServiceSpec?
    ) async throws(DockerReadError) -> Preparation {
        if action.proposal.kind == .deployService, action.proposal.params["create"]?.bool == true {
            return .alreadyDone("the container exists by now")
        }
        let container = try await reader.container(id: id)
        switch action.proposal.kind {
        case .restartService: return ContainerPlanning.restart(action, container)
        case .stopService: return ContainerPlanning.stop(container)
        case .scaleService: return ContainerPlanning.scale(action.proposal.target)
        case .rollbackService: return ContainerPlanning.rollback(container, surroundings: surroundings)
        default:
            guard let image = image(of: action, spec: spec) else { return .refused(DockerActuator.noImage) }
            return ContainerPlanning.deploy(
                action, image: image, container: container,
                imageConfiguration: try await imageConfiguration(of: container), surroundings: surroundings)
        }
    }

    /// An image that was removed by force while its container ran has left no configuration to compare with.
    private func imageConfiguration(of container: ContainerRecord) async throws(DockerReadError) -> JSONObject {
        do { return try await reader.imageConfiguration(id: container.imageID) } catch .notThere {
            throw .unreadable("the image of `\(container.name)` is gone, so its own settings cannot be told apart")
        }
    }

    private func prepare(
        _ action: Action, service: SwarmService, spec: ServiceSpec?
    ) async throws(DockerReadError) -> Preparation {
        switch action.proposal.kind {
        case .restartService:
            let running = action.proposal.source == .manual ? [] : try await reader.runningTasks(of: service.id)
            return SwarmPlanning.restart(action, service, running: running, spec: spec)
        case .stopService: return SwarmPlanning.stop(service)
        case .scaleService: return SwarmPlanning.scale(action, service)
        case .rollbackService: return SwarmPlanning.rollback(service)
        default:
            if action.proposal.params["create"]?.bool == true {
                return .alreadyDone("the service exists by now")
            }
            guard let image = image(of: action, spec: spec) else { return .refused(DockerActuator.noImage) }
            return SwarmPlanning.deploy(action, image: image, service)
        }
    }

    private func prepareAbsent(
        _ action: Action, _ surroundings: ContainerPlanning.Surroundings, spec: ServiceSpec?
    ) -> Preparation {
        let target = action.proposal.target
        guard action.proposal.kind == .deployService, action.proposal.params["create"]?.bool == true else {
            return .refused("docker knows no container and no Swarm service `\(target)`")
        }
        if surroundings.keptID != nil {
            // Making a bare one from the registry would throw away what the kept one was configured with.
            return .refused(
                "`\(target)` is gone, but `\(target)\(ContainerNames.keptSuffix)` is kept from its last deploy; "
                    + "rename that one back and start it, or remove it to have `\(target)` made anew")
        }
        guard let image = image(of: action, spec: spec) else { return .refused(DockerActuator.noImage) }
        if spec?.runtime == .swarm {
            return .commands([SwarmCommands.create(target, image: image, spec: spec, actionID: action.id)])
        }
        return .commands([ContainerCommands.create(target, image: image, spec: spec, actionID: action.id)])
    }

    private static let noImage = "no image is named: give `image`, or set `image` in the registry"

    private func image(of action: Action, spec: ServiceSpec?) -> String? {
        guard let image = action.proposal.params["image"]?.string ?? spec?.image, ImageReference(image) != nil else {
            return nil
        }
        return image
    }

    /// All Swarm services of the stack, or the containers of the compose project, of that name; in name order.
    private func prepareStack(_ action: Action) async throws(DockerReadError) -> Preparation {
        let stack = action.proposal.target
        var commands: [[String]] = []
        for (listedID, _) in try await reader.serviceIDs(filter: "label=\(ContainerNames.stackLabel)=\(stack)") {
            let id = try await reader.service(id: listedID).id
            commands.append(SwarmCommands.forceUpdate(id, actionID: action.id))
        }
        for listed in try await reader.containers()
        where listed.composeProject == stack && listed.isService && !listed.hasFinished {
            let container = try await reader.container(id: listed.id)
            commands.append(ContainerCommands.restart(container.id, stopSeconds: container.stopSeconds))
        }
        guard !commands.isEmpty else {
            return .refused("no Swarm service and no compose container belongs to a stack `\(stack)`")
        }
        return .commands(commands)
    }

    // MARK: - Running

    package func run(
        _ action: Action, commands: [[String]], spec: ServiceSpec?, mayBegin: @escaping @Sendable () -> Bool
    ) async -> ActionOutcome {
        guard let here = atHost(of: commands) else {
            return ActionOutcome(.failed, "nothing was run: the commands name no docker host that is known")
        }
        return await here.runHere(action, commands: commands, mayBegin: mayBegin)
    }

    private func runHere(
        _ action: Action, commands: [[String]], mayBegin: @escaping @Sendable () -> Bool
    ) async -> ActionOutcome {
        var environment: [String: String] = [:]
        if let replaced = ContainerSwap(action, commands: commands)?.replacedID {
            do {
                let container = try await reader.container(id: replaced)
                let image = try await imageConfiguration(of: container)
                environment = ContainerEnvironment.values(of: container, image: image)
            } catch {
                return ActionOutcome(.failed, "nothing was run: the container could not be read", commands: commands)
            }
        }
        for (index, command) in commands.enumerated() {
            guard mayBegin() else { return .stopped(before: index, of: commands) }
            if index == 0 { onJournal(.beforeCommand) }
            if index == 1 { onJournal(.betweenCommands) }
            let failure = await execute(command, for: action, environment: environment, mayBegin: mayBegin) {
                if index == 0 { onJournal(.commandStarted) }
            }
            guard let failure else { continue }
            if case .notStarted = failure, !mayBegin() { return .stopped(before: index, of: commands) }
            return await outcome(of: failure, at: index, action: action, commands: commands, mayBegin: mayBegin)
        }
        return ActionOutcome(.succeeded, DockerActuator.success(action, commands), commands: commands)
    }

    /// Nil when it exited with 0. `mayBegin` is asked once more when all waiting is over: a command may have to wait for
    /// others before it gets a process. The process has the action's id and epoch in its environment, for wrappers of the
    /// docker CLI that keep an account of their own.
    func execute(
        _ command: [String], for action: Action, environment: [String: String] = [:],
        mayBegin: @escaping @Sendable () -> Bool,
        onStart: @escaping @Sendable () -> Void = {}
    ) async -> DockerFailure? {
        // Docker waits as long as the container is given to end, before it answers.
        let grace = CommandText(command).stopSeconds ?? 0
        let isCreation = CommandText(command).verb == "create"
        var extra = isCreation ? environment : [:]
        extra["MUSTER_ACTION"] = action.id
        extra["MUSTER_EPOCH"] = String(action.epoch)
        let result = await docker.run(
            Array(CommandText(command).arguments.dropFirst()), timeout: docker.timeout + .seconds(max(grace, 0)),
            extraEnvironment: extra, mayStart: mayBegin, onStart: onStart)
        if case .failure(let failure) = result { return failure }
        return nil
    }

    private func outcome(
        of failure: DockerFailure, at index: Int, action: Action, commands: [[String]],
        mayBegin: @escaping @Sendable () -> Bool
    ) async -> ActionOutcome {
        let step = commands.count > 1 ? "command \(index + 1) of \(commands.count): " : ""
        if failure.leavesUnknown {
            return ActionOutcome(.unknown, "\(step)\(failure)", commands: commands)
        }
        var detail = "\(step)\(failure)"
        if index == 0, case .notStarted = failure { detail = "nothing was run: \(failure)" }
        guard index > 0, let swap = ContainerSwap(action, commands: commands) else {
            return ActionOutcome(.failed, detail, commands: commands)
        }
        let recovery = ContainerRecovery(actuator: self, action: action, swap: swap, mayBegin: mayBegin)
        switch await recovery.undo() {
        case .restored(let what): return ActionOutcome(.failed, "\(detail); \(what)", commands: commands)
        case .impossible(let why):
            return ActionOutcome(
                .failed, "\(detail); the old container could not be put back: \(why)", commands: commands)
        case .notKnown(let why): return ActionOutcome(.unknown, "\(detail); \(why)", commands: commands)
        }
    }

    private static func success(_ action: Action, _ commands: [[String]]) -> String {
        let line = commands.last.map(CommandLineText.line) ?? ""
        return commands.count == 1 ? "ran `\(line)`" : "ran \(commands.count) commands, the last `\(line)`"
    }

    // MARK: - Looking

    package func settle(_ action: Action, now: WallTime) async -> ActionOutcome? {
        guard let here = atHost(of: action.commands) else { return nil }
        return await Settlement(actuator: here, action: action, now: now).outcome()
    }

    package func recover(
        _ action: Action, now: WallTime, mayBegin: @escaping @Sendable () -> Bool
    ) async -> ActionOutcome? {
        guard let swap = ContainerSwap(action, commands: action.commands), let here = atHost(of: action.commands)
        else { return nil }
        return await ContainerRecovery(actuator: here, action: action, swap: swap, mayBegin: mayBegin)
            .finishOrUndo(now: now)
    }
}

extension DockerFailure {
    /// Whether the daemon may have done, or may yet do, what was asked (reliability.md: killing the CLI cancels
    /// nothing in the daemon; neither does a connection that broke).
    var leavesUnknown: Bool {
        switch self {
        case .notStarted: return false
        case .timedOut, .cancelled, .killed, .outputTooLarge, .garbled: return true
        case .exited(_, let message):
            guard !message.contains("Cannot connect to the Docker daemon") else { return false }
            let broken = [
                "EOF", "error during connect", "connection reset", "broken pipe", "context deadline exceeded",
            ]
            return broken.contains { message.contains($0) }
        }
    }
}
