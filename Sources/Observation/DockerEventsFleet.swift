package import DockerCLI
package import FleetModel

/// Follows the events of every docker host in use, each with a stream and a pause between attempts of its own. Hosts
/// come and go with the registry: `follow` says which are in use now, `run` does it until its task is cancelled.
package final class DockerEventsFleet: Sendable {
    private let docker: DockerHosts
    private let onEvent: @Sendable () -> Void
    private let wanted: AsyncStream<[DockerEndpoint?]>
    private let want: AsyncStream<[DockerEndpoint?]>.Continuation

    package init(docker: DockerHosts, onEvent: @escaping @Sendable () -> Void) {
        self.docker = docker
        self.onEvent = onEvent
        // Only the newest list counts.
        (wanted, want) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// These and no others, from now on. Does not wait; safe from everywhere.
    package func follow(_ endpoints: [DockerEndpoint?]) {
        want.yield(endpoints)
    }

    /// Called once.
    package func run() async {
        var streams: [DockerEndpoint?: Task<Void, Never>] = [:]
        for await endpoints in wanted {
            let inUse = Set(endpoints)
            for (endpoint, stream) in streams where !inUse.contains(endpoint) {
                stream.cancel()
                streams[endpoint] = nil
            }
            for endpoint in endpoints where streams[endpoint] == nil {
                let events = DockerEvents(cli: docker.cli(for: endpoint), onEvent: onEvent)
                streams[endpoint] = Task { await events.run() }
            }
        }
        for stream in streams.values { stream.cancel() }
        // Each has a process to end.
        for stream in streams.values { await stream.value }
    }
}
