internal import FleetModel

/// One container as `docker inspect` shows it.
struct ContainerRecord: Sendable {
    let id: String
    /// Without docker's leading slash.
    let name: String
    let json: JSONValue

    init?(_ json: JSONValue) {
        guard let id = json["Id"]?.string, let name = json["Name"]?.string, json["State"]?.object != nil,
            json["Config"]?.object != nil, json["HostConfig"]?.object != nil
        else { return nil }
        self.id = id
        self.name = name.hasPrefix("/") ? String(name.dropFirst()) : name
        self.json = json
    }

    var configuration: JSONObject { json["Config"]?.object ?? JSONObject() }
    var hostConfiguration: JSONObject { json["HostConfig"]?.object ?? JSONObject() }
    /// The image's name as the container was made with it.
    var imageName: String { configuration["Image"]?.string ?? "" }
    var imageID: String { json["Image"]?.string ?? "" }
    var labels: JSONObject { configuration["Labels"]?.object ?? JSONObject() }
    var actionID: String? { labels[ContainerNames.actionLabel]?.string }

    /// `created`, `running`, `paused`, `restarting`, `removing`, `exited` or `dead`.
    var status: String { json["State"]?["Status"]?.string ?? "" }
    var isRunning: Bool { status == "running" }
    var exitCode: Int { json["State"]?["ExitCode"]?.integer ?? 0 }
    /// `starting`, `healthy`, `unhealthy`; nil without a health check.
    var health: String? { json["State"]?["Health"]?["Status"]?.string }
    /// Nil when it never started.
    var startedAt: WallTime? { json["State"]?["StartedAt"]?.string.flatMap { WallTime(rfc3339: $0) } }
    /// Seconds between TERM and KILL when it is stopped.
    var stopSeconds: Int { configuration["StopTimeout"]?.integer ?? ContainerCommands.stopSeconds }
}

/// One Swarm service as `docker service inspect` shows it.
struct SwarmService: Sendable {
    let id: String
    let name: String
    let json: JSONValue

    init?(_ json: JSONValue) {
        guard let id = json["ID"]?.string, let name = json["Spec"]?["Name"]?.string else { return nil }
        self.id = id
        self.name = name
        self.json = json
    }

    /// Grows with every change of the service, its update's progress among them.
    var version: Int? { json["Version"]?["Index"]?.integer }
    /// Nil for a global service, which has no number of its own.
    var replicas: Int? { json["Spec"]?["Mode"]?["Replicated"]?["Replicas"]?.integer }
    /// Without the digest that Swarm pins it to.
    var image: String {
        let text = json["Spec"]?["TaskTemplate"]?["ContainerSpec"]?["Image"]?.string ?? ""
        return text.split(separator: "@", maxSplits: 1).first.map(String.init) ?? ""
    }
    var actionID: String? { json["Spec"]?["Labels"]?[SwarmCommands.actionLabel]?.string }
    var stack: String? { json["Spec"]?["Labels"]?[ContainerNames.stackLabel]?.string }
    var hasPreviousSpec: Bool { json["PreviousSpec"]?.object != nil }
    /// `updating`, `paused`, `completed`, `rollback_started`, `rollback_paused`, `rollback_completed`; nil before the
    /// first update.
    var updateState: String? { json["UpdateStatus"]?["State"]?.string }
    var updateStartedAt: WallTime? { json["UpdateStatus"]?["StartedAt"]?.string.flatMap { WallTime(rfc3339: $0) } }
    var updatedAt: WallTime? { json["UpdatedAt"]?.string.flatMap { WallTime(rfc3339: $0) } }
}

/// Whether two texts name the same image; what Swarm pins to a digest is compared by its tag, a missing tag is
/// `latest`.
enum ImageComparison {
    static func isSame(_ one: String, _ other: String) -> Bool {
        guard let one = ImageReference(one), let other = ImageReference(other) else { return one == other }
        if let digest = one.digest, let otherDigest = other.digest, one.tag == nil || other.tag == nil {
            return one.repository == other.repository && digest == otherDigest
        }
        return shortened(one.repository) == shortened(other.repository)
            && (one.tag ?? "latest") == (other.tag ?? "latest")
    }

    /// `docker.io/library/nginx`, `docker.io/nginx` and `nginx` are one repository.
    private static func shortened(_ repository: String) -> Substring {
        var rest = Substring(repository)
        for prefix in ["docker.io/", "library/"] where rest.hasPrefix(prefix) { rest = rest.dropFirst(prefix.count) }
        return rest
    }
}
