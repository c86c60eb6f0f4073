import Actuators
import FleetModel
import Foundation
import Store
import StoreSQLite
import Synchronization
import Testing

/// The executor's promise over the store that it has in production.
@Suite struct ExecutorOnSQLiteTests {
    @Test func runsEachActionOnceThoughTwoExecutorsAreOfferedAllOfThem() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("muster-act-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let store = try SQLiteStore(directory: folder.path, now: testNow)
        let term = try await store.acquireTerm(holder: "test", at: testNow)
        let actions = (0..<40).map { makeAction("action:\($0)", target: "service-\($0)") }
        var commit = TickCommit(ledgerHead: 0, at: testNow)
        commit.newActions = actions
        try await store.commit(commit, term: term)

        let actuator = RecordingActuator()
        let executors = (0..<2).map { _ in
            Executor(store: store, actuator: actuator, now: { testNow }, logger: silentLogger)
        }
        await withTaskGroup(of: Void.self) { group in
            for index in 0..<1000 {
                group.addTask { executors[index % 2].dispatch(actions[index % 40], spec: nil, term: term) }
            }
        }
        #expect(await eventually(seconds: 60) { executors.allSatisfy { $0.load == (0, 0) } })
        let runs = actuator.record.withLock { $0.runs }
        #expect(runs == Dictionary(uniqueKeysWithValues: actions.map { ($0.id, 1) }))
        for action in actions {
            let kept = try await store.action(id: action.id)
            #expect(kept?.state == .succeeded)
            #expect(kept?.commands == [["docker", action.proposal.target]])
        }
        await store.close()
    }

    @Test func aNewerTermRunsNothingOfTheOldOne() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("muster-act-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let store = try SQLiteStore(directory: folder.path, now: testNow)
        let old = try await store.acquireTerm(holder: "old", at: testNow)
        let action = makeAction("action:1", target: "web")
        var commit = TickCommit(ledgerHead: 0, at: testNow)
        commit.newActions = [action]
        try await store.commit(commit, term: old)
        _ = try await store.acquireTerm(holder: "new", at: testNow)

        let actuator = RecordingActuator()
        let executor = Executor(store: store, actuator: actuator, now: { testNow }, logger: silentLogger)
        executor.dispatch(action, spec: nil, term: old)
        #expect(await eventually { executor.load == (0, 0) })
        #expect(actuator.record.withLock { $0.runs.isEmpty })
        #expect(try await store.action(id: "action:1")?.state == .planned)
        await store.close()
    }
}
