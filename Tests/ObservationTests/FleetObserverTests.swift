import FleetModel
import Observation
import Testing

private struct Still: Observer {
    let source: ObserverSource

    func observe(_ desired: DesiredState, now: WallTime) async -> ObservationReport {
        ObservationReport(
            source: source, at: now,
            observations: desired.services.map {
                Observation(service: $0.name, source: source, condition: .up, at: now)
            })
    }
}

/// Does not come back before it is let go, whatever happens to its task.
private struct Hanging: Observer {
    let source: ObserverSource
    let gate = AsyncStream<Void>.makeStream()

    func observe(_ desired: DesiredState, now: WallTime) async -> ObservationReport {
        let stream = gate.stream
        await Task { for await _ in stream { return } }.value
        return ObservationReport(
            source: source, at: now,
            observations: desired.services.map {
                Observation(service: $0.name, source: source, condition: .up, at: now)
            })
    }
}

@Suite(.timeLimit(.minutes(1)))
struct FleetObserverTests {
    @Test func givesOneReportOfEachObserver() async {
        let observer = FleetObserver(observers: [Still(source: .probe), Still(source: .docker)], deadline: .seconds(5))
        let reports = await observer.observe(registry(ServiceSpec(name: "web")), now: start)
        #expect(reports.map(\.source) == [.probe, .docker])
        #expect(reports.allSatisfy { $0.failure == nil })
    }

    @Test func aHangingObserverNeitherStallsThePassNorIsTakenForFresh() async {
        let hanging = Hanging(source: .docker)
        let observer = FleetObserver(observers: [hanging, Still(source: .probe)], deadline: .milliseconds(200))
        let desired = registry(ServiceSpec(name: "none", runtime: Runtime.none), ServiceSpec(name: "web"))
        let began = ContinuousClock.now
        let reports = await observer.observe(desired, now: start)
        #expect(ContinuousClock.now - began < .seconds(10))
        #expect(reports[0].failure?.contains("did not answer within") == true)
        #expect(reports[0].observations.map(\.service) == ["web"], "docker says nothing of `runtime: none`")
        #expect(reports[0].observations.allSatisfy { $0.condition.word == "unknown" })
        #expect(reports[1].failure == nil)

        // It is not called a second time while the first call hangs.
        let again = await observer.observe(desired, now: start.adding(seconds: 1))
        #expect(again[0].failure == "its last pass has not ended yet")

        hanging.gate.continuation.yield()
        #expect(
            await eventually {
                hanging.gate.continuation.yield()
                return await observer.observe(desired, now: start).first?.failure == nil
            }, "it is asked again once it has come back")
    }
}
