import FleetModel

/// The registry with the overlay laid over it, and the checks that need every service to be known.
struct MergedFleet {
    private(set) var services: [ServiceSpec]
    /// What stands under `hosts:` of both files, by name; without those that were refused.
    private(set) var hosts: [DockerEndpoint] = []
    private var index: [String: Int]
    private let base: Marks
    private let layer: Marks?
    private var invalidImages: [Int] = []

    /// What is kept of a file once its services have moved into `services`.
    private struct Marks {
        let problems: Problems
        let details: [RegistryDocument.Detail]
        let dependencyMarks: [Mark]
        let index: [String: Int]
        let hosts: [String: RegistryDocument.Host]
        let hostNames: [Int: RegistryDocument.HostName]

        init(_ document: borrowing RegistryDocument) {
            problems = document.problems
            details = document.details
            dependencyMarks = document.dependencyMarks
            index = document.index
            hosts = document.hosts
            hostNames = document.hostNames
        }
    }

    init(base: consuming RegistryDocument, layer: consuming RegistryDocument?) {
        self.base = Marks(base)
        services = base.services
        index = base.index
        for position in services.indices where base.details[position].isScalingDropped {
            services[position].replicas = nil
        }
        var defaults = base.defaults
        guard let layer else {
            self.layer = nil
            apply(defaults)
            assignHosts()
            return
        }
        self.layer = Marks(layer)
        for (entry, detail) in zip(layer.services, layer.details) {
            if let position = index[entry.name] {
                services[position].overlay(entry, fields: detail.fields)
            } else {
                index[entry.name] = services.count
                services.append(entry)
            }
            // Nobody's replicas: with the block gone the registry's number would otherwise be enforced, and a typo
            // must never scale.
            if detail.isScalingDropped, let position = index[entry.name] { services[position].replicas = nil }
        }
        defaults.containerPort = layer.defaults.containerPort ?? defaults.containerPort
        defaults.imageRegistry = layer.defaults.imageRegistry ?? defaults.imageRegistry
        apply(defaults)
        assignHosts()
    }

    /// Records what is wrong between services. Only for files that were read to their end.
    mutating func check() {
        checkImages()
        checkProbes()
        checkHosts()
        checkHostPorts()
        DependencyCheck(services: services, index: index).run { position, ordinal, message in
            let (problems, mark) = dependencyPlace(position, ordinal)
            problems.error(message, at: mark)
        }
    }

    /// The services that bear one of `profiles`; all when it is empty. What a service needs of services outside the
    /// selection is taken off it, with a warning: this process neither sees nor runs those.
    func selected(profiles: [String]) -> [ServiceSpec] {
        guard !profiles.isEmpty else { return services }
        let isSelected = services.map { service in service.profiles.contains { profiles.contains($0) } }
        return services.indices.filter { isSelected[$0] }.map { position in
            var service = services[position]
            let outside = service.dependsOn.filter { name in index[name].map { !isSelected[$0] } ?? true }
            guard let first = outside.first, let ordinal = service.dependsOn.firstIndex(of: first) else {
                return service
            }
            let (problems, mark) = dependencyPlace(position, ordinal)
            let names = outside.map { "`\($0)`" }.joined(separator: ", ")
            problems.warn("\(names) is outside the selected profiles; `\(service.name)` does not wait for it", at: mark)
            service.dependsOn.removeAll(where: outside.contains)
            return service
        }
    }

    // MARK: - Defaults

    /// Fills in the container's port and makes `image` whole (docs/registry.md, images).
    private mutating func apply(_ defaults: RegistryDocument.Defaults) {
        for position in services.indices {
            if services[position].containerPort == nil { services[position].containerPort = defaults.containerPort }
            applyImage(defaults.imageRegistry, position)
        }
    }

    /// Parses at most once: what stands in the file was judged when it was read.
    private mutating func applyImage(_ registry: String?, _ position: Int) {
        let written = services[position].image
        let version = services[position].version
        let whole: String
        switch (written, registry) {
        case (let written?, let registry?) where !written.utf8.contains(UInt8(ascii: "/")):
            whole = registry + "/" + written
        case (let written?, _):
            if version == nil { return }
            whole = written
        case (nil, let registry?): whole = registry + "/" + services[position].name
        case (nil, nil): return
        }
        guard let reference = ImageReference(whole) else {
            // A name that no image can have is still a good name for a service.
            if written != nil { invalidImages.append(position) }
            return
        }
        services[position].image = version.map { reference.with(tag: $0).description } ?? whole
    }

    // MARK: - Checks

    private func checkImages() {
        for position in invalidImages {
            let (problems, detail) = place(position, .image)
            let image = services[position].image ?? ""
            problems.error(
                "`\(image.escapedForMessage)` with `image_registry` before it is no image that docker can run",
                at: detail.image)
        }
    }

    private func checkProbes() {
        for position in services.indices where services[position].probe != nil && services[position].hostPort == nil {
            let (problems, detail) = place(position, .probe)
            // A port that stands there and was refused has its own error.
            if detail.fields.contains(.hostPort), !problems.isEmpty { continue }
            problems.error("`probe` needs a `host_port` to ask at", at: detail.probe)
        }
    }

    /// Only a warning: one of the two may be stopped, or published elsewhere. On two hosts there is nothing to say.
    private func checkHostPorts() {
        var owner = [Int32](repeating: -1, count: 65_536)
        var ownerOnHost: [String: Int] = [:]
        for position in services.indices {
            guard let port = services[position].hostPort else { continue }
            let earlier: Int?
            if let endpoint = services[position].endpoint {
                let key = "\(port) \(endpoint.name)"
                earlier = ownerOnHost[key]
                if earlier == nil { ownerOnHost[key] = position }
            } else {
                earlier = owner[port] < 0 ? nil : Int(owner[port])
                if earlier == nil { owner[port] = Int32(position) }
            }
            guard let earlier else { continue }
            let first = services[earlier]
            let (problems, detail) = place(position, .hostPort)
            problems.warn("`host_port` \(port) is also that of `\(first.name)` (line \(first.line))", at: detail.entry)
        }
    }

    // MARK: - Hosts

    /// The host of each service, by the name in force; a name that stands for none is reported by `checkHosts`.
    private mutating func assignHosts() {
        let known = base.hosts.merging(layer?.hosts ?? [:]) { $1 }
        hosts = known.values.compactMap(\.endpoint).sorted { $0.name < $1.name }
        let names = [base.hostNames, layer?.hostNames ?? [:]]
        guard names.contains(where: { !$0.isEmpty }) else { return }
        for position in services.indices {
            let (marks, entry) = owner(of: .host, services[position].name)
            services[position].endpoint = marks.hostNames[entry].flatMap { known[$0.name]?.endpoint }
        }
    }

    private func checkHosts() {
        checkEndpoints()
        var known = Set(base.hosts.keys)
        if let layer { known.formUnion(layer.hosts.keys) }
        // Also what the overlay overrides: a name that stands for nothing is a mistake wherever it stands.
        for marks in [base, layer].compactMap(\.self) {
            for host in marks.hostNames.sorted(by: { $0.key < $1.key }).map(\.value) where !known.contains(host.name) {
                let nearest = nearestName(to: host.name, among: known.sorted())
                let hint = nearest.map { "; the nearest one is `\($0)`" } ?? ""
                marks.problems.error(
                    "`host` names `\(host.name)`, which does not stand under `hosts`\(hint)", at: host.mark)
            }
        }
    }

    /// One daemon under two names would be two hosts with the same containers.
    private func checkEndpoints() {
        var first: [DockerURL: DockerEndpoint] = [:]
        for endpoint in hosts {
            guard let earlier = first[endpoint.url] else {
                first[endpoint.url] = endpoint
                continue
            }
            // The later one in the file is at fault, in the file that has it.
            let places = [earlier, endpoint].compactMap { hostPlace($0.name) }
            guard
                let place = places.max(by: {
                    ($0.rank, $0.mark.line, $0.mark.column) < ($1.rank, $1.mark.line, $1.mark.column)
                })
            else { continue }
            let other = place.name == earlier.name ? endpoint.name : earlier.name
            place.problems.error(
                "host `\(place.name)` is `\(endpoint.url)`, and so is `\(other)`; give a docker host one name",
                at: place.mark)
        }
    }

    private func hostPlace(_ name: String) -> (name: String, problems: Problems, mark: Mark, rank: Int)? {
        if let layer, let host = layer.hosts[name] { return (name, layer.problems, host.mark, 1) }
        return base.hosts[name].map { (name, base.problems, $0.mark, 0) }
    }

    // MARK: - Places

    /// The file whose `field` is in force for this service, and its entry there.
    private func place(_ position: Int, _ field: ServiceField) -> (Problems, RegistryDocument.Detail) {
        let (marks, entry) = owner(of: field, services[position].name)
        return (marks.problems, marks.details[entry])
    }

    private func dependencyPlace(_ position: Int, _ ordinal: Int) -> (Problems, Mark) {
        let (marks, entry) = owner(of: .dependsOn, services[position].name)
        return (marks.problems, marks.dependencyMarks[marks.details[entry].firstDependency + ordinal])
    }

    private func owner(of field: ServiceField, _ name: String) -> (Marks, Int) {
        if let layer, let entry = layer.index[name],
            layer.details[entry].fields.contains(field) || base.index[name] == nil
        {
            return (layer, entry)
        }
        // A name is in `services` because one of the two files has it.
        return (base, base.index[name] ?? 0)
    }
}

extension ServiceSpec {
    /// Takes over the fields that `entry` names, the null ones as not set. Name and line stay.
    fileprivate mutating func overlay(_ entry: ServiceSpec, fields: ServiceFieldSet) {
        if fields.contains(.package) { package = entry.package }
        if fields.contains(.consoleScript) { consoleScript = entry.consoleScript }
        if fields.contains(.image) { image = entry.image }
        if fields.contains(.containerPort) { containerPort = entry.containerPort }
        if fields.contains(.hostPort) { hostPort = entry.hostPort }
        if fields.contains(.profiles) { profiles = entry.profiles }
        if fields.contains(.domain) { domain = entry.domain }
        if fields.contains(.runtime) { runtime = entry.runtime }
        if fields.contains(.desired) { desired = entry.desired }
        if fields.contains(.replicas) { replicas = entry.replicas }
        if fields.contains(.version) { version = entry.version }
        if fields.contains(.probe) { probe = entry.probe }
        if fields.contains(.dependsOn) { dependsOn = entry.dependsOn }
        if fields.contains(.scaling) { scaling = entry.scaling }
    }
}
