package import FleetModel

/// Merges the reports of one pass into a snapshot and counts generations. Pure: `now` comes in.
///
/// Precedence (docs/observation.md): down evidence beats up, up beats unknown, stale evidence counts as none. Two
/// exceptions keep evidence from being taken for more than it is: a container that is starting is not down because
/// its probe fails yet, and a name that docker does not know is not absent while something answers its probe.
package struct SnapshotMerger: Sendable {
    package private(set) var previous: Snapshot?
    /// Evidence older than this counts as none: two intervals, at least 60 s.
    package var staleAfterSeconds: Int

    package init(staleAfterSeconds: Int) {
        self.staleAfterSeconds = staleAfterSeconds
    }

    package init(intervalSeconds: Int) {
        self.init(staleAfterSeconds: max(2 * intervalSeconds, 60))
    }

    /// The new snapshot; its generation is the previous one's when nothing but times differs.
    package mutating func merge(_ reports: [ObservationReport], desired: DesiredState, now: WallTime) -> Snapshot {
        // Docker first: of two that say down, it is the one that knows what runs.
        let order = ObserverSource.allCases
        var cursors = order.flatMap { source in reports.filter { $0.source == source } }.map { ReportCursor($0) }
        var observations: [Observation] = []
        observations.reserveCapacity(desired.services.count)
        var evidence: [Observation] = []
        for service in desired.services {
            evidence.removeAll(keepingCapacity: true)
            for index in cursors.indices {
                if let observation = cursors[index].take(service.name) { evidence.append(observation) }
            }
            if var merged = Precedence.merge(evidence, staleAfterSeconds: staleAfterSeconds, now: now) {
                merged.endpoint = service.endpoint
                observations.append(merged)
            }
        }
        let sources = reports.map { Snapshot.Source(source: $0.source, host: $0.host, at: $0.at, failure: $0.failure) }
            .sorted { ($0.source.rawValue, $0.host ?? "") < ($1.source.rawValue, $1.host ?? "") }
        let isSame = previous.map { SnapshotMerger.differInTimesOnly($0, observations, sources) } ?? false
        let generation = (previous?.generation ?? 0) + (isSame ? 0 : 1)
        let snapshot = Snapshot(observations: observations, sources: sources, at: now, generation: generation)
        previous = snapshot
        return snapshot
    }

    private static func differInTimesOnly(
        _ previous: Snapshot, _ observations: [Observation], _ sources: [Snapshot.Source]
    ) -> Bool {
        previous.observations.count == observations.count && previous.sources.count == sources.count
            && zip(previous.sources, sources).allSatisfy {
                $0.source == $1.source && $0.host == $1.host && $0.failure == $1.failure
            }
            && zip(previous.observations, observations).allSatisfy { $0.saysTheSame(as: $1) }
    }
}

extension Observation {
    /// Equal but for when it was collected.
    func saysTheSame(as other: Observation) -> Bool {
        condition == other.condition && service == other.service && source == other.source
            && runtime == other.runtime && runtimeID == other.runtimeID && runtimeName == other.runtimeName
            && image == other.image && replicas == other.replicas && startedAt == other.startedAt
            && restartCount == other.restartCount && stack == other.stack && specVersion == other.specVersion
            && endpoint == other.endpoint
    }
}

/// Walks a report's observations along the registry's names; both are sorted, so no lookup is needed.
private struct ReportCursor {
    private let observations: [Observation]
    private var position = 0

    init(_ report: ObservationReport) {
        let isSorted = zip(report.observations, report.observations.dropFirst()).allSatisfy { $0.service < $1.service }
        observations = isSorted ? report.observations : report.observations.sorted { $0.service < $1.service }
    }

    /// The observation of the service, if there is one. Names must be asked for in ascending order.
    mutating func take(_ service: String) -> Observation? {
        while position < observations.count {
            let candidate = observations[position].service
            if candidate == service {
                position += 1
                return observations[position - 1]
            }
            guard candidate < service else { return nil }
            position += 1
        }
        return nil
    }
}

/// What several observations of one service say together. Pure.
enum Precedence {
    /// Nil when there is no observation at all.
    static func merge(_ evidence: [Observation], staleAfterSeconds: Int, now: WallTime) -> Observation? {
        guard let first = evidence.first else { return nil }
        let current = evidence.map { observation in
            var observation = observation
            if now.seconds(since: observation.at) > staleAfterSeconds {
                observation.condition = .unknown(.stale)
            }
            return observation
        }
        let docker = current.first { $0.source == .docker }
        var merged = decide(current, docker: docker) ?? first
        // Facts come from the runtime, whoever decided.
        if let docker, merged.source != .docker {
            merged.runtime = docker.runtime
            merged.runtimeID = docker.runtimeID
            merged.runtimeName = docker.runtimeName
            merged.image = docker.image
            merged.replicas = docker.replicas
            merged.startedAt = docker.startedAt
            merged.restartCount = docker.restartCount
            merged.stack = docker.stack
            merged.specVersion = docker.specVersion
        }
        return merged
    }

    private static func decide(_ evidence: [Observation], docker: Observation?) -> Observation? {
        if let docker {
            switch docker.condition {
            case .absent:
                let others = evidence.filter { $0.source != .docker }
                guard others.contains(where: { $0.condition == .up }) else { return docker }
                // Something else answers where the service would: nothing must be created over it.
                var contradicted = docker
                contradicted.condition = .unknown(.ambiguous(2))
                return contradicted
            case .unknown(.starting), .unknown(.updating), .unknown(.ambiguous):
                // On its way, a failing probe is what is to be expected; of several, which one a probe reaches is
                // not known. Up still beats unknown.
                return evidence.first { $0.condition == .up } ?? docker
            case .up, .down, .unknown: break
            }
        }
        return evidence.first { $0.condition.isDown } ?? evidence.first { $0.condition == .up }
            ?? evidence.min { $0.condition.unknownRank < $1.condition.unknownRank }
    }
}

extension Condition {
    fileprivate var isDown: Bool {
        if case .down = self { true } else { false }
    }

    /// Of several that know nothing, the one whose reason tells the operator most.
    fileprivate var unknownRank: Int {
        guard case .unknown(let cause) = self else { return 0 }
        return switch cause {
        case .sourceFailed: 1
        case .ambiguous: 2
        case .starting, .updating, .beforeLastAction: 3
        case .probing: 4
        case .stale: 5
        case .notFound: 6
        case .notObserved: 7
        }
    }
}
