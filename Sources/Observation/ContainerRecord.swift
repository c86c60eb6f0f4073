package import FleetModel

/// What docker says of one container, as far as Muster asks.
package struct ContainerRecord: Equatable, Sendable {
    package enum Health: String, Sendable {
        case none
        case starting
        case healthy
        case unhealthy
    }

    /// `State.Status` of the engine API (1.41 and later).
    package enum State: String, Sendable {
        case created, running, paused, restarting, removing, exited, dead
    }

    package var id: String
    /// Without the leading slash.
    package var name: String
    package var state: State
    package var health: Health
    package var exitCode: Int
    package var outOfMemory: Bool
    package var restartCount: Int
    package var image: String
    package var createdAt: WallTime?
    /// Nil when it was never started.
    package var startedAt: WallTime?
    package var serviceLabel: String?
    package var composeService: String?
    /// A container of `docker compose run`: it does not run the service.
    package var isComposeOneOff: Bool
    /// The Swarm service whose task it is.
    package var swarmServiceID: String?
    package var stack: String?

    package init(
        id: String, name: String, state: State, health: Health = .none, exitCode: Int = 0, outOfMemory: Bool = false,
        restartCount: Int = 0, image: String = "", createdAt: WallTime? = nil, startedAt: WallTime? = nil,
        serviceLabel: String? = nil, composeService: String? = nil, isComposeOneOff: Bool = false,
        swarmServiceID: String? = nil, stack: String? = nil
    ) {
        self.id = id
        self.name = name
        self.state = state
        self.health = health
        self.exitCode = exitCode
        self.outOfMemory = outOfMemory
        self.restartCount = restartCount
        self.image = image
        self.createdAt = createdAt
        self.startedAt = startedAt
        self.serviceLabel = serviceLabel
        self.composeService = composeService
        self.isComposeOneOff = isComposeOneOff
        self.swarmServiceID = swarmServiceID
        self.stack = stack
    }
}

extension ContainerRecord {
    /// One line of JSON a container for `docker inspect --format`: about 450 bytes where the whole answer has 6,000,
    /// and only the five labels that matter, so that labels made up by an image cannot fill the answer.
    ///
    /// `.ID` and not `.Id`: a field that the CLI's own type does not have makes it fall back to the raw answer, in
    /// which `State.Health` is missing and an error (seen with 20.10 and 28.2).
    package static let template =
        #"{"id":{{json .ID}},"name":{{json .Name}},"state":{{json .State.Status}},"#
        + #""health":{{if .State.Health}}{{json .State.Health.Status}}{{else}}null{{end}},"#
        + #""code":{{json .State.ExitCode}},"oom":{{json .State.OOMKilled}},"restarts":{{json .RestartCount}},"#
        + #""image":{{json .Config.Image}},"created":{{json .Created}},"started":{{json .State.StartedAt}},"#
        + #""service":{{json (index .Config.Labels "muster.service")}},"#
        + #""compose":{{json (index .Config.Labels "com.docker.compose.service")}},"#
        + #""oneoff":{{json (index .Config.Labels "com.docker.compose.oneoff")}},"#
        + #""task_of":{{json (index .Config.Labels "com.docker.swarm.service.id")}},"#
        + #""stack":{{json (index .Config.Labels "com.docker.stack.namespace")}}}"#

    /// Reads one line of the template's output.
    package init(line: some Collection<UInt8>) throws(UnreadableLine) {
        let object = try UnreadableLine.parse(line)
        guard let id = object["id"]?.string, let name = object["name"]?.string,
            let state = object["state"]?.string.flatMap(State.init(rawValue:)),
            let exitCode = object["code"]?.integer, let outOfMemory = object["oom"]?.bool,
            let restarts = object["restarts"]?.integer, let image = object["image"]?.string,
            let started = object["started"]?.string, let healthValue = object["health"],
            let health = healthValue.isNull
                ? Health.none : healthValue.string.flatMap({ Health(rawValue: $0.isEmpty ? "none" : $0) })
        else { throw UnreadableLine(line, "a container") }
        self.init(
            id: id, name: name.hasPrefix("/") ? String(name.dropFirst()) : name, state: state, health: health,
            exitCode: exitCode, outOfMemory: outOfMemory, restartCount: restarts, image: image,
            createdAt: object["created"]?.string.flatMap { WallTime(rfc3339: $0) },
            startedAt: WallTime(rfc3339: started), serviceLabel: object.label("service"),
            composeService: object.label("compose"),
            isComposeOneOff: object.label("oneoff")?.lowercased() == "true",
            swarmServiceID: object.label("task_of"), stack: object.label("stack"))
    }
}

/// A line of docker's output that is not what was asked for. One is enough to distrust the whole answer.
package struct UnreadableLine: Error, Equatable, Sendable, CustomStringConvertible {
    package var description: String

    init(_ line: some Collection<UInt8>, _ expected: String) {
        let start = String(decoding: line.prefix(80), as: UTF8.self).escapedForDisplay(maximumLength: 80)
        description = "`\(start)` is not what was asked for of \(expected)"
    }

    static func parse(_ line: some Collection<UInt8>) throws(UnreadableLine) -> JSONValue {
        do {
            let value = try JSONValue.parse(line)
            guard value.object != nil else { throw UnreadableLine(line, "docker") }
            return value
        } catch {
            throw UnreadableLine(line, "docker")
        }
    }
}

extension JSONValue {
    /// A label's value; the template prints a missing one as the empty text.
    fileprivate func label(_ name: String) -> String? {
        self[name]?.string.flatMap { $0.isEmpty ? nil : $0 }
    }
}
