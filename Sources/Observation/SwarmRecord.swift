package import FleetModel

/// What docker says of one Swarm service, as far as Muster asks.
package struct SwarmRecord: Equatable, Sendable {
    package enum Mode: String, Sendable {
        case replicated
        case global
        case replicatedJob = "replicated job"
        case globalJob = "global job"

        package var isJob: Bool { self == .replicatedJob || self == .globalJob }
    }

    /// `UpdateStatus.State` of the engine API.
    package enum Update: String, Sendable {
        case updating, paused, completed
        case rollbackStarted = "rollback_started"
        case rollbackPaused = "rollback_paused"
        case rollbackCompleted = "rollback_completed"

        package var isUnderWay: Bool { self == .updating || self == .rollbackStarted }
    }

    package var id: String
    package var name: String
    package var mode: Mode
    package var replicas: ReplicaCount
    package var image: String?
    package var createdAt: WallTime?
    package var updatedAt: WallTime?
    package var update: Update?
    package var updateStartedAt: WallTime?
    package var specVersion: Int
    package var serviceLabel: String?
    package var stack: String?

    package init(
        id: String, name: String, mode: Mode = .replicated, replicas: ReplicaCount, image: String? = nil,
        createdAt: WallTime? = nil, updatedAt: WallTime? = nil, update: Update? = nil,
        updateStartedAt: WallTime? = nil, specVersion: Int = 0, serviceLabel: String? = nil, stack: String? = nil
    ) {
        self.id = id
        self.name = name
        self.mode = mode
        self.replicas = replicas
        self.image = image
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.update = update
        self.updateStartedAt = updateStartedAt
        self.specVersion = specVersion
        self.serviceLabel = serviceLabel
        self.stack = stack
    }

    /// The part of its name after the stack's: `web` of `shop_web` in the stack `shop`.
    package var nameInStack: String? {
        guard let stack, name.hasPrefix("\(stack)_"), name.utf8.count > stack.utf8.count + 1 else { return nil }
        return String(name.dropFirst(stack.count + 1))
    }
}

/// A line of `docker service ls --format '{{json .}}'`: how many tasks run and are wanted, which the service's own
/// description does not say.
package struct SwarmListing: Equatable, Sendable {
    /// The first 12 characters of the id.
    package var shortID: String
    package var name: String
    package var mode: SwarmRecord.Mode
    package var replicas: ReplicaCount

    /// `Replicas` is `2/3`; docker adds ` (max 1 per node)` or a job's ` (5/10 completed)`.
    package init(line: some Collection<UInt8>) throws(UnreadableLine) {
        let object = try UnreadableLine.parse(line)
        guard let id = object["ID"]?.string, !id.isEmpty, let name = object["Name"]?.string, !name.isEmpty,
            let mode = object["Mode"]?.string.flatMap(SwarmRecord.Mode.init(rawValue:)),
            let counts = object["Replicas"]?.string?.split(separator: " ").first?.split(separator: "/"),
            counts.count == 2, let running = Int(counts[0]), let wanted = Int(counts[1]), running >= 0, wanted >= 0
        else { throw UnreadableLine(line, "a Swarm service") }
        shortID = id
        self.name = name
        self.mode = mode
        replicas = ReplicaCount(running: running, wanted: wanted)
    }
}

extension SwarmRecord {
    /// One line of JSON a service for `docker service inspect --format`.
    package static let template =
        #"{"id":{{json .ID}},"name":{{json .Spec.Name}},"version":{{json .Version.Index}},"#
        + #""created":{{json .CreatedAt}},"updated":{{json .UpdatedAt}},"#
        + #""update":{{if .UpdateStatus}}{{json .UpdateStatus.State}}{{else}}null{{end}},"#
        + #""update_started":{{if .UpdateStatus}}{{json .UpdateStatus.StartedAt}}{{else}}null{{end}},"#
        + #""image":{{if .Spec.TaskTemplate.ContainerSpec}}{{json .Spec.TaskTemplate.ContainerSpec.Image}}"#
        + #"{{else}}null{{end}},"service":{{json (index .Spec.Labels "muster.service")}},"#
        + #""stack":{{json (index .Spec.Labels "com.docker.stack.namespace")}}}"#

    /// Reads one line of the template's output; mode and counts come from the listing of the same service, and are
    /// left to the caller: nil when `listings` does not have it.
    package init?(line: some Collection<UInt8>, listings: [String: SwarmListing]) throws(UnreadableLine) {
        let object = try UnreadableLine.parse(line)
        guard let id = object["id"]?.string, !id.isEmpty, let name = object["name"]?.string,
            let version = object["version"]?.integer, let updateValue = object["update"],
            updateValue.isNull || updateValue.string != nil
        else { throw UnreadableLine(line, "a Swarm service") }
        guard let listing = listings[name] else { return nil }
        let update = updateValue.string.flatMap { $0.isEmpty ? nil : $0 }
        if let update, Update(rawValue: update) == nil { throw UnreadableLine(line, "a Swarm service's update") }
        self.init(
            id: id, name: name, mode: listing.mode, replicas: listing.replicas, image: object["image"]?.string,
            createdAt: object["created"]?.string.flatMap { WallTime(rfc3339: $0) },
            updatedAt: object["updated"]?.string.flatMap { WallTime(rfc3339: $0) },
            update: update.flatMap(Update.init(rawValue:)),
            updateStartedAt: object["update_started"]?.string.flatMap { WallTime(rfc3339: $0) },
            specVersion: version,
            serviceLabel: object["service"]?.string.flatMap { $0.isEmpty ? nil : $0 },
            stack: object["stack"]?.string.flatMap { $0.isEmpty ? nil : $0 })
    }
}
