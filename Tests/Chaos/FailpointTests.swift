import Actuators
import FleetModel
import Foundation
import PostgresFixture
import Testing

/// `kill -9` at every point of the journal, for every kind: the daemon raises SIGKILL against itself where
/// `MUSTER_FAILPOINT` says, a fresh one goes on, and the record of the fake docker says what was done.
extension Chaos {
    @Suite("a crash at any point of the journal leads to the documented state and runs nothing twice")
    struct Failpoints {
        @Test("there are at least twenty points, and every kind comes by all but those of several commands")
        func table() {
            #expect(JournalPoint.allCases.count >= 20)
            #expect(Cell.all.count == JournalPoint.allCases.count * 6 - 3 - 3 * 4)
            #expect(Set(KindCase.all.map(\.kind)) == Set(ActionKind.builtIn))
        }

        @Test("on the embedded store", .timeLimit(.minutes(30)))
        func sqlite() async throws {
            await Self.run("SQLite", abreast: 24) { stage in
                let instance = try stage.instance("a", flags: [:])
                return (instance, instance)
            }
        }

        /// The instance that goes on is another one than the one that died.
        @Test(
            "on Postgres", .enabled(if: PostgresServer.isInstalled, "no Postgres server is installed"),
            .timeLimit(.minutes(30)))
        func postgres() async throws {
            let server = try await Databases.server()
            await Self.run("Postgres", abreast: 16) { stage in
                let flags = ["STATE_DB_URI": try await Databases.make(on: server), "LEADER_LEASE": "2"]
                    .merging(["STATE_DB_POOL_SIZE": "2"]) { $1 }
                return (try stage.instance("a", flags: flags), try stage.instance("b", flags: flags))
            }
        }

        /// All cells, so many abreast: most of their time is waiting until looking tells.
        private static func run(
            _ store: String, abreast: Int,
            _ instances: @escaping @Sendable (FailpointStage) async throws -> (first: Instance, fresh: Instance)
        ) async {
            let cells = Cell.wanted
            let start = ContinuousClock.now
            var slowest = 0.0
            await withTaskGroup(of: Double.self) { group in
                for (index, cell) in cells.enumerated() {
                    if index >= abreast { slowest = max(slowest, await group.next() ?? 0) }
                    group.addTask { await one(cell, store, instances) }
                }
                for await seconds in group { slowest = max(slowest, seconds) }
            }
            let count = Set(cells.map(\.point)).count
            Report.say(
                "failpoints on \(store): \(cells.count) crashes at \(count) points, slowest to its documented state "
                    + "\(String(format: "%.1f", slowest)) s, all in \((ContinuousClock.now - start).components.seconds) s"
            )
        }

        /// Answers how long it took from the fresh start to the documented state.
        private static func one(
            _ cell: Cell, _ store: String,
            _ instances: @Sendable (FailpointStage) async throws -> (first: Instance, fresh: Instance)
        ) async -> Double {
            var all: [Instance] = []
            var seconds = 0.0
            do {
                let scratch = try Scratch()
                defer { scratch.remove() }
                do {
                    let stage = try await FailpointStage(cell, scratch)
                    let (first, fresh) = try await instances(stage)
                    all = [first, fresh]
                    try await crash(stage, first, fresh: fresh)
                    seconds = try await verify(stage, fresh)
                } catch {
                    Issue.record("\(cell.testDescription) on \(store): \(error)\n\(scratch.read("fleet/record"))")
                }
                for instance in all { await instance.end() }
            } catch {
                Issue.record("\(cell.testDescription) on \(store): \(error)")
            }
            return seconds
        }

        /// Brings it to its death at the point, and starts `fresh` after it.
        private static func crash(_ stage: FailpointStage, _ first: Instance, fresh: Instance) async throws {
            let cell = stage.cell
            if let earlier = cell.earlierPoint {
                try await die(stage, first, at: earlier)
                try await die(stage, fresh, at: cell.point)
            } else {
                try await die(stage, first, at: cell.point)
            }
            try await fresh.start()
        }

        private static func die(_ stage: FailpointStage, _ instance: Instance, at point: JournalPoint) async throws {
            try stage.arrangeFailure()
            try instance.launch(flags: ["MUSTER_FAILPOINT": point.rawValue])
            var isAskedToEnd = false
            try await stage.drive(instance, within: 60) {
                guard instance.isRunning else { return true }
                if stage.cell.isAtShutdown, !isAskedToEnd, try !stage.fleet.witness().begun.isEmpty {
                    instance.signal(SIGTERM)
                    isAskedToEnd = true
                }
                return false
            }
            let status = try await instance.ended()
            guard status == 128 + SIGKILL else {
                throw HarnessError("it ended with \(status) instead of at `\(point.rawValue)`:\n\(instance.logTail)")
            }
        }

        /// The documented state within 60 s of the start, each command once at most, and a fleet as it is wanted.
        private static func verify(_ stage: FailpointStage, _ instance: Instance) async throws -> Double {
            let cell = stage.cell
            let documented = Documented(cell.point, cell.kind)
            let start = ContinuousClock.now
            var final: JSONValue?
            try await stage.drive(instance, within: 60) {
                final = try await stage.actions(instance).first { action in
                    ["succeeded", "failed", "unknown", "cancelled"].contains(action["state"]?.string)
                }
                return final != nil
            }
            let action = try #require(final)
            let id = action["id"]?.string ?? ""
            #expect(action["state"]?.string == documented.state.rawValue, "\(cell.testDescription): \(action.text)")
            let seconds = (ContinuousClock.now - start).seconds
            #expect(seconds < 60, "\(cell.testDescription): \(seconds) s")

            let witness = try stage.fleet.witness()
            let begun = witness.begun(by: id)
            switch documented {
            case .succeeded: #expect(begun.count >= cell.kind.commands, "\(cell.testDescription): \(begun)")
            case .failedUntouched: #expect(begun.isEmpty, "\(cell.testDescription): \(begun)")
            case .failedHalfway: #expect(!begun.isEmpty, "\(cell.testDescription): \(begun)")
            }
            if documented == .failedUntouched, !cell.kind.isManual { try await askedAnew(stage, instance) }
            try await agree(stage, instance)
            return seconds
        }

        /// What the loop wants is proposed again, and carried out when it is granted again.
        private static func askedAnew(_ stage: FailpointStage, _ instance: Instance) async throws {
            try await stage.drive(instance, within: 30) {
                try await stage.actions(instance).contains { $0["state"]?.string == "succeeded" }
            }
        }

        /// Record and journal say the same, in both directions, and nothing was begun twice.
        private static func agree(_ stage: FailpointStage, _ instance: Instance) async throws {
            let note = stage.cell.testDescription
            let witness = try stage.fleet.witness()
            #expect(witness.doubles.isEmpty, "\(note): \(witness.doubles)")
            #expect(witness.outdated.isEmpty, "\(note): \(witness.outdated)")
            #expect(witness.unfounded.isEmpty, "\(note): \(witness.unfounded)")
            let actions = try await instance.list("actions")
            let known = Set(actions.compactMap { $0["id"]?.string })
            #expect(Set(witness.begun.map(\.action)).isSubset(of: known), "\(note): a command without an action")
            for action in actions where action["state"]?.string == "succeeded" {
                let begun = Set(witness.begun(by: action["id"]?.string ?? "").map(\.command))
                let recorded = (action["commands"]?.array ?? []).map { command in
                    (command.array ?? []).dropFirst().compactMap(\.string).joined(separator: " ")
                }
                #expect(recorded.allSatisfy(begun.contains), "\(note): recorded \(recorded), begun \(begun)")
            }
        }
    }
}
