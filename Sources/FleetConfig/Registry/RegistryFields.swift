/// The words of the registry and the overlay (contract, Registry and overlay).
enum RegistryField: String, CaseIterable {
    case version
    case defaults
    case hosts
    case services
    case allowShrink = "allow_shrink"

    static let table = FieldTable(RegistryField.self)
}

enum DefaultsField: String, CaseIterable {
    case containerPort = "container_port"
    case imageRegistry = "image_registry"

    static let table = FieldTable(DefaultsField.self)
}

enum HostField: String, CaseIterable {
    case docker
    case tls
    case address

    static let table = FieldTable(HostField.self)
}

enum TLSField: String, CaseIterable {
    case dir
    case ca
    case cert
    case key

    static let table = FieldTable(TLSField.self)
}

enum ServiceField: String, CaseIterable {
    case name
    case package
    case consoleScript = "console_script"
    case image
    case containerPort = "container_port"
    case hostPort = "host_port"
    case profiles
    case domain
    case runtime
    case host
    case desired
    case replicas
    case version
    case probe
    case dependsOn = "depends_on"
    case scaling

    static let table = FieldTable(ServiceField.self)
}

enum ProbeField: String, CaseIterable {
    case http
    case tcp
    case intervalSeconds = "interval_s"
    case timeoutSeconds = "timeout_s"
    case failures
    case successes

    static let table = FieldTable(ProbeField.self)
}

enum ScalingField: String, CaseIterable {
    case min
    case max
    case signal
    case target
    case scaleUpStep = "scale_up_step"
    case scaleDownStep = "scale_down_step"
    case cooldownSeconds = "cooldown_s"
    case deadband
    case scaleUpSamples = "scale_up_stabilization_samples"
    case scaleDownSamples = "scale_down_stabilization_samples"

    static let table = FieldTable(ScalingField.self)
}

/// A set of `ServiceField`s in one word.
struct ServiceFieldSet: OptionSet {
    var rawValue: UInt32

    init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    init(_ field: ServiceField) {
        let bit: UInt32 =
            switch field {
            case .name: 0
            case .package: 1
            case .consoleScript: 2
            case .image: 3
            case .containerPort: 4
            case .hostPort: 5
            case .profiles: 6
            case .domain: 7
            case .runtime: 8
            case .desired: 9
            case .replicas: 10
            case .version: 11
            case .probe: 12
            case .dependsOn: 13
            case .scaling: 14
            case .host: 15
            }
        rawValue = 1 << bit
    }

    func contains(_ field: ServiceField) -> Bool { contains(ServiceFieldSet(field)) }
}
