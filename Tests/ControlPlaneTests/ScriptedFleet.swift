import Actuators
import ControlPlane
import FleetModel
import Foundation
import Leadership
import Logging
import Store
import StoreSQLite
import Synchronization

/// A fleet in memory: what is observed of it, and an actuator that changes it. The store behind it is the real one.
final class ScriptedFleet: Actuator, Sendable {
    struct Run: Equatable {
        var kind: ActionKind
        var target: String
        var epoch: Int
    }

    private struct State {
        var services: [String: Observation] = [:]
        var failure: String?
        var generation: UInt64 = 1
        var runs: [Run] = []
        var outcome: ActionOutcome.Result = .succeeded
        /// What settling an action finds; nil: nothing yet.
        var settlement: ActionOutcome?
        /// Why what stands there is not what was looked at; nil: it is.
        var overtaken: String?
        var clock = WallTime(rfc3339: "2026-01-05T12:00:00Z")!
    }

    private let state = Mutex(State())
    let name: String
    let isDryRun: Bool

    init(isDryRun: Bool = false) {
        self.isDryRun = isDryRun
        name = isDryRun ? "dryrun" : "docker"
    }

    var now: WallTime { state.withLock { $0.clock } }
    var runs: [Run] { state.withLock { $0.runs } }

    func advance(seconds: Int) {
        state.withLock { $0.clock = $0.clock.adding(seconds: seconds) }
    }

    func set(
        _ service: String, _ condition: Condition, image: String = "example/api:1", id: String? = nil,
        version: Int? = nil
    ) {
        state.withLock { state in
            state.services[service] = Observation(
                service: service, source: .docker, condition: condition, at: state.clock, runtime: .container,
                runtimeID: id ?? "id-\(service)", image: image, specVersion: version)
            state.generation += 1
        }
    }

    func fail(_ message: String?) {
        state.withLock { state in
            state.failure = message
            state.generation += 1
        }
    }

    func answer(_ outcome: ActionOutcome.Result) {
        state.withLock { $0.outcome = outcome }
    }

    func overtake(_ reason: String?) {
        state.withLock { $0.overtaken = reason }
    }

    func settle(with outcome: ActionOutcome?) {
        state.withLock { $0.settlement = outcome }
    }

    /// Everything seen was seen just now; with a failing source everything is unknown.
    func snapshot(_ desired: DesiredState) -> Snapshot {
        state.withLock { state in
            let observations = desired.services.map { spec in
                var observation =
                    state.services[spec.name]
                    ?? Observation(service: spec.name, source: .docker, condition: .unknown(.notFound), at: state.clock)
                observation.at = state.clock
                observation.since = state.clock
                observation.endpoint = spec.endpoint
                if let failure = state.failure { observation.condition = .unknown(.sourceFailed(.docker, failure)) }
                return observation
            }
            return Snapshot(
                observations: observations,
                sources: [.init(source: .docker, at: state.clock, failure: state.failure)], at: state.clock,
                generation: state.generation)
        }
    }

    func prepare(_ action: Action, spec: ServiceSpec?) async -> Preparation {
        if let reason = state.withLock({ $0.overtaken }) { return .overtaken(reason) }
        return .commands([["docker", action.proposal.kind.rawValue, action.proposal.target]])
    }

    func run(
        _ action: Action, commands: [[String]], spec: ServiceSpec?, mayBegin: @escaping @Sendable () -> Bool
    ) async -> ActionOutcome {
        guard mayBegin() else { return .stopped(before: 0, of: commands) }
        return state.withLock { state in
            state.clock = state.clock.adding(seconds: 1)
            state.runs.append(Run(kind: action.proposal.kind, target: action.proposal.target, epoch: action.epoch))
            if state.outcome == .succeeded, !isDryRun {
                state.services[action.proposal.target]?.condition =
                    action.proposal.kind == .stopService ? .down(.exited(code: 0)) : .up
                state.generation += 1
            }
            state.clock = state.clock.adding(seconds: 1)
            return ActionOutcome(state.outcome, "scripted", commands: commands)
        }
    }

    func settle(_ action: Action, now: WallTime) async -> ActionOutcome? {
        state.withLock { $0.settlement }
    }
}

/// A control plane over a scripted fleet, ticked by hand.
struct Bench {
    let fleet: ScriptedFleet
    let store: SQLiteStore
    let control: ControlPlane
    let desired: Mutable<LoadedFile<DesiredState>>
    let policy: Mutable<LoadedFile<Policy>>
    let directory: String

    init(
        services: [ServiceSpec] = [ServiceSpec(name: "api", image: "example/api:1", runtime: .container)],
        rules: [PolicyRule] = [], dryRun: Bool = false, directory: String? = nil, store: SQLiteStore? = nil,
        fleet: ScriptedFleet? = nil, candidacy: (any Candidacy)? = nil, isOpenAccess: Bool = true,
        settings configure: (inout ControlSettings) -> Void = { _ in }
    ) throws {
        let fleet = fleet ?? ScriptedFleet(isDryRun: dryRun)
        self.fleet = fleet
        self.directory = directory ?? NSTemporaryDirectory() + "muster-control-" + UUID().uuidString
        self.store = try store ?? SQLiteStore(directory: self.directory, now: fleet.now)
        let desired = Mutable(LoadedFile(value: DesiredState(services: services, digest: "d1")))
        let policy = Mutable(LoadedFile(value: Bench.policy(rules, digest: "p1")))
        self.desired = desired
        self.policy = policy
        var settings = ControlSettings()
        settings.isDryRun = dryRun
        settings.actuator = fleet.name
        configure(&settings)
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        control = ControlPlane(
            ControlParts(
                store: self.store,
                candidacy: candidacy
                    ?? SoleCandidacy(store: self.store, instance: "test/1", now: { fleet.now }), actuator: fleet,
                loadDesired: { desired.value }, loadPolicy: { policy.value },
                observe: { fleet.snapshot($0) }, clock: WallClock { fleet.now }, settings: settings,
                instance: "test/1", version: "test", isOpenAccess: isOpenAccess, logger: logger))
    }

    static func policy(_ rules: [PolicyRule], digest: String) -> Policy {
        Policy(defaults: PolicyDefaults(), rules: rules, digest: digest)
    }

    /// Ticks until the executor has nothing left to do, at most so often.
    func settle(ticks: Int = 3) async throws {
        for _ in 0..<ticks {
            await control.tick()
            try await idle()
        }
    }

    /// Waits until no action is planned or executing; a minute at most.
    func idle() async throws {
        for _ in 0..<6000 {
            let open = try await store.workingSet().openActions.filter(\.state.isOpen)
            if open.isEmpty { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw Stuck()
    }

    struct Stuck: Error {}

    func approvals(_ status: ApprovalStatus? = nil) async throws -> [Approval] {
        try await store.approvals(ListQuery(state: status?.rawValue)).items
    }

    func actions() async throws -> [Action] {
        try await store.actions(ListQuery()).items
    }

    func decisions() async throws -> [JSONValue] {
        try await store.decisions(ListQuery()).items.map(\.json)
    }

    func close() async {
        await store.close()
        try? FileManager.default.removeItem(atPath: directory)
    }
}

final class Mutable<Value: Sendable>: Sendable {
    private let storage: Mutex<Value>

    init(_ value: Value) { storage = Mutex(value) }

    var value: Value {
        get { storage.withLock { $0 } }
        set { storage.withLock { $0 = newValue } }
    }
}

extension PolicyRule {
    static func test(
        _ kind: String, _ tier: Tier, target: String = "*", rate: RateLimit? = nil, blast: BlastRadius? = nil,
        approvals: Int = 1
    )
        -> PolicyRule
    {
        PolicyRule(
            id: "\(kind)-\(tier.rawValue)", kind: Glob(kind)!, target: Glob(target)!, tier: tier, rateLimit: rate,
            blastRadius: blast, approvals: approvals, origin: .file(line: 1))
    }
}
