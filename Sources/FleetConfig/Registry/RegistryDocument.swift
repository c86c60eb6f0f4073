import FleetModel

/// One file of the registry's shape as it was written: nothing laid over it, no defaults applied, no names looked up.
///
/// The registry and the overlay are both read into this. Entries stand in the file's order; `details` runs parallel
/// to `services`.
struct RegistryDocument {
    struct Defaults {
        var containerPort: Int?
        var imageRegistry: String?
    }

    /// What an entry says beside its values.
    struct Detail {
        /// The fields that stand in the entry, also those that are null.
        var fields: ServiceFieldSet = []
        var entry = Mark(line: 1, column: 1)
        var image = Mark(line: 1, column: 1)
        var probe = Mark(line: 1, column: 1)
        /// Where the marks of this entry's `depends_on` begin in `dependencyMarks`.
        var firstDependency = 0
        /// The `scaling:` block was invalid and dropped.
        var isScalingDropped = false
    }

    /// A name under `hosts:`; no endpoint where its entry was refused, so that naming it is no second mistake.
    struct Host {
        var endpoint: DockerEndpoint?
        var mark: Mark
    }

    /// What a service says after `host:`.
    struct HostName {
        var name: String
        var mark: Mark
    }

    let problems: Problems
    var defaults = Defaults()
    var allowShrink = false
    var services: [ServiceSpec] = []
    var details: [Detail] = []
    var dependencyMarks: [Mark] = []
    var hosts: [String: Host] = [:]
    /// By the position of the service in `services`; few services of most fleets name one.
    var hostNames: [Int: HostName] = [:]
    /// Positions in `services` by name.
    var index: [String: Int] = [:]
    /// False when reading stopped early: names that are missing may well stand in the rest.
    var isComplete = false

    init(problems: Problems) {
        self.problems = problems
    }

    /// Reads all of `file`; what is wrong stands in `problems`. `services:` is required in the registry only.
    static func read(_ file: YAMLFile, requiresServices: Bool) -> RegistryDocument {
        let problems = Problems(file: file.name)
        var decoder = RegistryDecoder(document: RegistryDocument(problems: problems))
        var hasServices = false
        let isComplete = file.read(problems) { reader throws(YAMLStop) in
            hasServices = try decoder.root(reader)
        }
        decoder.document.isComplete = isComplete
        if isComplete, requiresServices, !hasServices, problems.isEmpty {
            problems.error(
                "`services` is missing; write `services: []` for a fleet of none", at: Mark(line: 1, column: 1))
        }
        return decoder.document
    }
}

/// Decodes the events of one file into a `RegistryDocument`.
struct RegistryDecoder {
    var document: RegistryDocument
    private var lastProfiles: [String] = []

    init(document: RegistryDocument) {
        self.document = document
    }

    /// Consumes the root node. True when it has `services`.
    mutating func root(_ reader: YAMLReader) throws(YAMLStop) -> Bool {
        var hasServices = false
        try reader.mapping("the registry", in: "the registry", RegistryField.table) { field, _ throws(YAMLStop) in
            switch field {
            case .version: try reader.formatVersion()
            case .allowShrink: document.allowShrink = try reader.bool("allow_shrink") ?? false
            case .defaults: try defaults(reader)
            case .hosts: document.hosts = try reader.hosts()
            case .services:
                hasServices = true
                try reader.sequence("services") { () throws(YAMLStop) in try entry(reader) }
            }
        }
        return hasServices
    }

    private mutating func defaults(_ reader: YAMLReader) throws(YAMLStop) {
        try reader.mapping("defaults", in: "`defaults`", DefaultsField.table) { field, _ throws(YAMLStop) in
            switch field {
            case .containerPort:
                document.defaults.containerPort = try reader.integer("container_port", in: 1...65535)
            case .imageRegistry:
                let mark = reader.mark
                guard let prefix = try reader.string("image_registry") else { return }
                if ImageReference(prefix + "/name") != nil, !prefix.hasSuffix("/") {
                    document.defaults.imageRegistry = prefix
                } else {
                    let shown = prefix.escapedForMessage
                    reader.problems.error(
                        "`image_registry` must be what stands before `/name` in an image, not `\(shown)`", at: mark)
                }
            }
        }
    }

    /// Consumes one entry. An entry without a good name of its own is left out; its other errors are recorded.
    private mutating func entry(_ reader: YAMLReader) throws(YAMLStop) {
        var spec = ServiceSpec(name: "", line: reader.mark.line)
        var detail = RegistryDocument.Detail()
        detail.entry = reader.mark
        detail.firstDependency = document.dependencyMarks.count
        var nameMark = reader.mark
        var hostName: RegistryDocument.HostName?
        let isMapping = try reader.mapping("a service", in: "a service", ServiceField.table) {
            field, _ throws(YAMLStop) in
            detail.fields.insert(ServiceFieldSet(field))
            if field == .name { nameMark = reader.mark }
            if field == .host {
                hostName = try reader.hostName()
            } else {
                try value(of: field, reader, &spec, &detail)
            }
        }
        guard isMapping else { return }
        guard !spec.name.isEmpty else {
            if !detail.fields.contains(.name) { reader.problems.error("`name` is missing", at: detail.entry) }
            return
        }
        if let first = document.index[spec.name] {
            let line = document.services[first].line
            reader.problems.error("service `\(spec.name)` stands here again; it is first at line \(line)", at: nameMark)
            return
        }
        document.index[spec.name] = document.services.count
        if let hostName { document.hostNames[document.services.count] = hostName }
        document.services.append(spec)
        document.details.append(detail)
    }

    private mutating func value(
        of field: ServiceField, _ reader: YAMLReader, _ spec: inout ServiceSpec, _ detail: inout RegistryDocument.Detail
    ) throws(YAMLStop) {
        // Null is "as if the field were not here"; in the overlay it also clears what the registry says.
        if field != .name, try reader.takeNull() { return }
        switch field {
        case .name: spec.name = try reader.serviceName("name") ?? ""
        // Looked up when both files are known.
        case .host: break
        case .package: spec.package = try reader.label("package")
        case .consoleScript: spec.consoleScript = try reader.label("console_script")
        case .image:
            detail.image = reader.mark
            spec.image = try reader.image("image")
        case .containerPort: spec.containerPort = try reader.integer("container_port", in: 1...65535)
        case .hostPort: spec.hostPort = try reader.integer("host_port", in: 1...65535)
        case .profiles:
            let profiles = try reader.uniqueStrings("profiles") { reader throws(YAMLStop) in
                try reader.groupName("profiles")
            }
            // Neighbours mostly share their profiles, and then their storage.
            if profiles != lastProfiles { lastProfiles = profiles }
            spec.profiles = lastProfiles
        case .domain: spec.domain = try reader.groupName("domain")
        case .runtime: spec.runtime = try reader.word("runtime", Runtime.self)
        case .desired: spec.desired = try reader.word("desired", DesiredRun.self) ?? .running
        case .replicas: spec.replicas = try reader.integer("replicas", in: 0...10_000)
        case .version: spec.version = try reader.tag("version")
        case .probe:
            detail.probe = reader.mark
            spec.probe = try reader.probe()
        case .dependsOn:
            spec.dependsOn = try reader.uniqueStrings("depends_on") { reader throws(YAMLStop) in
                let mark = reader.mark
                let name = try reader.serviceName("depends_on")
                if name != nil { document.dependencyMarks.append(mark) }
                return name
            }
        case .scaling:
            let (scaling, clean) = try reader.problems.asWarnings { () throws(YAMLStop) in try reader.scaling() }
            spec.scaling = clean ? scaling : nil
            detail.isScalingDropped = spec.scaling == nil
        }
    }
}
