import Actuators
import FleetModel
import Glibc
import Testing

/// `kill -9` at every point of the journal, for every kind: the daemon raises SIGKILL against itself where
/// `MUSTER_FAILPOINT` says, a fresh one goes on, and the record of the fake docker says what was done.
@Suite("a crash at any point of the journal leads to the documented state and runs nothing twice")
struct FailpointTests {
    private static let places = Places(24)

    @Test("there are at least twenty points, and every kind comes by all but those of several commands")
    func table() {
        #expect(JournalPoint.allCases.count >= 20)
        #expect(Cell.all.count == JournalPoint.allCases.count * 6 - 3 - 3 * 4)
        #expect(Set(KindCase.all.map(\.kind)) == Set(ActionKind.builtIn))
    }

    @Test("on the embedded store", .timeLimit(.minutes(20)), arguments: Cell.wanted)
    func sqlite(cell: Cell) async throws {
        await Self.places.take()
        let scratch = try Scratch()
        var instances: [Instance] = []
        do {
            let stage = try await FailpointStage(cell, scratch)
            let first = try stage.instance("a", flags: [:])
            instances = [first]
            try await Self.crash(stage, first, fresh: first)
            try await Self.verify(stage, first)
        } catch {
            Issue.record("\(cell.testDescription): \(error)\n\(scratch.read("fleet/record"))")
        }
        for instance in instances { await instance.end() }
        scratch.remove()
        await Self.places.give()
    }

    /// Brings it to its death at the point, and starts `fresh` after it.
    static func crash(_ stage: FailpointStage, _ first: Instance, fresh: Instance) async throws {
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
    static func verify(_ stage: FailpointStage, _ instance: Instance) async throws {
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
        #expect(ContinuousClock.now - start < .seconds(60))

        let witness = try stage.fleet.witness()
        let begun = witness.begun(by: id)
        switch documented {
        case .succeeded: #expect(begun.count >= cell.kind.commands, "\(cell.testDescription): \(begun)")
        case .failedUntouched: #expect(begun.isEmpty, "\(cell.testDescription): \(begun)")
        case .failedHalfway: #expect(!begun.isEmpty, "\(cell.testDescription): \(begun)")
        }
        if documented == .failedUntouched, !cell.kind.isManual { try await askedAnew(stage, instance) }
        try await agree(stage, instance)
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
