import FleetModel
import Testing

@testable import Observation

private let spec = ProbeSpec(
    check: .tcp, intervalSeconds: 10, timeoutSeconds: 2, failures: 3, successes: 2)

struct ProbeStateTests {
    struct Case: Sendable {
        var note: String
        /// `+` a success, `-` a failure, one every 10 s.
        var results: String
        var condition: String
        /// Which result (counted from 0) the streak began with that the verdict rests on.
        var since: Int?
    }

    @Test(arguments: [
        Case(note: "nothing yet", results: "", condition: "unknown", since: nil),
        Case(note: "one success is not enough", results: "+", condition: "unknown", since: nil),
        Case(note: "two failures are not enough", results: "--", condition: "unknown", since: nil),
        Case(note: "up at the threshold", results: "++", condition: "up", since: 0),
        Case(note: "down at the threshold", results: "---", condition: "down", since: 0),
        Case(note: "a streak that breaks begins anew", results: "--+--", condition: "unknown", since: nil),
        Case(note: "and comes to its end", results: "--+---", condition: "down", since: 3),
        Case(note: "one failure does not turn up", results: "++-", condition: "up", since: 0),
        Case(note: "nor two", results: "++--", condition: "up", since: 0),
        Case(note: "three do", results: "++---", condition: "down", since: 2),
        Case(note: "one success does not turn down", results: "---+", condition: "down", since: 0),
        Case(note: "two do", results: "---++", condition: "up", since: 3),
        Case(note: "flapping keeps the verdict", results: "++-+--+--+-", condition: "up", since: 0),
        Case(note: "flapping keeps the verdict", results: "---+-+-+-", condition: "down", since: 0),
    ])
    func thresholdsHoldInBothDirections(_ testCase: Case) {
        var state = ProbeState()
        var now = start
        for character in testCase.results {
            _ = state.record(character == "+" ? .succeeded : .failed("refused"), spec: spec, at: now)
            now = now.adding(seconds: 10)
        }
        #expect(state.condition(spec: spec, at: now).word == testCase.condition, "\(testCase.note)")
        #expect(state.since == testCase.since.map { start.adding(seconds: 10 * $0) }, "\(testCase.note)")
    }

    @Test func aChangeIsToldOnceAndOnlyWhenTheVerdictTurns() {
        var state = ProbeState()
        var changes: [Bool] = []
        for character in "++++-----++" {
            changes.append(state.record(character == "+" ? .succeeded : .failed("x"), spec: spec, at: start))
        }
        #expect(changes.enumerated().filter(\.element).map(\.offset) == [1, 6, 10])
    }

    @Test func oldResultsSayNothing() {
        var state = ProbeState()
        for _ in 0..<3 { _ = state.record(.failed("refused"), spec: spec, at: start) }
        #expect(state.condition(spec: spec, at: start.adding(seconds: 30)) == .down(.probeFailed("refused")))
        #expect(state.condition(spec: spec, at: start.adding(seconds: 31)) == .unknown(.stale))
        #expect(ProbeState.staleAfterSeconds(spec) == 30)
        #expect(ProbeState.staleAfterSeconds(ProbeSpec(check: .tcp, intervalSeconds: 60)) == 180)
    }

    @Test func aThresholdOfZeroIsOne() {
        var state = ProbeState()
        let eager = ProbeSpec(check: .tcp, failures: 0, successes: 0)
        let isUp = state.record(.succeeded, spec: eager, at: start)
        let isDown = state.record(.failed("x"), spec: eager, at: start)
        #expect(isUp && isDown)
    }
}

struct ProbeTableTests {
    private func probed(_ name: String, port: Int? = 80, interval: Int = 10) -> ServiceSpec {
        ServiceSpec(
            name: name, hostPort: port,
            probe: ProbeSpec(check: .tcp, intervalSeconds: interval, failures: 1, successes: 1))
    }

    private func fleet(_ count: Int) -> DesiredState {
        DesiredState(services: (0..<count).map { probed("service-\($0)") }, digest: "fleet-\(count)")
    }

    @Test func probesAreSpreadOverTheInterval() {
        var table = ProbeTable()
        table.update(fleet(10_000), now: 0)
        var perSecond: [Int] = []
        for second in 1...10 { perSecond.append(table.takeDue(now: Int64(second) * 1000 - 1, limit: .max).count) }
        #expect(perSecond.reduce(0, +) == 10_000)
        #expect(perSecond.allSatisfy { (800...1200).contains($0) }, "\(perSecond)")
    }

    @Test func aServiceIsNotProbedAgainWhileItsProbeIsUnderWay() {
        var table = ProbeTable()
        table.update(registry(probed("web")), now: 0)
        let job = table.takeDue(now: 10_000, limit: 10)
        #expect(job.count == 1)
        let meanwhile = table.takeDue(now: 1_000_000, limit: 10)
        #expect(meanwhile.isEmpty)
        _ = table.record(token: job[0].token, .succeeded, at: start, now: 1_000_000)
        let atOnce = table.takeDue(now: 1_000_000, limit: 10)
        #expect(atOnce.isEmpty, "what was missed is not made up for")
        let next = table.takeDue(now: 1_010_000, limit: 10)
        #expect(next.count == 1, "and the rhythm goes on")
    }

    @Test func takesNoMoreThanTheLimit() {
        var table = ProbeTable()
        table.update(fleet(100), now: 0)
        let counts = [30, 0, 100].map { table.takeDue(now: 10_000, limit: $0).count }
        #expect(counts == [30, 0, 70])
    }

    @Test func aChangedProbeBeginsAnewAndOthersKeepTheirState() {
        var table = ProbeTable()
        table.update(registry(probed("api"), probed("web"), digest: "1"), now: 0)
        for job in table.takeDue(now: 10_000, limit: 10) {
            _ = table.record(token: job.token, .succeeded, at: start, now: 10_000)
        }
        #expect(table.observations(at: start).map(\.condition) == [.up, .up])
        let late = table.takeDue(now: 20_000, limit: 10)
        table.update(registry(probed("api", port: 81), probed("new"), probed("web"), digest: "2"), now: 20_000)
        #expect(
            table.observations(at: start).map(\.condition) == [.unknown(.probing), .unknown(.probing), .up])
        for job in late { _ = table.record(token: job.token, .failed("x"), at: start, now: 20_000) }
        #expect(
            table.observations(at: start).map(\.condition)
                == [.unknown(.probing), .unknown(.probing), .down(.probeFailed("x"))],
            "a result of the replaced probe is dropped")
        table.update(registry(probed("new"), digest: "3"), now: 20_000)
        #expect(table.observations(at: start).map(\.service) == ["new"])
    }

    @Test func aProbeWithoutAPortIsSaid() {
        var table = ProbeTable()
        table.update(registry(probed("api"), probed("none", port: nil), ServiceSpec(name: "plain")), now: 0)
        let observations = table.observations(at: start)
        #expect(observations.map(\.service) == ["api", "none"])
        #expect(
            observations[1].condition
                == .unknown(.sourceFailed(.probe, "it has a `probe` but no `host_port`")))
    }
}
