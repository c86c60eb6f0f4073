package import FleetModel

/// One observer's answer in one pass.
package struct ObservationReport: Sendable {
    package var source: ObserverSource
    /// When the observer began to collect.
    package var at: WallTime
    package var observations: [Observation]
    /// Nil when the answer is complete: then a service it covers and does not name is not there.
    package var failure: String?

    package init(source: ObserverSource, at: WallTime, observations: [Observation], failure: String? = nil) {
        self.source = source
        self.at = at
        self.observations = observations
        self.failure = failure
    }
}

/// Looks at the fleet and says what it saw; changes nothing and never throws: a failure is part of the report.
package protocol Observer: Sendable {
    var source: ObserverSource { get }

    /// Answers within its own deadline, whatever the runtime does.
    func observe(_ desired: DesiredState, now: WallTime) async -> ObservationReport
}
