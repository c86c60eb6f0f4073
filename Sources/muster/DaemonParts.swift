import ControlPlane
import DockerCLI
import FleetConfig
import FleetModel
import Observation
import ServiceLifecycle
import Synchronization

/// Registry, overlay and policy: read at start, where every error stops it; read again when they change.
struct ConfigurationFiles: Sendable {
    private let desiredLoader: DesiredStateLoader
    private let policyLoader: PolicyLoader

    init(_ flags: Flags) throws(StartRefusal) {
        let registry = try ConfigurationFiles.path(flags.registryPath, shipped: ShippedFiles.registry)
        let policy = try ConfigurationFiles.path(flags.policyPath, shipped: ShippedFiles.policy)
        desiredLoader = DesiredStateLoader(
            registryPath: registry, overlayPath: flags.desiredStatePath, profiles: flags.profiles)
        policyLoader = PolicyLoader(path: policy)
        var lines: [String] = []
        do { try desiredLoader.load() } catch { lines += error.errors.map(\.description) }
        do { try policyLoader.load() } catch { lines += error.errors.map(\.description) }
        if !lines.isEmpty { throw StartRefusal(lines: lines) }
    }

    private static func path(_ path: String?, shipped name: String) throws(StartRefusal) -> String {
        if let path { return path }
        if let shipped = ShippedFiles.locate(name) { return shipped }
        throw StartRefusal(lines: ["the shipped file `\(name)` is nowhere near the executable; name one by its flag"])
    }

    func desired() -> LoadedFile<DesiredState> {
        _ = desiredLoader.reload()
        let loaded = desiredLoader.current
        return LoadedFile(
            value: loaded?.desired ?? DesiredState(services: [], digest: ""), failure: desiredLoader.lastError?.summary,
            warnings: loaded?.warnings.map(\.description) ?? [])
    }

    func policy() -> LoadedFile<Policy> {
        _ = policyLoader.reload()
        return LoadedFile(
            value: policyLoader.current ?? Policy(defaults: PolicyDefaults(), rules: [], digest: ""),
            failure: policyLoader.lastError?.summary)
    }
}

extension ConfigErrors {
    /// The first error in full and how many more there are: what `/readyz` has room for.
    fileprivate var summary: String {
        let first = errors.first?.description ?? "not understood"
        return errors.count > 1 ? "\(first) (and \(errors.count - 1) more)" : first
    }
}

/// The observers of this process and what merges their answers.
struct Lookout: Sendable {
    /// Follows `docker events` of every host in use; nil without docker.
    let events: (any Service)?
    private let streams: DockerEventsFleet?
    private let observer: FleetObserver
    private let clock: WallClock
    private let merger: MergerBox

    init(_ flags: Flags, _ docker: DockerHosts?, _ clock: WallClock, wake: @escaping @Sendable (WakeCause) -> Void) {
        var observers: [any Observer] = []
        let names = flags.observers == .auto ? [.docker, .probe] : flags.observers.names
        let observed = names.contains(.docker) ? docker : nil
        streams = observed.map { DockerEventsFleet(docker: $0) { wake(.dockerEvent) } }
        events = streams.map { EventsService(events: $0) }
        if names.contains(.probe) {
            observers.append(ProbeObserver(clock: clock.now) { wake(.probe) })
        }
        self.clock = clock
        // An observer keeps its own deadline, which a docker command that has to be killed passes by three seconds.
        observer = FleetObserver(
            observers: observers, docker: observed, deadline: .seconds(flags.dockerTimeout + 4))
        merger = MergerBox(intervalSeconds: flags.reconcilerInterval)
    }

    func look(_ desired: DesiredState) async -> Snapshot {
        // What a reload has named or dropped since the last look is followed or let go.
        streams?.follow(desired.endpointsInUse)
        let reports = await observer.observe(desired, now: clock.now())
        return merger.merge(reports, desired, clock.now())
    }
}

private final class MergerBox: Sendable {
    private let merger: Mutex<SnapshotMerger>

    init(intervalSeconds: Int) {
        merger = Mutex(SnapshotMerger(intervalSeconds: intervalSeconds))
    }

    func merge(_ reports: [ObservationReport], _ desired: DesiredState, _ now: WallTime) -> Snapshot {
        merger.withLock { $0.merge(reports, desired: desired, now: now) }
    }
}

private struct EventsService: Service {
    let events: DockerEventsFleet

    func run() async throws {
        await cancelWhenGracefulShutdown { await events.run() }
    }
}

/// Wakes that come before the loop is there are kept as one.
final class WakeRelay: Sendable {
    private struct State {
        var waker: Waker?
        var early: WakeCause?
    }

    private let state = Mutex(State())

    func wake(_ cause: WakeCause) {
        let waker = state.withLock { state in
            if state.waker == nil { state.early = cause }
            return state.waker
        }
        waker?.wake(cause)
    }

    func connect(_ waker: Waker) {
        let early = state.withLock { state in
            state.waker = waker
            return state.early
        }
        if let early { waker.wake(early) }
    }
}
