internal import FleetModel

/// What of a container's configuration cannot be given to its successor by the docker command line.
struct NotCarriedOver: Error, Equatable {
    /// As `docker inspect` names it: `HostConfig.DeviceRequests`.
    var field: String
    var why: String

    init(_ field: String, _ why: String = "the docker command line has no option for it") {
        self.field = field
        self.why = why
    }

    var description: String {
        "`\(field)` cannot be carried over to the new container: \(why). Recreate the container with what made it"
    }
}

/// The arguments that make a container like another one from a new image.
///
/// What the old container has from its old image (equal values) comes from the new image instead; everything else
/// is carried over. A setting that is not known here and not empty is refused by name: nothing is dropped silently.
struct CarryOver: Sendable {
    /// For `docker create`, before the image.
    var options: [String] = []
    /// After the image.
    var arguments: [String] = []
    /// Networks beside the one that the container is made in, each as `docker network connect` takes it.
    var extraNetworks: [(options: [String], network: String)] = []

    init(of container: ContainerRecord, image: JSONObject) throws(NotCarriedOver) {
        options += try ConfigurationOptions.options(of: container, image: image)
        options += try HostOptions.options(of: container)
        options += try VolumeOptions.options(of: container)
        let networks = try NetworkOptions(of: container)
        options += networks.primary
        extraNetworks = networks.extra
        let command = try CommandOptions(of: container, image: image)
        options += command.entrypoint
        arguments = command.arguments
    }
}

extension JSONValue {
    /// What docker writes for a setting that was not made: null, false, 0, "" and empty collections.
    var isUnset: Bool {
        switch self {
        case .null, .bool(false), .integer(0), .string(""): true
        case .array(let values): values.allSatisfy(\.isUnset)
        case .object(let object): object.isEmpty
        default: false
        }
    }

    /// The elements of an array of texts; nil for null counts as none.
    var strings: [String] { array?.compactMap(\.string) ?? [] }
}

/// Env, labels, user, health check and the like (`Config`).
enum ConfigurationOptions {
    /// Given by what makes the container, by its image, or only meaningful while someone is attached.
    private static let elsewhere: Set<String> = [
        "Image", "Cmd", "Entrypoint", "Volumes", "OnBuild", "Shell", "ArgsEscaped", "AttachStdin", "AttachStdout",
        "AttachStderr", "StdinOnce",
    ]

    static func options(of container: ContainerRecord, image: JSONObject) throws(NotCarriedOver) -> [String] {
        var options: [String] = []
        for (name, value) in container.configuration.members.sorted(by: { $0.name < $1.name })
        where !elsewhere.contains(name) {
            options += try option(name, value, container: container, image: image)
        }
        return options
    }

    private static func option(
        _ name: String, _ value: JSONValue, container: ContainerRecord, image: JSONObject
    ) throws(NotCarriedOver) -> [String] {
        switch name {
        case "Env": return try ContainerEnvironment.options(of: container, image: image)
        case "Labels": return labels(container.labels, image: image["Labels"]?.object ?? JSONObject())
        case "Hostname": return hostname(value.string ?? "", of: container)
        case "Domainname": return text("--domainname", value)
        case "User": return text("--user", value, unless: image["User"])
        case "WorkingDir": return text("--workdir", value, unless: image["WorkingDir"])
        case "StopSignal": return text("--stop-signal", value, unless: image["StopSignal"])
        case "MacAddress": return text("--mac-address", value)
        case "StopTimeout": return value.integer.map { ["--stop-timeout", String($0)] } ?? []
        case "Tty": return value.bool == true ? ["--tty"] : []
        case "OpenStdin": return value.bool == true ? ["--interactive"] : []
        case "ExposedPorts": return exposedPorts(value, of: container, image: image)
        case "Healthcheck": return try healthcheck(value, image: image["Healthcheck"] ?? .null)
        default:
            guard value.isUnset || value == image[name] else { throw NotCarriedOver("Config.\(name)") }
            return []
        }
    }

    private static func text(_ option: String, _ value: JSONValue, unless fromImage: JSONValue? = nil) -> [String] {
        guard let text = value.string, !text.isEmpty, text != fromImage?.string else { return [] }
        return [option, text]
    }

    /// Docker names a container's host after its id unless told otherwise; without a network of its own it has none.
    private static func hostname(_ name: String, of container: ContainerRecord) -> [String] {
        let mode = container.hostConfiguration["NetworkMode"]?.string ?? ""
        let isHostNamed = container.hostConfiguration["UTSMode"]?.string == "host"
        guard !name.isEmpty, name != container.id.prefix(12), mode != "host", !mode.hasPrefix("container:"),
            !isHostNamed
        else { return [] }
        return ["--hostname", name]
    }

    private static func labels(_ labels: JSONObject, image: JSONObject) -> [String] {
        labels.members.sorted { $0.name < $1.name }.flatMap { name, value -> [String] in
            guard name != ContainerNames.actionLabel, value != image[name], let text = value.string else { return [] }
            return ["--label", "\(name)=\(text)"]
        }
    }

    private static func exposedPorts(_ value: JSONValue, of container: ContainerRecord, image: JSONObject) -> [String] {
        let published = container.hostConfiguration["PortBindings"]?.object?.names ?? []
        let known = Set(published + (image["ExposedPorts"]?.object?.names ?? []))
        return (value.object?.names ?? []).filter { !known.contains($0) }.sorted().flatMap { ["--expose", $0] }
    }

    private static func healthcheck(_ value: JSONValue, image: JSONValue) throws(NotCarriedOver) -> [String] {
        guard !value.isUnset, value != image else { return [] }
        var options: [String] = []
        let test = value["Test"]?.strings ?? []
        if test != image["Test"]?.strings ?? [] {
            switch (test.first, test.count) {
            case ("NONE", 1): return ["--no-healthcheck"]
            case ("CMD-SHELL", 2): options += ["--health-cmd", test[1]]
            case (nil, _): break
            default:
                throw NotCarriedOver(
                    "Config.Healthcheck.Test", "the docker command line knows only health checks run by a shell")
            }
        }
        let durations = [
            ("Interval", "--health-interval"), ("Timeout", "--health-timeout"),
            ("StartPeriod", "--health-start-period"),
            ("StartInterval", "--health-start-interval"),
        ]
        for (field, option) in durations {
            if let nanoseconds = value[field]?.integer, nanoseconds != 0, value[field] != image[field] {
                options += [option, "\(nanoseconds)ns"]
            }
        }
        if let retries = value["Retries"]?.integer, retries != 0, value["Retries"] != image["Retries"] {
            options += ["--health-retries", String(retries)]
        }
        return options
    }
}

/// Entrypoint and command, where they are not the old image's own.
struct CommandOptions {
    var entrypoint: [String] = []
    var arguments: [String] = []

    init(of container: ContainerRecord, image: JSONObject) throws(NotCarriedOver) {
        let ownEntrypoint = container.configuration["Entrypoint"]?.strings ?? []
        let ownCommand = container.configuration["Cmd"]?.strings ?? []
        let imageEntrypoint = image["Entrypoint"]?.strings ?? []
        if ownEntrypoint == imageEntrypoint {
            if ownCommand != image["Cmd"]?.strings ?? [] { arguments = ownCommand }
            return
        }
        // The option takes one word; the others go in front of the command, which makes the same process. Giving the
        // option also takes the image's command away, so the container's is always named.
        entrypoint = ["--entrypoint", ownEntrypoint.first ?? ""]
        arguments = Array(ownEntrypoint.dropFirst()) + ownCommand
    }
}

/// Environment variables. Values often are secrets and commands are recorded, so a value is handed to docker in its
/// own environment (`--env NAME`) and stands in no argument.
enum ContainerEnvironment {
    /// What would change how the docker command itself behaves. These are given as `NAME=VALUE`.
    private static func steersDocker(_ name: String) -> Bool {
        let upper = name.uppercased()
        return ["PATH", "HOME", "TMPDIR", "SSH_AUTH_SOCK", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"]
            .contains(upper)
            || ["DOCKER_", "LD_", "GO", "SSL_CERT_", "OTEL_", "XDG_", "BUILDKIT_"].contains {
                upper.hasPrefix($0)
            }
    }

    static func options(of container: ContainerRecord, image: JSONObject) throws(NotCarriedOver) -> [String] {
        var options: [String] = []
        for (name, value) in variables(of: container, image: image) {
            guard let value, steersDocker(name) else {
                options += ["--env", name]
                continue
            }
            guard !name.uppercased().contains("AUTH"), !value.contains("@") else {
                throw NotCarriedOver("Config.Env.\(name)", "its value may be a secret and would be recorded")
            }
            options += ["--env", "\(name)=\(value)"]
        }
        return options
    }

    /// What `docker create` is to find in its environment for the `--env NAME` among its options.
    static func values(of container: ContainerRecord, image: JSONObject) -> [String: String] {
        var values: [String: String] = [:]
        for (name, value) in variables(of: container, image: image) where !steersDocker(name) { values[name] = value }
        return values
    }

    /// Those that are not the old image's own, in the container's order. A variable without a value stays one.
    private static func variables(of container: ContainerRecord, image: JSONObject) -> [(String, String?)] {
        let own = Set(image["Env"]?.strings ?? [])
        return (container.configuration["Env"]?.strings ?? []).filter { !own.contains($0) }.map { entry in
            guard let equals = entry.firstIndex(of: "=") else { return (entry, nil) }
            return (String(entry[..<equals]), String(entry[entry.index(after: equals)...]))
        }
    }
}
