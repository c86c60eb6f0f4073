package import DockerCLI
import FleetModel

/// Reads containers and Swarm services with the docker CLI, in as few and as small commands as it can.
///
/// Containers: `docker ps` for the ids, which also shows those that have exited, then `docker inspect` for 100 at a
/// time, because `ps` says neither exit codes nor OOM nor start times. Swarm services: `docker service ls`, the one
/// command that counts running tasks without one request per service, then `docker service inspect`.
package struct DockerReader: Sendable {
    private let cli: DockerCLI
    private let deadline: ContinuousClock.Instant

    /// Ids per inspect command.
    static let batch = 100
    /// How often the list is read again because something on it vanished before it was inspected.
    static let rounds = 3

    /// All commands together end by `deadline`, apart from the grace that killing takes.
    package init(cli: DockerCLI, deadline: ContinuousClock.Instant) {
        self.cli = cli
        self.deadline = deadline
    }

    package func read() async -> DockerAnswer {
        async let containers = containers()
        async let swarm = swarm()
        return await DockerAnswer(containers: containers, swarm: swarm)
    }

    // MARK: - Containers

    func containers() async -> Result<[ContainerRecord], ReadFailure> {
        var known: [String: ContainerRecord] = [:]
        do {
            for _ in 0..<DockerReader.rounds {
                let ids = try await containerIDs()
                let inspected = try await inspect(
                    ids.filter { known[$0] == nil }, ["inspect", "--type", "container", "--format"],
                    ContainerRecord.template
                ) { line throws(UnreadableLine) in try ContainerRecord(line: line) }
                for record in inspected { known[record.id] = record }
                // What was removed after it was listed is left out; what took its place is on the next list.
                if ids.allSatisfy({ known[$0] != nil }) { return .success(ids.compactMap { known[$0] }) }
            }
            return .failure(ReadFailure("containers vanish faster than they can be inspected"))
        } catch {
            return .failure(error)
        }
    }

    private func containerIDs() async throws(ReadFailure) -> [String] {
        let output = try await run(["ps", "--all", "--no-trunc", "--quiet"])
        var ids: [String] = []
        if output.lines.isEmpty { try await confirmNoContainers() }
        for line in output.lines {
            guard line.count == 64, line.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
            else { throw ReadFailure(UnreadableLine(line, "a container's id").description) }
            ids.append(String(decoding: line, as: UTF8.self))
        }
        return ids
    }

    /// No line at all is what an empty host prints, and also a CLI that prints nothing: everything would be absent on
    /// the word of silence. So the daemon's own count has to say it too.
    private func confirmNoContainers() async throws(ReadFailure) {
        let info = try await run(["info", "--format", "{{.Containers}}"])
        guard info.lines.first.map({ String(decoding: $0, as: UTF8.self) }) == "0" else {
            throw ReadFailure("`docker ps` names no container, and `docker info` does not say that there are none")
        }
    }

    // MARK: - Swarm

    func swarm() async -> DockerAnswer.Swarm {
        do {
            let info = try await run(["info", "--format", "{{.Swarm.LocalNodeState}} {{.Swarm.ControlAvailable}}"])
            switch info.lines.first.map({ String(decoding: $0, as: UTF8.self) }) ?? "" {
            case "inactive false": return .inactive
            case "active true": return .services(try await swarmServices())
            case "active false": return .failed("this docker host is a Swarm worker; ask a manager (`DOCKER_HOST`)")
            case "pending false", "pending true", "error false", "error true", "locked false", "locked true":
                return .failed("this docker host's Swarm is not ready: `\(info.text.prefix(8))`")
            default: return .failed(UnreadableLine(info.bytes, "docker's Swarm state").description)
            }
        } catch {
            return .failed(error.message)
        }
    }

    private func swarmServices() async throws(ReadFailure) -> [SwarmRecord] {
        for _ in 0..<DockerReader.rounds {
            var listings: [String: SwarmListing] = [:]
            var ids: [String] = []
            for line in try await run(["service", "ls", "--format", "{{json .}}"]).lines {
                do throws(UnreadableLine) {
                    let listing = try SwarmListing(line: line)
                    listings[listing.name] = listing
                    ids.append(listing.shortID)
                } catch { throw ReadFailure(error.description) }
            }
            let named = listings
            let records = try await inspect(ids, ["service", "inspect", "--format"], SwarmRecord.template) {
                line throws(UnreadableLine) in try SwarmRecord(line: line, listings: named)
            }.compactMap { $0 }
            if records.count == ids.count { return records.sorted { $0.name < $1.name } }
        }
        throw ReadFailure("Swarm services vanish faster than they can be inspected")
    }

    // MARK: - Commands

    /// Inspects in batches, several at once. Exit code 1 with some lines is what docker does when an object is gone
    /// (20.10 and 28.2): the caller sees what is missing from what came.
    private func inspect<Record: Sendable>(
        _ ids: [String], _ command: [String], _ template: String,
        _ parse: @escaping @Sendable (ArraySlice<UInt8>) throws(UnreadableLine) -> Record
    ) async throws(ReadFailure) -> [Record] {
        let batches = stride(from: 0, to: ids.count, by: DockerReader.batch).map {
            Array(ids[$0..<min($0 + DockerReader.batch, ids.count)])
        }
        let results = await withTaskGroup(of: (Int, Result<[Record], ReadFailure>).self) { group in
            for (index, batch) in batches.enumerated() {
                group.addTask {
                    do throws(ReadFailure) {
                        let output = try await run(command + [template, "--"] + batch, acceptedExitCodes: [0, 1])
                        if output.exitCode == 1, !output.errorText.contains("o such") {
                            throw ReadFailure("docker exited with 1: \(output.errorText)")
                        }
                        var records: [Record] = []
                        for line in output.lines {
                            do throws(UnreadableLine) {
                                records.append(try parse(line))
                            } catch { throw ReadFailure(error.description) }
                        }
                        return (index, .success(records))
                    } catch { return (index, .failure(error)) }
                }
            }
            var results = [Result<[Record], ReadFailure>](repeating: .success([]), count: batches.count)
            for await (index, result) in group { results[index] = result }
            return results
        }
        var records: [Record] = []
        for result in results { records += try result.get() }
        return records
    }

    private func run(_ arguments: [String], acceptedExitCodes: Set<Int> = [0]) async throws(ReadFailure)
        -> DockerOutput
    {
        let remaining = deadline - .now
        guard remaining > .zero else { throw ReadFailure("docker did not answer in time") }
        switch await cli.run(arguments, timeout: remaining, acceptedExitCodes: acceptedExitCodes) {
        case .success(let output): return output
        case .failure(let failure):
            throw ReadFailure("`docker \(arguments.prefix(2).joined(separator: " "))`: \(failure.description)")
        }
    }
}
