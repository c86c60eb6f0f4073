import Actuators
import FleetModel
import Logging
import Store
import Synchronization

/// An `ActionStore` in memory with the transitions that the protocol states.
final class MemoryStore: ActionStore {
    struct Contents: Sendable {
        var actions: [String: Action] = [:]
        var currentEpoch = 1
        /// So many coming `finish` calls fail as a store does that is away.
        var finishFailures = 0
        var claims: [String: Int] = [:]
    }

    let contents = Mutex(Contents())

    init(_ actions: [Action] = []) {
        contents.withLock { for action in actions { $0.actions[action.id] = action } }
    }

    func put(_ action: Action) { contents.withLock { $0.actions[action.id] = action } }

    func state(_ id: String) -> ActionState? { contents.withLock { $0.actions[id]?.state } }

    func actions(_ query: ListQuery) async throws(StoreError) -> Page<Action> {
        Page(items: contents.withLock { $0.actions.values.sorted { $0.id < $1.id } })
    }

    func action(id: String) async throws(StoreError) -> Action? { contents.withLock { $0.actions[id] } }

    func claim(
        actionID: String, commands: [[String]], at now: WallTime, term: Term, unlessHeld scopes: [Hold.Scope]
    ) async throws(StoreError) -> Action? {
        await Task.yield()
        let result: Result<Action?, StoreError> = contents.withLock { contents in
            guard term.epoch >= contents.currentEpoch else {
                return .failure(.staleTerm(current: contents.currentEpoch))
            }
            guard var action = contents.actions[actionID], action.state == .planned else { return .success(nil) }
            action.state = .executing
            action.commands = commands
            action.startedAt = now
            contents.actions[actionID] = action
            contents.claims[actionID, default: 0] += 1
            return .success(action)
        }
        return try result.get()
    }

    func finish(actionID: String, _ outcome: ActionOutcome, at now: WallTime, term: Term) async throws(StoreError)
        -> Action?
    {
        await Task.yield()
        let result: Result<Action?, StoreError> = contents.withLock { contents in
            guard contents.finishFailures == 0 else {
                contents.finishFailures -= 1
                return .failure(.unavailable("disk full"))
            }
            guard term.epoch >= contents.currentEpoch else {
                return .failure(.staleTerm(current: contents.currentEpoch))
            }
            guard var action = contents.actions[actionID] else { return .success(nil) }
            let mayEnd =
                action.state == .executing || action.state == .unknown
                || (action.state == .planned && outcome.result == .cancelled)
            guard mayEnd else { return .success(nil) }
            action.state = outcome.state
            action.detail = outcome.detail
            action.finishedAt = now
            contents.actions[actionID] = action
            return .success(action)
        }
        return try result.get()
    }
}

/// An actuator that keeps what it was asked, and lets a test hold its runs back.
final class RecordingActuator: Actuator {
    struct Record: Sendable {
        var runs: [String: Int] = [:]
        var runningTargets: Set<String> = []
        var mostAtOnce = 0
        var sharedTarget = false
        var ranBesideStack = false
        var stackRuns = false
    }

    let name = "docker"
    let isDryRun = false
    let record = Mutex(Record())
    let preparation: @Sendable (Action) -> Preparation
    let outcome: @Sendable (Action) -> ActionOutcome
    let settlement: @Sendable (Action) -> ActionOutcome?
    let gate: Gate

    init(
        gate: Gate = Gate(isOpen: true),
        preparation: @escaping @Sendable (Action) -> Preparation = { .commands([["docker", $0.proposal.target]]) },
        outcome: @escaping @Sendable (Action) -> ActionOutcome = { _ in ActionOutcome(.succeeded, "done") },
        settlement: @escaping @Sendable (Action) -> ActionOutcome? = { _ in nil }
    ) {
        self.gate = gate
        self.preparation = preparation
        self.outcome = outcome
        self.settlement = settlement
    }

    func prepare(_ action: Action, spec: ServiceSpec?) async -> Preparation { preparation(action) }

    func run(
        _ action: Action, commands: [[String]], spec: ServiceSpec?, mayBegin: @escaping @Sendable () -> Bool
    ) async -> ActionOutcome {
        guard mayBegin() else { return .stopped(before: 0, of: commands) }
        let target = action.proposal.target
        let isStack = action.proposal.kind == .redeployStack
        record.withLock { record in
            record.runs[action.id, default: 0] += 1
            if !record.runningTargets.insert(target).inserted { record.sharedTarget = true }
            if record.stackRuns || (isStack && record.runningTargets.count > 1) { record.ranBesideStack = true }
            if isStack { record.stackRuns = true }
            record.mostAtOnce = max(record.mostAtOnce, record.runningTargets.count)
        }
        await gate.pass()
        for _ in 0..<3 { await Task.yield() }
        record.withLock { record in
            record.runningTargets.remove(target)
            if isStack { record.stackRuns = false }
        }
        return outcome(action)
    }

    func settle(_ action: Action, now: WallTime) async -> ActionOutcome? { settlement(action) }
}

/// Holds back whoever passes until it is opened.
final class Gate: Sendable {
    private struct State: Sendable {
        var isOpen: Bool
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let state: Mutex<State>

    init(isOpen: Bool) { state = Mutex(State(isOpen: isOpen)) }

    func pass() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiters.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }

    func open() {
        let waiters = state.withLock { state in
            state.isOpen = true
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }
}

/// Waits until `condition` holds, at most `seconds`; false when it never did.
func eventually(seconds: Double = 10, _ condition: @Sendable () async -> Bool) async -> Bool {
    let deadline = ContinuousClock.now + .seconds(seconds)
    while ContinuousClock.now < deadline {
        if await condition() { return true }
        try? await Task.sleep(for: .milliseconds(2))
    }
    return await condition()
}

let testTerm = Term(holder: "test", epoch: 1)
let silentLogger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
let testNow = WallTime(seconds: 1_700_000_000)

func makeAction(
    _ id: String, _ kind: ActionKind = .restartService, target: String, params: JSONObject = JSONObject(),
    source: ProposalSource = .manual, state: ActionState = .planned, dryRun: Bool = false,
    plannedAt: WallTime = testNow,
    startedAt: WallTime? = nil
) -> Action {
    Action(
        id: id, proposal: Proposal(kind: kind, target: target, params: params, source: source, reason: "test"),
        state: state, actuator: dryRun ? "dryrun" : "docker", dryRun: dryRun, epoch: 1, decisionID: "decision",
        plannedAt: plannedAt, startedAt: startedAt)
}
