package import DockerCLI
package import FleetModel

/// Sees what one dockerd runs: containers and Swarm services. Says something of the services on its endpoint alone.
package struct DockerObserver: Observer {
    package let source = ObserverSource.docker
    package let endpoint: DockerEndpoint?
    private let cli: DockerCLI

    /// `cli` is for `endpoint`, nil being the default one. `cli.timeout` (`DOCKER_TIMEOUT`) is the deadline of a whole
    /// pass too.
    package init(cli: DockerCLI, endpoint: DockerEndpoint? = nil) {
        self.cli = cli
        self.endpoint = endpoint
    }

    package func observe(_ desired: DesiredState, now: WallTime) async -> ObservationReport {
        let answer = await DockerReader(cli: cli, deadline: .now + cli.timeout).read()
        return DockerMapping.report(answer, desired: desired, endpoint: endpoint, at: now)
    }
}
