import Actuators
import ControlAPI
import ControlPlane
import DockerCLI
import FleetConfig
import FleetModel
import Foundation
import Logging
import MusterCLI
import Observation
import ServiceLifecycle
import Signals
import Store
import UnixSignals

/// Where the daemon is put together: flags to parts, parts to services. Decides nothing else.
enum Daemon {
    /// Returns when the daemon has been asked to end and has drained.
    static func run() async throws {
        let environment = ProcessInfo.processInfo.environment
        let flags = try loadFlags(environment)
        let logger = bootstrapLogging(flags)
        let docker = try findDocker(flags, environment)
        announce(flags, findsDocker: docker != nil, logger)
        let files = try ConfigurationFiles(flags)
        let identity = try identity(flags)
        let clock = WallClock(now: ProbeObserver.systemTime)
        let instance = instanceID()
        let wakes = WakeRelay()
        let state = try StateParts.open(
            flags, instance: instance, now: clock.now(), clock: clock, logger: logger
        ) { wakes.wake(.leadership) }
        let onJournal = try failpoint(environment)
        let lookout = Lookout(flags, docker, clock) { wakes.wake($0) }
        let control = ControlPlane(
            ControlParts(
                store: state.store, candidacy: state.candidacy, actuator: actuator(flags, docker, onJournal),
                loadDesired: { files.desired() },
                loadPolicy: { files.policy() }, observe: { await lookout.look($0) },
                signals: SignalReader(flags), clock: clock,
                settings: settings(flags, state), instance: instance, version: Version.current,
                isOpenAccess: !flags.hasIdentity, logger: logger, onJournal: onJournal,
                afterTick: Memory.giveBack))
        wakes.connect(control.waker)

        let api = ControlAPI(
            control: control, identity: identity, version: Version.current, metricsEnabled: flags.metrics,
            logger: logger)
        let application = api.makeApplication(host: flags.host, port: flags.port) { port in
            announceAddress(flags, port, logger)
        }
        var services: [any Service] = [control]
        if let events = lookout.events { services.append(events) }
        services.append(application)
        try await serve(services, flags, logger)
        await state.store.close()
        logger.notice("ended", metadata: ["event": "ended"])
    }

    private static func serve(_ services: [any Service], _ flags: Flags, _ logger: Logger) async throws {
        var configuration = ServiceGroupConfiguration(
            services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: quiet(logger))
        // SIGTERM drains, then ends within 10 s (contract, CLI).
        configuration.maximumGracefulShutdownDuration = .seconds(9)
        configuration.maximumCancellationDuration = .seconds(1)
        do {
            try await ServiceGroup(configuration: configuration).run()
        } catch {
            let isTaken = "\(error)".contains("Address already in use")
            let line =
                isTaken
                ? "`PORT`: \(flags.host):\(flags.port) is in use; another muster may be running, or set another port"
                : "the daemon ended: \(error)"
            throw StartRefusal(lines: [line], status: 1)
        }
    }

    // MARK: - Parts

    private static func loadFlags(_ environment: [String: String]) throws(StartRefusal) -> Flags {
        let flags: Flags
        do {
            flags = try Flags.load(environment: environment, home: environment["HOME"] ?? NSHomeDirectory())
        } catch { throw StartRefusal(lines: error.errors.map(\.description)) }
        guard flags.notYetAvailable.isEmpty else { throw StartRefusal(lines: flags.notYetAvailable) }
        return flags
    }

    private static func findDocker(_ flags: Flags, _ environment: [String: String]) throws(StartRefusal) -> DockerHosts?
    {
        let executable = DockerCLI.find(inPath: environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin")
        if executable == nil {
            if flags.actuator == .docker {
                throw StartRefusal(lines: ["`FLEET_ACTUATOR` is `docker`, but there is no docker CLI on the PATH"])
            }
            if flags.observers.names.contains(.docker) {
                throw StartRefusal(lines: ["`FLEET_OBSERVERS` names `docker`, but there is no docker CLI on the PATH"])
            }
        }
        return executable.map {
            DockerHosts(DockerCLI(executable: $0, host: flags.dockerHost, timeout: .seconds(flags.dockerTimeout)))
        }
    }

    private static func identity(_ flags: Flags) throws(StartRefusal) -> Identity {
        do {
            return try Identity(
                keys: flags.apiKeys.map { Identity.Key(name: $0.name, key: $0.key.revealed, grants: $0.grants) })
        } catch { throw StartRefusal(lines: [error.description]) }
    }

    /// `host/pid/…`: no other process has the same, also where every container is process 1 of a host of one name.
    private static func instanceID() -> String {
        let process = ProcessInfo.processInfo
        let suffix = String(UInt32.random(in: .min ... .max), radix: 36)
        return "\(process.hostName)/\(process.processIdentifier)/\(suffix)"
    }

    private static func actuator(
        _ flags: Flags, _ docker: DockerHosts?, _ onJournal: @escaping @Sendable (JournalPoint) -> Void
    ) -> any Actuator {
        let base = docker.map { DockerActuator(hosts: $0, onJournal: onJournal) }
        guard flags.actuator == .docker, let base else { return DryRunActuator(base: base) }
        return base
    }

    private static func settings(_ flags: Flags, _ state: StateParts) -> ControlSettings {
        var settings = ControlSettings()
        settings.storePollSeconds = state.pollSeconds
        settings.reconcilerEnabled = flags.reconciler
        settings.autoscalerEnabled = flags.autoscaler
        settings.autoscalerIntervalSeconds = flags.autoscalerInterval
        settings.intervalSeconds = flags.reconcilerInterval
        settings.maximumActions = flags.reconcilerMaxActions
        settings.approvalTTLSeconds = flags.approvalTTL
        settings.denyCooldownSeconds = flags.approvalDenyCooldown
        settings.actuator = flags.actuator.rawValue
        settings.isDryRun = flags.actuator == .dryrun
        return settings
    }

    /// For the crash tests alone: the process kills itself at the named point of an action's journal.
    private static func failpoint(
        _ environment: [String: String]
    ) throws(StartRefusal) -> @Sendable (JournalPoint) -> Void {
        guard let name = environment["MUSTER_FAILPOINT"], !name.isEmpty else { return { _ in } }
        guard let failpoint = Failpoint(name) else {
            throw StartRefusal(lines: ["`MUSTER_FAILPOINT`: `\(name)` is no point of the journal"])
        }
        return { failpoint.strike($0) }
    }

    // MARK: - Saying so

    private static func bootstrapLogging(_ flags: Flags) -> Logger {
        let isTerminal = isatty(STDOUT_FILENO) == 1
        let format: LineLogHandler.Format =
            switch flags.logFormat {
            case .json: .json
            case .text: .text
            case nil: isTerminal ? .text : .json
            }
        let level = Logger.Level(rawValue: flags.logLevel.rawValue) ?? .info
        LoggingSystem.bootstrap { label in
            var handler = LineLogHandler(label: label, format: format)
            handler.logLevel = level
            return handler
        }
        return Logger(label: "muster")
    }

    private static func announce(_ flags: Flags, findsDocker: Bool, _ logger: Logger) {
        logger.notice(
            "muster \(Version.current) starts",
            metadata: ["event": "start", "actuator": .string(flags.actuator.rawValue)])
        for flag in flags.nonDefaults {
            logger.notice(
                "\(flag.name) = \(flag.shown)",
                metadata: ["event": "flag", "flag": .string(flag.name), "source": .string(flag.source)])
        }
        if !findsDocker {
            logger.warning(
                "no docker CLI is on the PATH: containers and Swarm services stay unknown",
                metadata: ["event": "no_docker"])
        }
        if !flags.hasIdentity {
            logger.warning(
                "no identity is configured: every caller on \(flags.host) is `local` with all scopes",
                metadata: ["event": "open_access"])
        }
    }

    private static func announceAddress(_ flags: Flags, _ port: Int, _ logger: Logger) {
        let host = flags.host.contains(":") ? "[\(flags.host)]" : flags.host
        logger.notice(
            "listening on http://\(host):\(port)/",
            metadata: ["event": "listening", "host": .string(flags.host), "port": .stringConvertible(port)])
    }

    /// Libraries are heard from warnings on.
    private static func quiet(_ logger: Logger) -> Logger {
        var logger = logger
        logger.logLevel = max(logger.logLevel, .warning)
        return logger
    }
}
