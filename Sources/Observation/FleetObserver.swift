package import FleetModel
import Synchronization

/// Runs all observers at once for one pass. A hung one never stalls it: past the deadline its report says that it
/// failed, what it covers is unknown, and what it reported before is not taken for fresh.
package struct FleetObserver: Sendable {
    private let observers: [any Observer]
    private let deadline: Duration
    /// Observers whose last call has not come back; they are not called again before it has.
    private let hanging = HangingObservers()

    package init(observers: [any Observer], deadline: Duration) {
        self.observers = observers
        self.deadline = deadline
    }

    package var sources: [ObserverSource] { observers.map(\.source) }

    /// One report for each observer, in their order, within the deadline.
    package func observe(_ desired: DesiredState, now: WallTime) async -> [ObservationReport] {
        await withTaskGroup(of: (Int, ObservationReport).self) { group in
            for (index, observer) in observers.enumerated() {
                group.addTask { (index, await report(of: observer, index, desired, now)) }
            }
            var reports: [(Int, ObservationReport)] = []
            for await report in group { reports.append(report) }
            return reports.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    private func report(
        of observer: any Observer, _ index: Int, _ desired: DesiredState, _ now: WallTime
    ) async -> ObservationReport {
        guard hanging.enter(index) else {
            return failed(observer, "its last pass has not ended yet", desired, now)
        }
        let (stream, continuation) = AsyncStream<ObservationReport?>.makeStream(bufferingPolicy: .bufferingOldest(1))
        // Not a child task: a group waits for its children, and this one may never end.
        let work = Task {
            let report = await observer.observe(desired, now: now)
            hanging.leave(index)
            continuation.yield(report)
        }
        let timer = Task {
            do { try await Task.sleep(for: deadline) } catch { return }
            work.cancel()
            continuation.yield(nil)
        }
        defer { timer.cancel() }
        var iterator = stream.makeAsyncIterator()
        if let answer = await iterator.next(), let report = answer { return report }
        work.cancel()
        return failed(observer, "did not answer within \(deadline)", desired, now)
    }

    private func failed(
        _ observer: any Observer, _ message: String, _ desired: DesiredState, _ now: WallTime
    ) -> ObservationReport {
        let source = observer.source
        let covered = desired.services.filter { observer.covers($0) }
        return ObservationReport(
            source: source, at: now,
            observations: covered.map {
                Observation(
                    service: $0.name, source: source, condition: .unknown(.sourceFailed(source, message)), at: now)
            }, failure: message)
    }
}

extension Observer {
    fileprivate func covers(_ service: ServiceSpec) -> Bool {
        switch source {
        case .docker: service.runtime != Runtime.none
        case .probe: service.probe != nil
        case .events: false
        }
    }
}

private final class HangingObservers: Sendable {
    private let indices = Mutex(Set<Int>())

    /// False when the call before has not come back.
    func enter(_ index: Int) -> Bool {
        indices.withLock { $0.insert(index).inserted }
    }

    func leave(_ index: Int) {
        indices.withLock { _ = $0.remove(index) }
    }
}
