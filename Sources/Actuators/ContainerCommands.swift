internal import DockerCLI
internal import FleetModel

/// Names and labels of containers that the commands use.
enum ContainerNames {
    static let keptSuffix = DockerNames.keptSuffix
    /// Ends the name of a container that is made and not yet in its service's place.
    static let nextSuffix = DockerNames.nextSuffix
    static let serviceLabel = DockerNames.serviceLabel
    static let stackLabel = DockerNames.stackLabel
    static let composeProjectLabel = "com.docker.compose.project"
    static let actionLabel = "muster.action"
}

/// The docker commands for containers, as argument arrays. Containers are addressed by their full id, so that a
/// name that changes hands between looking and acting cannot redirect a command.
enum ContainerCommands {
    /// Docker's own grace period between TERM and KILL, in seconds, where the container names none.
    static let stopSeconds = 10

    /// `-t` because its long form is `--time` before docker 28 and `--timeout` since. A paused container is resumed
    /// by it, a stopped one is started.
    static func restart(_ id: String, stopSeconds: Int = stopSeconds) -> [String] {
        ["docker", "restart", "-t", String(stopSeconds), "--", id]
    }

    static func stop(_ id: String, stopSeconds: Int = stopSeconds) -> [String] {
        ["docker", "stop", "-t", String(stopSeconds), "--", id]
    }

    static func start(_ id: String) -> [String] { ["docker", "start", "--", id] }

    static func rename(_ id: String, to name: String) -> [String] { ["docker", "rename", "--", id, name] }

    /// Volumes stay: what a service wrote is never removed with its container.
    static func remove(_ id: String) -> [String] { ["docker", "rm", "--force", "--", id] }

    /// A service that was never there, from its registry entry.
    static func create(_ name: String, image: String, spec: ServiceSpec?, actionID: String) -> [String] {
        var command = [
            "docker", "run", "--detach", "--name", name, "--label", "\(ContainerNames.serviceLabel)=\(name)", "--label",
            "\(ContainerNames.actionLabel)=\(actionID)", "--restart", "unless-stopped",
        ]
        if let spec, let host = spec.hostPort, let container = spec.containerPort {
            command += ["--publish", "\(host):\(container)"]
        }
        return command + ["--", image]
    }

    /// The current container makes way, the kept one takes its name and starts. What was current is kept then, so
    /// that a rollback can be rolled back.
    static func swapBack(
        current: String, kept: String, name: String, stopSeconds: Int = stopSeconds
    ) -> [[String]] {
        [
            stop(current, stopSeconds: stopSeconds), rename(current, to: name + ContainerNames.nextSuffix),
            rename(kept, to: name), rename(current, to: name + ContainerNames.keptSuffix), start(kept),
        ]
    }
}
