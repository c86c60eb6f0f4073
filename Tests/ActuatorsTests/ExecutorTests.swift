import Actuators
import FleetModel
import Store
import Synchronization
import Testing

private func makeExecutor(
    _ store: MemoryStore, _ actuator: any Actuator, waitingLimit: Int = 1024,
    isStillTrusted: @escaping @Sendable (Term) -> Bool = { _ in true },
    onJournal: @escaping @Sendable (JournalPoint) -> Void = { _ in },
    onChange: @escaping @Sendable (Action) -> Void = { _ in },
    onUnavailable: @escaping @Sendable (Action, String) -> Void = { _, _ in }
) -> Executor {
    Executor(
        store: store, actuator: actuator, now: { testNow }, logger: silentLogger, waitingLimit: waitingLimit,
        retryDelay: .milliseconds(1), isStillTrusted: isStillTrusted, onJournal: onJournal, onChange: onChange,
        onUnavailable: onUnavailable)
}

@Suite struct ExecutorTests {
    @Test func runsEachActionOnceUnderAThousandDispatchesAtOnce() async {
        let actions = (0..<100).map { makeAction("action:\($0)", target: "service-\($0 % 3)") }
        let store = MemoryStore(actions)
        let actuator = RecordingActuator()
        let executor = makeExecutor(store, actuator)
        await withTaskGroup(of: Void.self) { group in
            for index in 0..<1000 {
                group.addTask { executor.dispatch(actions[index % 100], spec: nil, term: testTerm) }
            }
        }
        #expect(await eventually { actions.allSatisfy { store.state($0.id) == .succeeded } })
        let record = actuator.record.withLock { $0 }
        #expect(record.runs.count == 100)
        #expect(record.runs.values.allSatisfy { $0 == 1 })
        #expect(!record.sharedTarget, "two actions ran on one target at once")
        #expect(record.mostAtOnce <= 4)
    }

    @Test func twoExecutorsOverOneStoreRunEachActionOnce() async {
        let actions = (0..<50).map { makeAction("action:\($0)", target: "service-\($0)") }
        let store = MemoryStore(actions)
        let actuator = RecordingActuator()
        let executors = [makeExecutor(store, actuator), makeExecutor(store, actuator)]
        for action in actions { for executor in executors { executor.dispatch(action, spec: nil, term: testTerm) } }
        #expect(await eventually { executors.allSatisfy { $0.load == (0, 0) } })
        #expect(actuator.record.withLock { $0.runs } == Dictionary(uniqueKeysWithValues: actions.map { ($0.id, 1) }))
    }

    @Test func keepsFourInFlightAndTheRestWaiting() async {
        let gate = Gate(isOpen: false)
        let actions = (0..<10).map { makeAction("action:\($0)", target: "service-\($0)") }
        let actuator = RecordingActuator(gate: gate)
        let executor = makeExecutor(MemoryStore(actions), actuator)
        for action in actions { executor.dispatch(action, spec: nil, term: testTerm) }
        #expect(await eventually { actuator.record.withLock { $0.runs.count } == 4 })
        #expect(executor.load == (4, 6))
        gate.open()
        #expect(await eventually { executor.load == (0, 0) })
        #expect(actuator.record.withLock { $0.mostAtOnce } == 4)
    }

    @Test func aStackRunsAlone() async {
        let actions = (0..<20).map { index in
            makeAction("action:\(index)", index % 5 == 2 ? .redeployStack : .restartService, target: "target-\(index)")
        }
        let actuator = RecordingActuator()
        let executor = makeExecutor(MemoryStore(actions), actuator)
        for action in actions { executor.dispatch(action, spec: nil, term: testTerm) }
        #expect(await eventually { executor.load == (0, 0) })
        let record = actuator.record.withLock { $0 }
        #expect(record.runs.count == 20)
        #expect(!record.ranBesideStack)
    }

    @Test func beyondTheWaitingLimitAnActionStaysPlanned() async {
        let gate = Gate(isOpen: false)
        let actions = (0..<8).map { makeAction("action:\($0)", target: "service-\($0)") }
        let store = MemoryStore(actions)
        let executor = makeExecutor(store, RecordingActuator(gate: gate), waitingLimit: 2)
        let taken = actions.map { executor.dispatch($0, spec: nil, term: testTerm) }
        #expect(taken == [true, true, true, true, true, true, false, false])
        gate.open()
        #expect(await eventually { executor.load == (0, 0) })
        #expect(store.state("action:7") == .planned)
        #expect(executor.dispatch(actions[7], spec: nil, term: testTerm))
        #expect(await eventually { store.state("action:7") == .succeeded })
    }

    @Test func whatPrepareSaysBecomesTheJournal() async {
        let cases: [(note: String, Preparation, ActionState, runs: Int)] = [
            ("nothing to do spends nothing", .alreadyDone("it runs"), .cancelled, 0),
            ("a refusal fails with its reason", .refused("use swarm"), .failed, 0),
            ("an unreadable runtime leaves it planned", .unavailable("docker is away"), .planned, 0),
            ("commands run", .commands([["docker", "restart"]]), .succeeded, 1),
        ]
        for (note, preparation, state, runs) in cases {
            let store = MemoryStore([makeAction("action:1", target: "web")])
            let actuator = RecordingActuator(preparation: { _ in preparation })
            let reports = Mutex<[String]>([])
            let executor = makeExecutor(
                store, actuator, onChange: { action in reports.withLock { $0.append(action.state.rawValue) } },
                onUnavailable: { _, reason in reports.withLock { $0.append("unavailable: \(reason)") } })
            executor.dispatch(makeAction("action:1", target: "web"), spec: nil, term: testTerm)
            #expect(await eventually { executor.load == (0, 0) })
            #expect(store.state("action:1") == state, "\(note)")
            #expect(actuator.record.withLock { $0.runs.count } == runs, "\(note)")
            let expected: [String] =
                switch state {
                case .planned: ["unavailable: docker is away"]
                case .cancelled: ["cancelled"]
                default: ["executing", state.rawValue]
                }
            #expect(reports.withLock { $0 } == expected, "\(note)")
        }
    }

    @Test func refusesAtDispatchWhatMustNotReachDocker() async {
        let cases: [(note: String, ActionKind, String, JSONObject)] = [
            ("an option for a target", .restartService, "--all", JSONObject()),
            ("a path", .restartService, "../etc", JSONObject()),
            ("a space", .stopService, "a b", JSONObject()),
            ("an unknown kind", ActionKind(rawValue: "format_disk"), "web", JSONObject()),
            ("an option for an image", .deployService, "web", JSONObject([("image", "--privileged")])),
            ("an image id", .deployService, "web", JSONObject([("image", .string(String(repeating: "a", count: 64)))])),
            ("no replicas", .scaleService, "web", JSONObject()),
            ("negative replicas", .scaleService, "web", JSONObject([("replicas", -1)])),
            ("too many replicas", .scaleService, "web", JSONObject([("replicas", 100_001)])),
            ("replicas as text", .scaleService, "web", JSONObject([("replicas", "3")])),
        ]
        for (note, kind, target, params) in cases {
            let action = makeAction("action:1", kind, target: target, params: params)
            let store = MemoryStore([action])
            let actuator = RecordingActuator()
            let executor = makeExecutor(store, actuator)
            executor.dispatch(action, spec: nil, term: testTerm)
            #expect(await eventually { store.state("action:1") == .failed }, "\(note)")
            #expect(actuator.record.withLock { $0.runs.isEmpty }, "\(note)")
        }
    }

    @Test func writesTheOutcomeOfOneRunUntilTheStoreIsBack() async {
        let action = makeAction("action:1", target: "web")
        let store = MemoryStore([action])
        store.contents.withLock { $0.finishFailures = 20 }
        let actuator = RecordingActuator()
        let executor = makeExecutor(store, actuator)
        executor.dispatch(action, spec: nil, term: testTerm)
        #expect(await eventually { store.state("action:1") == .succeeded })
        #expect(actuator.record.withLock { $0.runs["action:1"] } == 1)
    }

    @Test func runsNothingWithoutTrust() async {
        for trustedQuestions in 0...1 {
            let action = makeAction("action:1", target: "web")
            let store = MemoryStore([action])
            let asked = Mutex(0)
            let isTrusted: @Sendable (Term) -> Bool = { _ in
                asked.withLock { asked in
                    asked += 1
                    return asked <= trustedQuestions
                }
            }
            let actuator = RecordingActuator()
            let executor = makeExecutor(store, actuator, isStillTrusted: isTrusted)
            executor.dispatch(action, spec: nil, term: testTerm)
            #expect(await eventually { executor.load == (0, 0) })
            #expect(actuator.record.withLock { $0.runs.isEmpty })
            #expect(store.state("action:1") == (trustedQuestions == 0 ? .planned : .failed))
        }
    }

    @Test func runsNothingUnderAStaleTerm() async {
        let action = makeAction("action:1", target: "web")
        let store = MemoryStore([action])
        store.contents.withLock { $0.currentEpoch = 2 }
        let actuator = RecordingActuator()
        let executor = makeExecutor(store, actuator)
        executor.dispatch(action, spec: nil, term: testTerm)
        #expect(await eventually { executor.load == (0, 0) })
        #expect(store.state("action:1") == .planned)
        #expect(actuator.record.withLock { $0.runs.isEmpty })
    }

    @Test func anActionOfTheOtherActuatorIsCancelled() async {
        let action = makeAction("action:1", target: "web", dryRun: true)
        let store = MemoryStore([action])
        let actuator = RecordingActuator()
        let executor = makeExecutor(store, actuator)
        executor.dispatch(action, spec: nil, term: testTerm)
        #expect(await eventually { store.state("action:1") == .cancelled })
        #expect(actuator.record.withLock { $0.runs.isEmpty })
    }

    @Test func leftoversAreSettledByLookingAndNeverRun() async {
        let cases: [(note: String, ActionState, ActionOutcome?, ActionState)] = [
            ("seen to have worked", .executing, ActionOutcome(.succeeded, "seen"), .succeeded),
            ("seen not to have worked", .unknown, ActionOutcome(.failed, "seen"), .failed),
            ("not known yet", .executing, nil, .executing),
            ("a planned one is no leftover", .planned, ActionOutcome(.failed, "seen"), .planned),
            ("an ended one stays as it is", .succeeded, ActionOutcome(.failed, "seen"), .succeeded),
        ]
        for (note, before, settlement, after) in cases {
            let action = makeAction("action:1", target: "web", state: before)
            let store = MemoryStore([action])
            let actuator = RecordingActuator(settlement: { _ in settlement })
            let executor = makeExecutor(store, actuator)
            executor.settleLeftovers([action], term: testTerm)
            #expect(await eventually { executor.load == (0, 0) })
            #expect(store.state("action:1") == after, "\(note)")
            #expect(actuator.record.withLock { $0.runs.isEmpty }, "\(note)")
        }
    }

    @Test func whatRunsHereIsNotSettledHere() async {
        let gate = Gate(isOpen: false)
        let action = makeAction("action:1", target: "web")
        let store = MemoryStore([action])
        let actuator = RecordingActuator(gate: gate, settlement: { _ in ActionOutcome(.failed, "settled") })
        let executor = makeExecutor(store, actuator)
        executor.dispatch(action, spec: nil, term: testTerm)
        #expect(await eventually { store.state("action:1") == .executing })
        var executing = action
        executing.state = .executing
        executor.settleLeftovers([executing], term: testTerm)
        #expect(executor.load == (1, 0))
        gate.open()
        #expect(await eventually { store.state("action:1") == .succeeded })
    }

    @Test func drainWaitsForWhatRunsAndLeavesWhatWaitsPlanned() async {
        let gate = Gate(isOpen: false)
        let actions = (0..<6).map { makeAction("action:\($0)", target: "service-\($0)") }
        let store = MemoryStore(actions)
        let actuator = RecordingActuator(gate: gate)
        let executor = makeExecutor(store, actuator)
        for action in actions { executor.dispatch(action, spec: nil, term: testTerm) }
        #expect(await eventually { actuator.record.withLock { $0.runs.count } == 4 })
        async let drained: Void = executor.drain(timeout: .seconds(30))
        #expect(await eventually { executor.load == (4, 0) })
        #expect(!executor.dispatch(makeAction("action:late", target: "late"), spec: nil, term: testTerm))
        gate.open()
        await drained
        #expect(
            actions.map { store.state($0.id) } == [.succeeded, .succeeded, .succeeded, .succeeded, .planned, .planned])
    }

    @Test func drainGivesUpAtItsBoundAndLeavesTheActionExecuting() async {
        let gate = Gate(isOpen: false)
        let action = makeAction("action:1", target: "web")
        let store = MemoryStore([action])
        let executor = makeExecutor(store, RecordingActuator(gate: gate))
        executor.dispatch(action, spec: nil, term: testTerm)
        #expect(await eventually { store.state("action:1") == .executing })
        let start = ContinuousClock.now
        await executor.drain(timeout: .milliseconds(50))
        #expect(ContinuousClock.now - start < .seconds(5))
        #expect(store.state("action:1") == .executing)
        gate.open()
    }

    @Test func theJournalsPointsComeInOrder() async {
        let action = makeAction("action:1", target: "web")
        let store = MemoryStore([action])
        let points = Mutex<[JournalPoint]>([])
        let executor = makeExecutor(
            store, RecordingActuator(), onJournal: { point in points.withLock { $0.append(point) } })
        executor.dispatch(action, spec: nil, term: testTerm)
        #expect(await eventually { executor.load == (0, 0) })
        #expect(
            points.withLock { $0 } == [
                .beforePrepare, .afterPrepare, .beforeClaim, .afterClaim, .afterCommand, .beforeFinish, .afterFinish,
            ])
    }

    @Test func aDryRunSaysWhatItWouldRun() async {
        let action = makeAction("action:1", target: "web", dryRun: true)
        let store = MemoryStore([action])
        let executor = makeExecutor(store, DryRunActuator())
        executor.dispatch(action, spec: nil, term: testTerm)
        #expect(await eventually { store.state("action:1") == .succeeded })
        let finished = store.contents.withLock { $0.actions["action:1"] }
        #expect(finished?.detail == "dry run: would run `docker restart -t 10 -- web`")
        #expect(finished?.commands == [["docker", "restart", "-t", "10", "--", "web"]])
    }
}
