import FleetModel
import Observation
import Testing

private let later = start.adding(seconds: 120)

private func seen(
    _ source: ObserverSource, _ condition: Condition, at: WallTime = start, runtimeID: String? = nil
) -> Observation {
    var observation = Observation(service: "web", source: source, condition: condition, at: at)
    if source == .docker, let runtimeID {
        observation.runtime = .container
        observation.runtimeID = runtimeID
        observation.image = "example/web:1"
    }
    return observation
}

private func merge(_ observations: [Observation], now: WallTime = start) -> Observation? {
    var merger = SnapshotMerger(staleAfterSeconds: 60)
    let reports = observations.map { ObservationReport(source: $0.source, at: $0.at, observations: [$0]) }
    return merger.merge(reports, desired: registry(ServiceSpec(name: "web")), now: now)["web"]
}

struct SnapshotMergerTests {
    struct Case: Sendable {
        var note: String
        var docker: Condition?
        var probe: Condition?
        var merged: Condition?
    }

    private static let refused = Condition.down(.probeFailed("connection refused"))
    private static let exited = Condition.down(.exited(code: 1))
    private static let failed = Condition.unknown(.sourceFailed(.docker, "timeout"))

    @Test(arguments: [
        Case(note: "nobody looked", merged: nil),
        Case(note: "docker alone", docker: .up, merged: .up),
        Case(note: "the probe alone", probe: refused, merged: refused),
        Case(note: "down beats up", docker: .up, probe: refused, merged: refused),
        Case(note: "down beats up", docker: exited, probe: .up, merged: exited),
        Case(note: "docker's down before the probe's", docker: exited, probe: refused, merged: exited),
        Case(note: "up beats unknown", docker: .up, probe: .unknown(.probing), merged: .up),
        Case(note: "up beats unknown", docker: failed, probe: .up, merged: .up),
        Case(note: "down without a runtime", docker: failed, probe: refused, merged: refused),
        Case(note: "down, nobody knows what runs it", docker: .unknown(.notFound), probe: refused, merged: refused),
        Case(note: "the failure says more", docker: failed, probe: .unknown(.probing), merged: failed),
        Case(
            note: "a starting container is not down", docker: .unknown(.starting), probe: refused,
            merged: .unknown(.starting)),
        Case(
            note: "an updating service is not down", docker: .unknown(.updating), probe: refused,
            merged: .unknown(.updating)),
        Case(
            note: "which of them does not answer?", docker: .unknown(.ambiguous(2)), probe: refused,
            merged: .unknown(.ambiguous(2))),
        Case(note: "it answers already", docker: .unknown(.starting), probe: .up, merged: .up),
        Case(note: "absent is down evidence", docker: .absent, probe: refused, merged: .absent),
        Case(note: "absent beats unknown", docker: .absent, probe: .unknown(.probing), merged: .absent),
        Case(
            note: "something else answers its port", docker: .absent, probe: .up,
            merged: .unknown(.ambiguous(2))),
    ])
    func precedence(_ testCase: Case) {
        var observations: [Observation] = []
        if let docker = testCase.docker { observations.append(seen(.docker, docker)) }
        if let probe = testCase.probe { observations.append(seen(.probe, probe)) }
        #expect(merge(observations)?.condition == testCase.merged, "\(testCase.note)")
        #expect(merge(observations.reversed())?.condition == testCase.merged, "\(testCase.note), other order")
    }

    @Test func staleEvidenceCountsAsNone() {
        let old = seen(.docker, Self.exited, at: start)
        #expect(merge([old], now: start.adding(seconds: 60))?.condition == Self.exited)
        #expect(merge([old], now: start.adding(seconds: 61))?.condition == .unknown(.stale))
        let fresh = seen(.probe, .up, at: later)
        #expect(merge([old, fresh], now: later)?.condition == .up, "stale down does not beat fresh up")
        let stale = seen(.docker, .absent, at: start)
        #expect(merge([stale], now: later)?.condition == .unknown(.stale), "stale absence is not absence")
    }

    @Test func factsComeFromDockerWhoeverDecides() throws {
        let docker = seen(.docker, .up, runtimeID: "abc")
        let merged = try #require(merge([docker, seen(.probe, Self.refused)]))
        #expect(merged.condition == Self.refused)
        #expect(merged.source == .probe)
        #expect(merged.runtimeID == "abc")
        #expect(merged.runtime == .container)
        #expect(merged.image == "example/web:1")
    }

    @Test func aProbesDownWithoutDockerNamesNoRuntime() throws {
        let merged = try #require(merge([seen(.docker, Self.failed), seen(.probe, Self.refused)]))
        #expect(merged.runtimeID == nil)
    }

    @Test func theGenerationGrowsWhenMoreThanTimesDiffers() {
        var merger = SnapshotMerger(staleAfterSeconds: 60)
        let desired = registry(ServiceSpec(name: "web"), ServiceSpec(name: "worker"))
        func pass(_ second: Int, _ condition: Condition, failure: String? = nil) -> UInt64 {
            let now = start.adding(seconds: second)
            let report = ObservationReport(
                source: .docker, at: now,
                observations: ["web", "worker"].map {
                    Observation(service: $0, source: .docker, condition: $0 == "web" ? condition : .up, at: now)
                }, failure: failure)
            return merger.merge([report], desired: desired, now: now).generation
        }
        let generations = [
            pass(0, .up), pass(1, .up), pass(2, .down(.paused)), pass(3, .down(.paused)),
            pass(4, .down(.exited(code: 1))), pass(5, .down(.exited(code: 1)), failure: "half of it"),
        ]
        #expect(generations == [1, 1, 2, 2, 3, 4], "completeness is evidence too")
    }

    @Test func keepsOnlyServicesOfTheRegistryInItsOrder() {
        var merger = SnapshotMerger(staleAfterSeconds: 60)
        let observations = ["zoo", "web", "api"].map {
            Observation(service: $0, source: .docker, condition: .up, at: start)
        }
        let snapshot = merger.merge(
            [ObservationReport(source: .docker, at: start, observations: observations)],
            desired: registry(ServiceSpec(name: "web"), ServiceSpec(name: "api"), ServiceSpec(name: "none")),
            now: start)
        #expect(snapshot.observations.map(\.service) == ["api", "web"], "unsorted reports and strangers are fine")
        #expect(snapshot["none"] == nil)
    }

    @Test func theBoundForStaleEvidenceFollowsTheInterval() {
        #expect(SnapshotMerger(intervalSeconds: 120).staleAfterSeconds == 240)
        #expect(SnapshotMerger(intervalSeconds: 5).staleAfterSeconds == 60)
    }
}
