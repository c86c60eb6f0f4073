package import FleetModel

/// One observer's answer in one pass.
package struct ObservationReport: Sendable {
    package var source: ObserverSource
    /// Of docker, the name of the host that was asked; nil for the default one.
    package var host: String?
    /// When the observer began to collect.
    package var at: WallTime
    package var observations: [Observation]
    /// Nil when the answer is complete: then a service it covers and does not name is not there.
    package var failure: String?

    package init(
        source: ObserverSource, host: String? = nil, at: WallTime, observations: [Observation],
        failure: String? = nil
    ) {
        self.source = source
        self.host = host
        self.at = at
        self.observations = observations
        self.failure = failure
    }
}

/// Looks at the fleet and says what it saw; changes nothing and never throws: a failure is part of the report.
package protocol Observer: Sendable {
    var source: ObserverSource { get }
    /// The docker host that it looks at, where it is one of the registry's.
    var endpoint: DockerEndpoint? { get }
    /// Whether it is to say something of this service: what is unknown when it fails.
    func covers(_ service: ServiceSpec) -> Bool

    /// Answers within its own deadline, whatever the runtime does.
    func observe(_ desired: DesiredState, now: WallTime) async -> ObservationReport
}

extension Observer {
    package var endpoint: DockerEndpoint? { nil }

    package func covers(_ service: ServiceSpec) -> Bool {
        switch source {
        case .docker: service.runtime != Runtime.none && service.endpoint == endpoint
        case .probe: service.probe != nil
        case .events: false
        }
    }
}
