/// Names and labels that the observer and the actuator must agree on.
package enum DockerNames {
    /// Ends the name of the container that a deploy replaced and keeps until its watch has passed:
    /// `vector-mcp.muster-previous`. Such a container is no service of its own.
    package static let keptSuffix = ".muster-previous"
    /// Ends the name of the container that a deploy has made and not yet put in its service's place. Such a container
    /// is no service of its own either.
    package static let nextSuffix = ".muster-next"
    /// Names the service that a container or Swarm service runs, where its own name is another.
    package static let serviceLabel = "muster.service"
    package static let composeServiceLabel = "com.docker.compose.service"
    /// Set by docker on the containers of a Swarm service's tasks.
    package static let swarmServiceIDLabel = "com.docker.swarm.service.id"
    package static let stackLabel = "com.docker.stack.namespace"
}
