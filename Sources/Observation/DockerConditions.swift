package import FleetModel

/// What docker's states mean for a service (docs/observation.md has the table). Pure.
package enum DockerConditions {
    /// A container younger than this is `created` because somebody is just starting it.
    package static let creationGraceSeconds = 10
    /// So often docker's own restart policy may try before it counts as not coming up.
    package static let restartTries = 3
    /// Docker takes a container that ran for so long as one that came up, and so do we.
    package static let restartGraceSeconds = 10
    /// A Swarm service younger than this, or changed since, has not had the time to start a task.
    package static let swarmGraceSeconds = 30
    /// An update that has no task running for so long is stuck; then it no longer excuses that nothing runs.
    package static let updateLimitSeconds = 600

    package static func of(_ container: ContainerRecord, now: WallTime) -> Condition {
        switch container.state {
        case .running:
            switch container.health {
            case .none, .healthy: isComingUp(container, now: now) ? .unknown(.starting) : .up
            case .starting: .unknown(.starting)
            case .unhealthy: .down(.unhealthy)
            }
        case .created:
            isRecent(container.createdAt, creationGraceSeconds, now: now) ? .unknown(.starting) : .down(.created)
        case .paused: .down(.paused)
        case .restarting where container.restartCount < restartTries: .unknown(.starting)
        case .restarting: .down(.restarting(code: container.exitCode))
        case .removing: .unknown(.updating)
        case .exited where container.outOfMemory: .down(.outOfMemory(code: container.exitCode))
        case .exited: .down(.exited(code: container.exitCode))
        case .dead: .down(.dead)
        }
    }

    /// Docker's restart policy has just started it again: neither up, as it may end at once as before, nor down.
    private static func isComingUp(_ container: ContainerRecord, now: WallTime) -> Bool {
        container.restartCount > 0 && isRecent(container.startedAt, restartGraceSeconds, now: now)
    }

    package static func of(_ service: SwarmRecord, now: WallTime) -> Condition {
        if service.mode.isJob {
            return .unknown(.sourceFailed(.docker, "`\(service.name)` is a Swarm job, which is not kept running"))
        }
        if service.replicas.running > 0 { return .up }
        if service.replicas.wanted == 0, service.mode == .replicated { return .down(.scaledToZero) }
        if let update = service.update, update.isUnderWay,
            isRecent(service.updateStartedAt ?? service.updatedAt, updateLimitSeconds, now: now)
        {
            return .unknown(.updating)
        }
        if isRecent(service.createdAt, swarmGraceSeconds, now: now)
            || isRecent(service.updatedAt, swarmGraceSeconds, now: now)
        {
            return .unknown(.starting)
        }
        return .down(.noTaskRunning(wanted: service.replicas.wanted))
    }

    /// A time in our future counts as recent: the daemon's clock may be ahead of ours.
    private static func isRecent(_ time: WallTime?, _ seconds: Int, now: WallTime) -> Bool {
        time.map { now.seconds(since: $0) < seconds } ?? false
    }
}
