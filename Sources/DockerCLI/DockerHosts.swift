package import FleetModel
import Synchronization

/// The docker CLI for each endpoint: one for the default one and one for each that the registry names, so that all who
/// talk to a host share its bound on commands.
package final class DockerHosts: Sendable {
    /// For services that name no host.
    package let standard: DockerCLI
    private let named = Mutex<[DockerEndpoint: DockerCLI]>([:])

    /// `standard` says where docker is, how long a command may take, and what its environment is made of.
    package init(_ standard: DockerCLI) {
        self.standard = standard
    }

    package func cli(for endpoint: DockerEndpoint?) -> DockerCLI {
        guard let endpoint else { return standard }
        return named.withLock { named in
            if let cli = named[endpoint] ?? named.first(where: { $0.key.reachesTheSame(as: endpoint) })?.value {
                return cli
            }
            let cli = standard.at(endpoint)
            named[endpoint] = cli
            return cli
        }
    }

    /// For an endpoint as a command recorded it: spoken to as the registry says now, where it still names that URL.
    package func cli(forRecorded endpoint: DockerEndpoint?) -> DockerCLI {
        guard let endpoint else { return standard }
        let known = named.withLock { $0.first { $0.key.url == endpoint.url }?.value }
        return known ?? cli(for: endpoint)
    }

    /// Forgets the endpoints that are not among these. What runs there goes on.
    package func keep(_ endpoints: [DockerEndpoint?]) {
        let kept = Set(endpoints.compactMap(\.self))
        named.withLock { named in
            guard named.keys.contains(where: { !kept.contains($0) }) else { return }
            named = named.filter { kept.contains($0.key) }
        }
    }
}
