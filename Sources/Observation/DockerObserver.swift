package import DockerCLI
package import FleetModel

/// Sees what dockerd runs: containers and Swarm services.
package struct DockerObserver: Observer {
    package let source = ObserverSource.docker
    private let cli: DockerCLI

    /// `cli.timeout` (`DOCKER_TIMEOUT`) is the deadline of a whole pass too.
    package init(cli: DockerCLI) {
        self.cli = cli
    }

    package func observe(_ desired: DesiredState, now: WallTime) async -> ObservationReport {
        let answer = await DockerReader(cli: cli, deadline: .now + cli.timeout).read()
        return DockerMapping.report(answer, desired: desired, at: now)
    }
}
