package import DockerCLI
package import FleetModel
import Synchronization

/// Runs all observers at once for one pass: those it was made with, and one for each docker host in use. A hung one
/// never stalls it: past the deadline its report says that it failed, what it covers is unknown, and what it reported
/// before is not taken for fresh. The others stand.
package struct FleetObserver: Sendable {
    private let observers: [any Observer]
    private let docker: DockerHosts?
    private let deadline: Duration
    /// Observers whose last call has not come back; they are not called again before it has.
    private let hanging = HangingObservers()
    /// So long a pass waits for an observer that kept the last one waiting in vain; it goes on beside the passes until
    /// it has answered. A host that hangs would otherwise slow every look at the others down to its deadline.
    private static let patience = Duration.seconds(2)

    /// With `docker`, each endpoint that the desired state of a pass uses is observed in that pass.
    package init(observers: [any Observer], docker: DockerHosts? = nil, deadline: Duration) {
        self.observers = observers
        self.docker = docker
        self.deadline = deadline
    }

    /// One report for each docker host, then one for each observer in their order, within the deadline.
    package func observe(_ desired: DesiredState, now: WallTime) async -> [ObservationReport] {
        await withTaskGroup(of: (Int, ObservationReport).self) { group in
            for (index, observer) in (dockerObservers(desired) + observers).enumerated() {
                group.addTask { (index, await report(of: observer, desired, now)) }
            }
            var reports: [(Int, ObservationReport)] = []
            for await report in group { reports.append(report) }
            return reports.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    private func dockerObservers(_ desired: DesiredState) -> [any Observer] {
        guard let docker else { return [] }
        let endpoints = desired.endpointsInUse
        docker.keep(endpoints)
        return endpoints.map { DockerObserver(cli: docker.cli(for: $0), endpoint: $0) }
    }

    private func report(
        of observer: any Observer, _ desired: DesiredState, _ now: WallTime
    ) async -> ObservationReport {
        let place = HangingObservers.Place(source: observer.source, endpoint: observer.endpoint)
        guard let wasLate = hanging.enter(place) else {
            return failed(observer, "its last pass has not ended yet", desired, now)
        }
        let limit = wasLate ? min(FleetObserver.patience, deadline) : deadline
        let began = ContinuousClock.now
        let (stream, continuation) = AsyncStream<ObservationReport?>.makeStream(bufferingPolicy: .bufferingOldest(1))
        // Not a child task: a group waits for its children, and this one may never end.
        let work = Task {
            let report = await observer.observe(desired, now: now)
            hanging.leave(place, isLate: report.saysNothing && .now - began >= FleetObserver.patience)
            continuation.yield(report)
        }
        let timer = Task {
            do {
                try await Task.sleep(for: limit)
                continuation.yield(nil)
                try await Task.sleep(for: deadline - limit)
                work.cancel()
            } catch { return }
        }
        var iterator = stream.makeAsyncIterator()
        if let answer = await iterator.next(), let report = answer {
            timer.cancel()
            return report
        }
        // The timer ends what still runs at the deadline.
        if Task.isCancelled { work.cancel() }
        return failed(observer, "did not answer within \(limit)", desired, now)
    }

    private func failed(
        _ observer: any Observer, _ message: String, _ desired: DesiredState, _ now: WallTime
    ) -> ObservationReport {
        let source = observer.source
        let covered = desired.services.filter { observer.covers($0) }
        let cause = UnknownCause.sourceFailed(source, message.of(observer.endpoint))
        return ObservationReport(
            source: source, host: observer.endpoint?.name, at: now,
            observations: covered.map {
                Observation(service: $0.name, source: source, condition: .unknown(cause), at: now)
            }, failure: message)
    }
}

private final class HangingObservers: Sendable {
    /// One observer of each source looks at a place at a time.
    struct Place: Hashable {
        var source: ObserverSource
        var endpoint: DockerEndpoint?
    }

    private struct State {
        var underWay: Set<Place> = []
        /// Those whose last pass came late and said nothing.
        var late: Set<Place> = []
    }

    private let state = Mutex(State())

    /// Whether the last pass came late; nil when it has not come back.
    func enter(_ place: Place) -> Bool? {
        state.withLock { $0.underWay.insert(place).inserted ? $0.late.contains(place) : nil }
    }

    func leave(_ place: Place, isLate: Bool) {
        state.withLock { state in
            state.underWay.remove(place)
            if isLate { state.late.insert(place) } else { state.late.remove(place) }
        }
    }
}

extension ObservationReport {
    /// It failed for all that it covers. One of which a half failed was worth waiting for.
    fileprivate var saysNothing: Bool {
        failure != nil
            && observations.allSatisfy { if case .unknown(.sourceFailed) = $0.condition { true } else { false } }
    }
}
