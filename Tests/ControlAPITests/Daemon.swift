import Actuators
import ControlAPI
import ControlPlane
import FleetModel
import Foundation
import Hummingbird
import Leadership
import Logging
import ServiceLifecycle
import Store
import StoreSQLite
import Synchronization

/// The real thing behind a real socket: SQLite store, control plane with its loop, dry-run actuator, API. Only what
/// is observed of the fleet is made up.
struct Daemon: Sendable {
    var wire: Wire
    var control: ControlPlane
    var store: SQLiteStore
    var log: LogLines

    static let viewer = "key-viewer"

    /// One entry per role, the name being the role's.
    static func roles() throws -> Identity {
        try Identity(
            keys: Role.allCases.map {
                Identity.Key(name: $0.rawValue, key: "key-\($0.rawValue)", grants: [$0.rawValue])
            })
    }

    /// `api` is up, `web` is down with a hostile cause, `db` is unknown.
    static let services = [
        ServiceSpec(name: "api", image: "example/api:1", domain: "front", runtime: .container, line: 3),
        ServiceSpec(
            name: "db", image: "example/db:1", domain: "data", runtime: .container,
            scaling: ScalingSpec(maximum: 3, signal: "queue_depth", target: 100), line: 7),
        ServiceSpec(name: "web", image: "example/web:1", domain: "front", runtime: .container, line: 9),
    ]

    static func snapshot(_ desired: DesiredState, at now: WallTime) -> Snapshot {
        let observations = desired.services.map { spec -> Observation in
            let condition: Condition =
                switch spec.name {
                case "web": .down(.event("<script>alert('x')</script>\u{202E}"))
                case "db": .unknown(.notFound)
                default: .up
                }
            return Observation(
                service: spec.name, source: .docker, condition: condition, at: now, runtime: .container,
                runtimeID: "id-\(spec.name)", image: spec.image)
        }
        return Snapshot(
            observations: observations, sources: [.init(source: .docker, at: now, failure: nil)], at: now,
            generation: 1)
    }

    /// Runs `body` against a daemon of its own and shuts it down gracefully afterwards.
    static func run(
        identity: Identity = .none, services: [ServiceSpec] = services, maximumStreams: Int = 64,
        heartbeat: Duration = .seconds(15), metricsEnabled: Bool = true,
        _ body: @Sendable (Daemon) async throws -> Void
    ) async throws {
        let directory = NSTemporaryDirectory() + "muster-api-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let clock = WallClock { WallTime(milliseconds: Int64(Date().timeIntervalSince1970 * 1000)) }
        let store = try SQLiteStore(directory: directory, now: clock.now())
        let log = LogLines()
        var quiet = Logger(label: "test")
        quiet.logLevel = .critical
        let desired = DesiredState(services: services, digest: "d1")
        let policy = Policy(defaults: PolicyDefaults(), rules: [], digest: "p1")
        let control = ControlPlane(
            ControlParts(
                store: store, candidacy: SoleCandidacy(store: store, instance: "test/1", now: clock.now),
                actuator: DryRunActuator(), loadDesired: { LoadedFile(value: desired) },
                loadPolicy: { LoadedFile(value: policy) }, observe: { snapshot($0, at: clock.now()) }, clock: clock,
                settings: ControlSettings(), instance: "test/1", version: "1.2.3",
                isOpenAccess: !identity.isConfigured, logger: quiet))
        let api = ControlAPI(
            control: control, identity: identity, version: "1.2.3", metricsEnabled: metricsEnabled,
            maximumStreams: maximumStreams, heartbeat: heartbeat,
            logger: Logger(label: "api") { _ in LogLines.Handler(lines: log) })
        let (ports, listening) = AsyncStream.makeStream(of: Int.self)
        let application = api.makeApplication(host: "127.0.0.1", port: 0) { listening.yield($0) }
        let group = ServiceGroup(
            configuration: .init(services: [.init(service: control), .init(service: application)], logger: quiet))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            var iterator = ports.makeAsyncIterator()
            guard let port = await iterator.next() else { throw Wire.Failure.noAnswer("no port") }
            let daemon = Daemon(wire: Wire(port: port), control: control, store: store, log: log)
            let result: Result<Void, any Error>
            do {
                try await daemon.untilDecided()
                result = .success(try await body(daemon))
            } catch { result = .failure(error) }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
            await store.close()
            try result.get()
        }
    }

    /// Waits until the first tick has queued what it found, 20 s at most.
    private func untilDecided() async throws {
        for _ in 0..<2000 {
            if await control.readiness().status == .ready, try await !store.approvals(ListQuery()).items.isEmpty {
                return
            }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw Wire.Failure.noAnswer("no tick")
    }

    /// The pending approval of `web`'s restart.
    func pendingApproval() async throws -> String {
        let pending = try await store.approvals(ListQuery(state: "pending")).items
        guard let approval = pending.first(where: { $0.proposal.target == "web" }) else {
            throw Wire.Failure.noAnswer("nothing is pending")
        }
        return approval.id
    }
}

/// What the API logged, one dictionary of metadata a line.
final class LogLines: Sendable {
    private let storage = Mutex<[[String: String]]>([])

    var all: [[String: String]] { storage.withLock { $0 } }

    struct Handler: LogHandler {
        var lines: LogLines
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.info

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            var line = ["message": "\(event.message)"]
            for (name, value) in event.metadata ?? [:] { line[name] = "\(value)" }
            lines.storage.withLock { $0.append(line) }
        }
    }
}
