package import FleetModel

/// The desired state as its files say it, and what is worth telling about them.
package struct LoadedDesiredState: Sendable {
    /// The services that bear one of the selected profiles, all of them when none is selected.
    package var desired: DesiredState
    /// What was wrong and did not refuse the files; at most 1000 a file, then how
    /// many more there are.
    package var warnings: [ConfigError]
    /// `allow_shrink: true` stands in the registry or the overlay.
    package var allowShrink: Bool
    /// How many services registry and overlay name, whatever their profiles.
    package var totalServices: Int

    package init(desired: DesiredState, warnings: [ConfigError], allowShrink: Bool, totalServices: Int) {
        self.desired = desired
        self.warnings = warnings
        self.allowShrink = allowShrink
        self.totalServices = totalServices
    }

    /// Reads registry and overlay and lays the overlay over the registry.
    ///
    /// Throws every error of both files at once. No IO: the caller has read the bytes. `profiles` empty selects all.
    package static func read(
        registry: YAMLFile, overlay: YAMLFile? = nil, profiles: [String] = []
    ) throws(ConfigErrors) -> LoadedDesiredState {
        let base = RegistryDocument.read(registry, requiresServices: true)
        let layer = overlay.map { RegistryDocument.read($0, requiresServices: false) }
        var problems = [base.problems]
        if let layer { problems.append(layer.problems) }
        let allowShrink = base.allowShrink || layer?.allowShrink == true
        let isComplete = base.isComplete && layer?.isComplete != false

        var fleet = MergedFleet(base: base, layer: layer)
        if isComplete { fleet.check() }
        let errors = problems.flatMap { $0.errors.sorted(by: inPlaceOrder) }
        guard errors.isEmpty else {
            throw ConfigErrors(errors, omitted: problems.reduce(0) { $0 + $1.omittedErrors })
        }
        let total = fleet.services.count
        let services = fleet.selected(profiles: profiles)
        return LoadedDesiredState(
            desired: DesiredState(
                services: services, hosts: fleet.hosts,
                digest: digest(registry: registry, overlay: overlay, profiles: profiles)),
            warnings: problems.flatMap(warnings),
            allowShrink: allowShrink,
            totalServices: total)
    }

    /// Both files are hashed apart, so that moving bytes from one to the other is a change.
    private static func digest(registry: YAMLFile, overlay: YAMLFile?, profiles: [String]) -> String {
        let parts = [Digest.sha256(registry.bytes), overlay.map { Digest.sha256($0.bytes) } ?? "none"]
        return Digest.sha256((parts + profiles.sorted()).joined(separator: "\n"))
    }

    private static func warnings(_ problems: Problems) -> [ConfigError] {
        let listed = problems.warnings.sorted(by: inPlaceOrder)
        guard problems.omittedWarnings > 0 else { return listed }
        let rest = ConfigError(
            file: problems.file, line: 1, column: 1, message: "and \(problems.omittedWarnings) more warnings")
        return listed + [rest]
    }

    private static func inPlaceOrder(_ left: ConfigError, _ right: ConfigError) -> Bool {
        (left.line, left.column) < (right.line, right.column)
    }
}
