package import FleetModel

/// `--follow`: shows each new row of a list as it comes, until the process is ended.
///
/// The stream's events carry no rows here, they only say "look again": the list is read once more and what was not
/// in it before is shown. So nothing is missed when the connection is lost and found again, as long as no more rows
/// came meanwhile than one reading of the list holds.
package struct Follower: Sendable {
    private let client: APIClient
    private let fetch: @Sendable () async throws(CommandError) -> [JSONValue]

    /// `fetch` reads the list's newest rows, newest first.
    package init(client: APIClient, fetch: @escaping @Sendable () async throws(CommandError) -> [JSONValue]) {
        self.client = client
        self.fetch = fetch
    }

    /// `show` gets the rows oldest first; `warn` what went wrong on the way and is tried again. Ends only with an
    /// error: when the first reading fails, or the daemon refuses the caller.
    package func run(
        show: @Sendable ([JSONValue]) -> Void, warn: @escaping @Sendable (String) -> Void
    ) async throws {
        var seen = try await fetch()
        show(seen.reversed())
        let (wakes, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await keepListening(wake, warn: warn) }
            for await _ in wakes {
                do {
                    let rows = try await fetch()
                    let known = Set(seen.map(\.canonical))
                    show(rows.filter { !known.contains($0.canonical) }.reversed())
                    seen = rows
                } catch {
                    try Follower.check(error)
                    warn("\(error)")
                }
            }
            try await group.waitForAll()
        }
    }

    private func keepListening(
        _ wake: AsyncStream<Void>.Continuation, warn: @Sendable (String) -> Void
    ) async throws {
        defer { wake.finish() }
        var delay = 1
        while true {
            do {
                wake.yield()
                try await client.stream { if case .terminated = wake.yield() { false } else { true } }
                delay = 1
            } catch {
                try Follower.check(error)
                warn("\(error)")
                delay = min(delay * 2, 15)
            }
            try await Task.sleep(for: .seconds(delay))
        }
    }

    /// Rethrows what trying again does not mend: the daemon answered, and it refuses.
    private static func check(_ error: any Error) throws {
        if case CommandError.refused(let status, _, _, _) = error, (400..<500).contains(status), status != 429 {
            throw error
        }
    }
}
