/// What runs a service.
package enum Runtime: String, Sendable, CaseIterable {
    case container
    case swarm
    /// Nothing that docker runs; probes alone say whether it is up, and no actuator acts on it.
    case none
}

package enum DesiredRun: String, Sendable, CaseIterable {
    case running
    case stopped
}

/// A health probe of the registry. Times in seconds; thresholds count consecutive results.
package struct ProbeSpec: Hashable, Sendable {
    package enum Check: Hashable, Sendable {
        /// An HTTP GET of this path that answers 200...399.
        case http(path: String)
        case tcp
    }

    package var check: Check
    package var intervalSeconds: Int
    package var timeoutSeconds: Int
    /// So many failures in a row say down.
    package var failures: Int
    /// So many successes in a row say up.
    package var successes: Int

    package init(
        check: Check, intervalSeconds: Int = 10, timeoutSeconds: Int = 2, failures: Int = 3, successes: Int = 2
    ) {
        self.check = check
        self.intervalSeconds = intervalSeconds
        self.timeoutSeconds = timeoutSeconds
        self.failures = failures
        self.successes = successes
    }
}

/// One service as registry and overlay want it, after defaults.
package struct ServiceSpec: Equatable, Sendable {
    package var name: String
    package var package: String?
    package var consoleScript: String?
    /// The image to run, with the registry's default prefix applied and `version` as its tag where one is wanted.
    package var image: String?
    package var containerPort: Int?
    package var hostPort: Int?
    package var profiles: [String]
    package var domain: String?
    package var runtime: Runtime?
    /// The docker host that runs it; nil is the default endpoint.
    package var endpoint: DockerEndpoint?
    package var desired: DesiredRun
    package var replicas: Int?
    package var version: String?
    package var probe: ProbeSpec?
    package var dependsOn: [String]
    package var scaling: ScalingSpec?
    /// Where the entry begins in the registry (or the overlay that added it), counted from 1.
    package var line: Int

    package init(
        name: String, package: String? = nil, consoleScript: String? = nil, image: String? = nil,
        containerPort: Int? = nil, hostPort: Int? = nil, profiles: [String] = [], domain: String? = nil,
        runtime: Runtime? = nil, endpoint: DockerEndpoint? = nil, desired: DesiredRun = .running,
        replicas: Int? = nil, version: String? = nil,
        probe: ProbeSpec? = nil, dependsOn: [String] = [], scaling: ScalingSpec? = nil, line: Int = 0
    ) {
        self.name = name
        self.package = package
        self.consoleScript = consoleScript
        self.image = image
        self.containerPort = containerPort
        self.hostPort = hostPort
        self.profiles = profiles
        self.domain = domain
        self.runtime = runtime
        self.endpoint = endpoint
        self.desired = desired
        self.replicas = replicas
        self.version = version
        self.probe = probe
        self.dependsOn = dependsOn
        self.scaling = scaling
        self.line = line
    }

    package var replicasOwner: ReplicasOwner {
        if scaling != nil { .autoscaler } else if replicas != nil { .registry } else { .nobody }
    }
}

/// Who decides how many replicas a service has (design, one owner per field).
package enum ReplicasOwner: String, Sendable {
    case autoscaler
    case registry
    /// No `replicas` and no `scaling`: whatever runs is right.
    case nobody
}

/// Registry plus overlay, validated.
package struct DesiredState: Sendable {
    /// Sorted by name, names unique.
    package let services: [ServiceSpec]
    /// What stands under `hosts:`, sorted by name, names and endpoints unique; also those that no service names.
    package let hosts: [DockerEndpoint]
    /// The signals that `scaling:` blocks may name.
    package let signals: SignalCatalog
    /// SHA-256 over the bytes of the files and the selected profiles: equal digests mean equal wishes.
    package let digest: String
    /// At least one service has a `scaling:` block.
    package let hasScaling: Bool

    package init(
        services: [ServiceSpec], hosts: [DockerEndpoint] = [], signals: SignalCatalog = SignalCatalog(), digest: String
    ) {
        self.services = services.inOrder { $0.name < $1.name }
        self.hosts = hosts.inOrder { $0.name < $1.name }
        self.signals = signals
        hasScaling = services.contains { $0.scaling != nil }
        self.digest = digest
    }

    package func index(of name: String) -> Int? {
        var low = 0
        var high = services.count
        while low < high {
            let middle = (low + high) / 2
            if services[middle].name < name { low = middle + 1 } else { high = middle }
        }
        return low < services.count && services[low].name == name ? low : nil
    }

    package subscript(name: String) -> ServiceSpec? {
        index(of: name).map { services[$0] }
    }

    /// What the registry says of a proposal's target. A stack is no entry; with the parameter `host` it is a bare name
    /// on that host, so that a consent binds what the host stands for. Nil when there is no such entry or host.
    package func entry(for kind: ActionKind, _ target: String, _ params: JSONObject) -> ServiceSpec? {
        guard kind == .redeployStack else { return self[target] }
        guard let name = params[ActionKind.hostParameter]?.string, let endpoint = host(name) else { return nil }
        return ServiceSpec(name: target, endpoint: endpoint)
    }

    package func entry(for proposal: Proposal) -> ServiceSpec? {
        entry(for: proposal.kind, proposal.target, proposal.params)
    }

    package func host(_ name: String) -> DockerEndpoint? {
        hosts.first { $0.name == name }
    }

    /// The docker hosts to look at: those that services which docker may run name, the default one (nil) first where
    /// a service is on it or none names any. Sorted by name.
    package var endpointsInUse: [DockerEndpoint?] {
        var named: Set<DockerEndpoint> = []
        var usesDefault = false
        // Neighbours mostly share their host, and then the reference.
        var last: DockerEndpoint?
        for service in services where service.runtime != Runtime.none {
            guard let endpoint = service.endpoint else {
                usesDefault = true
                continue
            }
            if endpoint === last { continue }
            named.insert(endpoint)
            last = endpoint
        }
        let rest: [DockerEndpoint?] = named.sorted { $0.name < $1.name }
        return usesDefault || rest.isEmpty ? [nil] + rest : rest
    }
}

extension Array {
    /// Sorted; without a copy where it is already, as a large fleet's mostly is.
    package func inOrder(by precedes: (Element, Element) -> Bool) -> [Element] {
        zip(self, dropFirst()).contains { precedes($1, $0) } ? sorted(by: precedes) : self
    }
}

extension ServiceSpec {
    /// SHA-256 over everything wanted of this service; approvals bind it (design, consent is for what was seen).
    ///
    /// The host is part of it with all that it stands for. One on the default endpoint has the digest that it had
    /// before there were hosts.
    package var digest: String {
        let host = endpoint.map { [("host", $0.json)] } ?? []
        return Digest.sha256(JSONValue.object(JSONObject(unique: members + host)).canonical)
    }

    package var json: JSONValue {
        .object(JSONObject(unique: members + [("host", endpoint?.json ?? .null)]))
    }

    private var members: [(name: String, value: JSONValue)] {
        [
            ("name", .string(name)), ("package", JSONValue(package)), ("console_script", JSONValue(consoleScript)),
            ("image", JSONValue(image)), ("container_port", JSONValue(containerPort)),
            ("host_port", JSONValue(hostPort)), ("profiles", JSONValue(profiles)), ("domain", JSONValue(domain)),
            ("runtime", JSONValue(runtime?.rawValue)), ("desired", .string(desired.rawValue)),
            ("replicas", JSONValue(replicas)), ("version", JSONValue(version)), ("probe", probe?.json ?? .null),
            ("depends_on", JSONValue(dependsOn)), ("scaling", scaling?.json ?? .null),
        ]
    }
}

extension ProbeSpec {
    package var json: JSONValue {
        let check: (String, JSONValue) =
            switch check {
            case .http(let path): ("http", .string(path))
            case .tcp: ("tcp", true)
            }
        return .object(
            JSONObject([
                check, ("interval_s", .integer(intervalSeconds)), ("timeout_s", .integer(timeoutSeconds)),
                ("failures", .integer(failures)), ("successes", .integer(successes)),
            ]))
    }
}
