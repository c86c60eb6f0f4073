internal import FleetModel

/// Limits, rights, ports, logging and the like (`HostConfig`).
enum HostOptions {
    /// `--option value` for each text of a list.
    private static let lists: [String: String] = [
        "CapAdd": "--cap-add", "CapDrop": "--cap-drop", "DeviceCgroupRules": "--device-cgroup-rule", "Dns": "--dns",
        "DnsOptions": "--dns-option", "DnsSearch": "--dns-search", "ExtraHosts": "--add-host",
        "GroupAdd": "--group-add",
    ]
    /// `--option name=value` for each member.
    private static let maps: [String: String] = [
        "Annotations": "--annotation", "StorageOpt": "--storage-opt", "Sysctls": "--sysctl",
    ]
    /// `--option value` for a number other than 0 or a text that is not empty.
    private static let scalars: [String: String] = [
        "BlkioWeight": "--blkio-weight", "CgroupParent": "--cgroup-parent", "CgroupnsMode": "--cgroupns",
        "CpuPeriod": "--cpu-period", "CpuQuota": "--cpu-quota", "CpuRealtimePeriod": "--cpu-rt-period",
        "CpuRealtimeRuntime": "--cpu-rt-runtime", "CpuShares": "--cpu-shares", "CpusetCpus": "--cpuset-cpus",
        "CpusetMems": "--cpuset-mems", "IpcMode": "--ipc", "Memory": "--memory",
        "MemoryReservation": "--memory-reservation", "MemorySwap": "--memory-swap", "OomScoreAdj": "--oom-score-adj",
        "PidMode": "--pid", "PidsLimit": "--pids-limit", "Runtime": "--runtime", "ShmSize": "--shm-size",
        "UTSMode": "--uts", "UsernsMode": "--userns", "VolumeDriver": "--volume-driver",
    ]
    private static let switches: [String: String] = [
        "OomKillDisable": "--oom-kill-disable", "Privileged": "--privileged", "PublishAllPorts": "--publish-all",
        "ReadonlyRootfs": "--read-only",
    ]
    /// Handled with volumes and networks, or of no effect after the container was made.
    private static let elsewhere: Set<String> = [
        "Binds", "Mounts", "Tmpfs", "NetworkMode", "ConsoleSize", "ContainerIDFile", "MaskedPaths", "ReadonlyPaths",
        "MemorySwappiness",
    ]

    static func options(of container: ContainerRecord) throws(NotCarriedOver) -> [String] {
        let host = container.hostConfiguration
        var options: [String] = []
        for (name, value) in host.members.sorted(by: { $0.name < $1.name }) where !elsewhere.contains(name) {
            options += try option(name, value, of: container)
        }
        if let swappiness = host["MemorySwappiness"]?.integer, swappiness >= 0 {
            options += ["--memory-swappiness", String(swappiness)]
        }
        // `systempaths=unconfined` is recorded as two empty lists, its absence as two full ones, privileged as none.
        if host["MaskedPaths"]?.array?.isEmpty == true, host["ReadonlyPaths"]?.array?.isEmpty == true {
            options += ["--security-opt", "systempaths=unconfined"]
        }
        return options
    }

    private static func option(
        _ name: String, _ value: JSONValue, of container: ContainerRecord
    ) throws(NotCarriedOver) -> [String] {
        if let option = lists[name] { return value.strings.flatMap { [option, $0] } }
        if let option = maps[name] { return pairs(value).flatMap { [option, $0] } }
        if let option = switches[name] { return value.bool == true ? [option] : [] }
        if let option = scalars[name] {
            if let number = value.integer, number != 0 { return [option, String(number)] }
            if let text = value.string, !text.isEmpty { return [option, text] }
            return []
        }
        switch name {
        case "AutoRemove":
            guard value.bool != true else {
                throw NotCarriedOver("HostConfig.AutoRemove", "stopping the container removes it; none could be kept")
            }
            return []
        case "Devices": return try devices(value)
        case "Init": return value.bool.map { ["--init=\($0)"] } ?? []
        case "LogConfig": return logging(value)
        case "NanoCpus": return value.integer.flatMap { $0 == 0 ? nil : ["--cpus", cpus($0)] } ?? []
        case "PortBindings": return ports(value)
        case "RestartPolicy": return restartPolicy(value)
        case "SecurityOpt": return try security(value, of: container)
        case "Ulimits": return try ulimits(value)
        default:
            guard value.isUnset else { throw NotCarriedOver("HostConfig.\(name)") }
            return []
        }
    }

    private static func pairs(_ value: JSONValue) -> [String] {
        (value.object?.members ?? []).sorted { $0.name < $1.name }.compactMap { name, value in
            value.string.map { "\(name)=\($0)" }
        }
    }

    private static func devices(_ value: JSONValue) throws(NotCarriedOver) -> [String] {
        var options: [String] = []
        for device in value.array ?? [] {
            guard let host = device["PathOnHost"]?.string, let inside = device["PathInContainer"]?.string,
                let rights = device["CgroupPermissions"]?.string
            else { throw NotCarriedOver("HostConfig.Devices") }
            options += ["--device", "\(host):\(inside):\(rights)"]
        }
        return options
    }

    private static func logging(_ value: JSONValue) -> [String] {
        guard let driver = value["Type"]?.string, !driver.isEmpty else { return [] }
        return ["--log-driver", driver] + pairs(value["Config"] ?? .null).flatMap { ["--log-opt", $0] }
    }

    /// Billionths of a processor as the decimal that `--cpus` takes, exactly.
    private static func cpus(_ nano: Int) -> String {
        let fraction = String(nano % 1_000_000_000)
        let padded = String(repeating: "0", count: 9 - fraction.count) + fraction
        return "\(nano / 1_000_000_000).\(padded)"
    }

    /// A binding without a host port asks for any free one, and will again.
    private static func ports(_ value: JSONValue) -> [String] {
        var options: [String] = []
        for (port, bindings) in (value.object?.members ?? []).sorted(by: { $0.name < $1.name }) {
            for binding in bindings.array ?? [] {
                let address = binding["HostIp"]?.string ?? ""
                let hostPort = binding["HostPort"]?.string ?? ""
                let shownAddress = address.contains(":") ? "[\(address)]" : address
                let prefix = address.isEmpty ? "" : "\(shownAddress):"
                let isAny = address.isEmpty && hostPort.isEmpty
                options += ["--publish", isAny ? port : "\(prefix)\(hostPort):\(port)"]
            }
        }
        return options
    }

    private static func restartPolicy(_ value: JSONValue) -> [String] {
        guard let name = value["Name"]?.string, !name.isEmpty else { return [] }
        let count = value["MaximumRetryCount"]?.integer ?? 0
        return ["--restart", name == "on-failure" && count > 0 ? "\(name):\(count)" : name]
    }

    private static func security(_ value: JSONValue, of container: ContainerRecord) throws(NotCarriedOver) -> [String] {
        let host = container.hostConfiguration
        let isUnlabelled =
            host["Privileged"]?.bool == true || host["PidMode"]?.string == "host" || host["IpcMode"]?.string == "host"
        var options: [String] = []
        for text in value.strings {
            // Docker adds this one by itself for containers that share the host's namespaces.
            if text == "label=disable", isUnlabelled { continue }
            let isProfile = text.hasPrefix("seccomp") && text.contains("{")
            guard !isProfile else {
                throw NotCarriedOver("HostConfig.SecurityOpt", "the seccomp profile's file is not known any more")
            }
            options += ["--security-opt", text]
        }
        return options
    }

    private static func ulimits(_ value: JSONValue) throws(NotCarriedOver) -> [String] {
        var options: [String] = []
        for limit in value.array ?? [] {
            guard let name = limit["Name"]?.string, let soft = limit["Soft"]?.integer, let hard = limit["Hard"]?.integer
            else { throw NotCarriedOver("HostConfig.Ulimits") }
            options += ["--ulimit", "\(name)=\(soft):\(hard)"]
        }
        return options
    }
}

/// Binds, mounts and volumes. A volume without a name keeps its data only when its generated name is carried over.
enum VolumeOptions {
    static func options(of container: ContainerRecord) throws(NotCarriedOver) -> [String] {
        let host = container.hostConfiguration
        let binds = host["Binds"]?.strings ?? []
        let mounts = host["Mounts"]?.array ?? []
        let temporary = host["Tmpfs"]?.object?.members.sorted { $0.name < $1.name } ?? []
        var options = binds.flatMap { ["--volume", $0] }
        for mount in mounts { options += ["--mount", try self.mount(mount)] }
        for (path, value) in temporary {
            let settings = value.string ?? ""
            options += ["--tmpfs", settings.isEmpty ? path : "\(path):\(settings)"]
        }
        // `VolumesFrom` has been refused where it is set, so what is left was made with the container.
        var covered = Set(mounts.compactMap { $0["Target"]?.string })
        for bind in binds {
            let parts = bind.split(separator: ":")
            if parts.count > 1 { covered.insert(String(parts[1])) }
        }
        let volumes = (container.json["Mounts"]?.array ?? []).sorted {
            ($0["Destination"]?.string ?? "") < ($1["Destination"]?.string ?? "")
        }
        for volume in volumes where volume["Type"]?.string == "volume" {
            guard let name = volume["Name"]?.string, let path = volume["Destination"]?.string, !covered.contains(path)
            else { continue }
            options += ["--volume", volume["RW"]?.bool == false ? "\(name):\(path):ro" : "\(name):\(path)"]
        }
        return options
    }

    private static func mount(_ mount: JSONValue) throws(NotCarriedOver) -> String {
        var fields: [String] = []
        for (name, value) in mount.object?.members ?? [] {
            switch name {
            case "Type": fields.append("type=\(value.string ?? "")")
            case "Source": if let text = value.string, !text.isEmpty { fields.append("source=\(text)") }
            case "Target": fields.append("target=\(value.string ?? "")")
            case "ReadOnly": if value.bool == true { fields.append("readonly") }
            case "Consistency": if let text = value.string, !text.isEmpty { fields.append("consistency=\(text)") }
            case "BindOptions", "VolumeOptions", "TmpfsOptions":
                fields += try details(value, of: "HostConfig.Mounts.\(name)")
            default: if !value.isUnset { throw NotCarriedOver("HostConfig.Mounts.\(name)") }
            }
        }
        return fields.map(commaSafe).joined(separator: ",")
    }

    private static func details(_ value: JSONValue, of field: String) throws(NotCarriedOver) -> [String] {
        var fields: [String] = []
        for (name, value) in value.object?.members ?? [] where !value.isUnset {
            switch (name, value) {
            case ("Propagation", .string(let text)): fields.append("bind-propagation=\(text)")
            case ("NonRecursive", .bool(true)): fields.append("bind-nonrecursive")
            case ("CreateMountpoint", .bool(true)): throw NotCarriedOver("\(field).\(name)")
            case ("NoCopy", .bool(true)): fields.append("volume-nocopy")
            case ("Subpath", .string(let text)): fields.append("volume-subpath=\(text)")
            case ("Labels", .object(let labels)):
                for label in labels.members { fields.append("volume-label=\(label.name)=\(label.value.string ?? "")") }
            case ("DriverConfig", _):
                if let driver = value["Name"]?.string, !driver.isEmpty { fields.append("volume-driver=\(driver)") }
                for option in value["Options"]?.object?.members ?? [] {
                    fields.append("volume-opt=\(option.name)=\(option.value.string ?? "")")
                }
            case ("SizeBytes", .integer(let size)): fields.append("tmpfs-size=\(size)")
            case ("Mode", .integer(let mode)): fields.append("tmpfs-mode=\(String(mode, radix: 8))")
            default: throw NotCarriedOver("\(field).\(name)")
            }
        }
        return fields
    }

    /// `--mount` reads one line of CSV (RFC 4180).
    private static func commaSafe(_ field: String) -> String {
        guard field.contains(",") || field.contains("\"") else { return field }
        return "\"" + field.replacing("\"", with: "\"\"") + "\""
    }
}

/// The network that the container is made in, and those that it is connected to afterwards.
struct NetworkOptions {
    var primary: [String] = []
    var extra: [(options: [String], network: String)] = []

    init(of container: ContainerRecord) throws(NotCarriedOver) {
        let mode = container.hostConfiguration["NetworkMode"]?.string ?? "default"
        let endpoints = (container.json["NetworkSettings"]?["Networks"]?.object?.members ?? []).sorted {
            $0.name < $1.name
        }
        let isShared = mode == "host" || mode == "none" || mode.hasPrefix("container:")
        let primaryName = endpoints.first { name, endpoint in
            let id = endpoint["NetworkID"]?.string ?? ""
            return name == mode || (!id.isEmpty && id == mode) || (name == "bridge" && mode == "default")
        }?.name
        primary = ["--network", mode]
        for (name, endpoint) in endpoints where !isShared {
            // The default bridge takes neither aliases nor fixed addresses.
            let isBridge = name == "bridge"
            if name == primaryName {
                primary +=
                    isBridge ? [] : try NetworkOptions.options(endpoint, of: container, aliasOption: "--network-alias")
            } else {
                let options =
                    isBridge ? [] : try NetworkOptions.options(endpoint, of: container, aliasOption: "--alias")
                extra.append((options, name))
            }
        }
    }

    private static func options(
        _ endpoint: JSONValue, of container: ContainerRecord, aliasOption: String
    ) throws(NotCarriedOver) -> [String] {
        let field = "NetworkSettings.Networks"
        for name in ["Links", "DriverOpts", "GwPriority"] where endpoint[name].map(\.isUnset) == false {
            throw NotCarriedOver("\(field).\(name)")
        }
        var options: [String] = []
        // Docker adds the short id of the container by itself; that of the old one is not the new one's.
        for alias in endpoint["Aliases"]?.strings ?? [] where alias != container.id.prefix(12) {
            options += [aliasOption, alias]
        }
        for (name, value) in endpoint["IPAMConfig"]?.object?.members ?? [] where !value.isUnset {
            switch name {
            case "IPv4Address": options += ["--ip", value.string ?? ""]
            case "IPv6Address": options += ["--ip6", value.string ?? ""]
            case "LinkLocalIPs": options += value.strings.flatMap { ["--link-local-ip", $0] }
            default: throw NotCarriedOver("\(field).IPAMConfig.\(name)")
            }
        }
        return options
    }
}
