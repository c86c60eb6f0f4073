package enum ObserverSource: String, Sendable, CaseIterable {
    case docker
    case probe
    case events
}

/// What evidence says of a service. Unseen is `unknown`, and `unknown` is never `down`.
package enum Condition: Hashable, Sendable {
    case up
    case down(DownCause)
    /// The runtime that runs the service answered completely, and its answer does not name the service.
    case absent
    case unknown(UnknownCause)
}

package enum DownCause: Hashable, Sendable {
    case created
    case exited(code: Int)
    case outOfMemory(code: Int)
    case dead
    case paused
    /// Docker keeps restarting it: the state is `restarting`.
    case restarting(code: Int)
    case unhealthy
    /// A Swarm service none of whose wanted tasks runs.
    case noTaskRunning(wanted: Int)
    /// A Swarm service with no replicas wanted.
    case scaledToZero
    case probeFailed(String)
    case event(String)
}

package enum UnknownCause: Hashable, Sendable {
    /// No observer covers the service.
    case notObserved
    /// The observer that covers it failed, timed out or gave garbage.
    case sourceFailed(ObserverSource, String)
    /// Running, but its health check has not concluded.
    case starting
    /// A Swarm update or rollback is under way.
    case updating
    /// The docker answer is complete and does not name it, and the registry does not say what runs it.
    case notFound
    /// The latest evidence is older than it may be.
    case stale
    /// Probed, with too few results in a row in either direction.
    case probing
    /// More than one container or service claims the name.
    case ambiguous(Int)
    /// All evidence was collected before the last action on the service ended.
    case beforeLastAction
}

package struct ReplicaCount: Hashable, Sendable {
    package var running: Int
    package var wanted: Int

    package init(running: Int, wanted: Int) {
        self.running = running
        self.wanted = wanted
    }
}

/// What one observer saw of one service, or what all of them together saw once merged.
package struct Observation: Equatable, Sendable {
    package var service: String
    package var source: ObserverSource
    package var condition: Condition
    /// When the newest datum was collected.
    package var at: WallTime
    /// When the oldest datum that the condition rests on was collected: the first of three failed probes, say.
    package var since: WallTime
    package var runtime: Runtime?
    /// The container's full id or the Swarm service's id.
    package var runtimeID: String?
    /// The container's or Swarm service's own name, where it differs from the service's.
    package var runtimeName: String?
    /// As configured: `example/vector-mcp:1.4.2`, with `@sha256:…` where Swarm pinned it.
    package var image: String?
    /// Swarm only.
    package var replicas: ReplicaCount?
    /// Containers only.
    package var startedAt: WallTime?
    package var restartCount: Int?
    /// `com.docker.stack.namespace`, where the service is part of a stack.
    package var stack: String?
    /// Swarm only: the version index of the service's spec, for a compare at dispatch.
    package var specVersion: Int?
    /// The docker host that the service was on when it was looked at; nil is the default one. What was seen of
    /// another host than the one the registry names now says nothing.
    package var endpoint: DockerEndpoint?

    package init(
        service: String, source: ObserverSource, condition: Condition, at: WallTime, since: WallTime? = nil,
        runtime: Runtime? = nil, runtimeID: String? = nil, runtimeName: String? = nil, image: String? = nil,
        replicas: ReplicaCount? = nil, startedAt: WallTime? = nil, restartCount: Int? = nil, stack: String? = nil,
        specVersion: Int? = nil, endpoint: DockerEndpoint? = nil
    ) {
        self.service = service
        self.source = source
        self.condition = condition
        self.at = at
        self.since = since ?? at
        self.runtime = runtime
        self.runtimeID = runtimeID
        self.runtimeName = runtimeName
        self.image = image
        self.replicas = replicas
        self.startedAt = startedAt
        self.restartCount = restartCount
        self.stack = stack
        self.specVersion = specVersion
        self.endpoint = endpoint
    }

    /// What an approval binds of an observation: enough that a person's consent ends when the fleet is no longer as
    /// they saw it, without times and counters that change by themselves.
    package var evidence: String {
        var parts = [runtime?.rawValue ?? "-", runtimeID ?? "-", condition.word, image ?? "-"]
        if let replicas { parts.append("wanted=\(replicas.wanted)") }
        if let endpoint { parts.append("host=\(endpoint.name)") }
        return parts.joined(separator: " ")
    }
}

/// All observations of one pass, merged: at most one per service.
package struct Snapshot: Sendable {
    package struct Source: Equatable, Sendable {
        package var source: ObserverSource
        /// Of docker, the name of the host that was asked; nil for the default one and for other sources.
        package var host: String?
        package var at: WallTime
        /// Nil when the source's answer was complete.
        package var failure: String?

        package init(source: ObserverSource, host: String? = nil, at: WallTime, failure: String?) {
            self.source = source
            self.host = host
            self.at = at
            self.failure = failure
        }

        /// `docker`, or `docker on edge-1`.
        package var title: String { host.map { "\(source.rawValue) on \($0)" } ?? source.rawValue }
    }

    /// Sorted by service, unique. A registry service without an entry is `unknown(.notObserved)`.
    package let observations: [Observation]
    package let sources: [Source]
    package let at: WallTime
    /// Equal generations of one process mean snapshots that differ in times only.
    package let generation: UInt64

    package init(observations: [Observation], sources: [Source], at: WallTime, generation: UInt64) {
        self.observations = observations.inOrder { $0.service < $1.service }
        self.sources = sources
        self.at = at
        self.generation = generation
    }

    package subscript(service: String) -> Observation? {
        var low = 0
        var high = observations.count
        while low < high {
            let middle = (low + high) / 2
            if observations[middle].service < service { low = middle + 1 } else { high = middle }
        }
        return low < observations.count && observations[low].service == service ? observations[low] : nil
    }
}

// MARK: - Text

extension Condition: CustomStringConvertible {
    /// `up`, `down`, `absent` or `unknown`.
    package var word: String {
        switch self {
        case .up: "up"
        case .down: "down"
        case .absent: "absent"
        case .unknown: "unknown"
        }
    }

    /// The cause in a few words; nil for `up` and `absent`.
    package var detail: String? {
        switch self {
        case .up, .absent: nil
        case .down(let cause): cause.description
        case .unknown(let cause): cause.description
        }
    }

    package var description: String {
        detail.map { "\(word): \($0)" } ?? word
    }
}

extension DownCause: CustomStringConvertible {
    package var description: String {
        switch self {
        case .created: "created but never started"
        case .exited(let code): "exited with code \(code)"
        case .outOfMemory(let code): "killed for lack of memory, exit code \(code)"
        case .dead: "dead"
        case .paused: "paused"
        case .restarting(let code): "restarting over and over, last exit code \(code)"
        case .unhealthy: "its health check fails"
        case .noTaskRunning(let wanted): "0 of \(wanted) tasks running"
        case .scaledToZero: "scaled to 0"
        case .probeFailed(let detail): "probe failed: \(detail)"
        case .event(let summary): "reported down: \(summary)"
        }
    }
}

extension UnknownCause: CustomStringConvertible {
    package var description: String {
        switch self {
        case .notObserved: "no observer covers it"
        case .sourceFailed(let source, let message): "\(source.rawValue) observer failed: \(message)"
        case .starting: "started, its health is not known yet"
        case .updating: "an update is under way"
        case .notFound: "docker does not know it and the registry names no `runtime`"
        case .stale: "the last evidence is too old"
        case .probing: "probed, too few results in a row yet"
        case .ambiguous(let count): "\(count) containers or services claim the name"
        case .beforeLastAction: "nothing was seen of it since the last action ended"
        }
    }
}
