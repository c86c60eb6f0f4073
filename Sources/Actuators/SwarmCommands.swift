internal import FleetModel

/// The docker commands for Swarm services, as argument arrays.
///
/// All are detached: without `--detach` an update waits for the service to converge, forever if it does not
/// (reliability.md); what becomes of it is found out by looking. The label names the intent, so that looking can
/// tell our update from another's; a service label does not touch the tasks.
enum SwarmCommands {
    static let actionLabel = "muster.action"

    static func forceUpdate(_ name: String, actionID: String) -> [String] {
        ["docker", "service", "update", "--detach", "--force", "--label-add", label(actionID), "--", name]
    }

    static func scale(_ name: String, to replicas: Int) -> [String] {
        ["docker", "service", "scale", "--detach", "--", "\(name)=\(replicas)"]
    }

    /// The client's registry credentials go along, since the nodes may need them to pull. The client also asks the
    /// registry for the tag's digest and warns where it cannot: the tag is deployed as it is then.
    static func deploy(_ name: String, image: String, actionID: String) -> [String] {
        [
            "docker", "service", "update", "--detach", "--with-registry-auth", "--image", image, "--label-add",
            label(actionID), "--", name,
        ]
    }

    static func create(_ name: String, image: String, spec: ServiceSpec?, actionID: String) -> [String] {
        var command = [
            "docker", "service", "create", "--detach", "--with-registry-auth", "--name", name, "--label",
            "\(ContainerNames.serviceLabel)=\(name)", "--label", label(actionID), "--replicas",
            String(spec?.replicas ?? spec?.scaling?.minimum ?? 1),
        ]
        if let spec, let host = spec.hostPort, let container = spec.containerPort {
            command += ["--publish", "published=\(host),target=\(container)"]
        }
        return command + ["--", image]
    }

    static func rollback(_ name: String) -> [String] {
        ["docker", "service", "rollback", "--detach", "--", name]
    }

    static func listStack(_ stack: String) -> [String] {
        [
            "docker", "service", "ls", "--filter", "label=\(ContainerNames.stackLabel)=\(stack)", "--format",
            "{{.Name}}",
        ]
    }

    private static func label(_ actionID: String) -> String { "\(actionLabel)=\(actionID)" }
}
