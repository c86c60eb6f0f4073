internal import DockerCLI
internal import FleetModel

/// Why the runtime could not be read.
enum DockerReadError: Error {
    /// Failed, timed out or not understood: nothing is known.
    case unreadable(String)
    /// Docker answered that there is no such thing.
    case notThere
}

/// Reads containers, images and services through the docker CLI. Changes nothing.
struct DockerReader: Sendable {
    let docker: DockerCLI

    // MARK: - Containers

    /// One line of `docker ps -a`.
    struct Listed: Sendable, Equatable {
        var id: String
        var name: String
        var musterService: String
        var composeService: String
        var composeProject: String
        var isOneOff: Bool
        var isSwarmTask: Bool
        var actionID: String
        /// As in `Exited (0) 3 minutes ago`.
        var status: String
    }

    private static let listFormat =
        "["
        + [
            ".ID", ".Names", #"(.Label "muster.service")"#, #"(.Label "com.docker.compose.service")"#,
            #"(.Label "com.docker.compose.project")"#, #"(.Label "com.docker.compose.oneoff")"#,
            #"(.Label "com.docker.swarm.service.id")"#, #"(.Label "muster.action")"#, ".Status",
        ].map { "{{json \($0)}}" }.joined(separator: ",") + "]"

    func containers() async throws(DockerReadError) -> [Listed] {
        let output = try await read(["ps", "--all", "--no-trunc", "--format", DockerReader.listFormat])
        var listed: [Listed] = []
        for line in output.lines {
            let fields = try parse(line).array?.map { $0.string ?? "" }
            guard let fields, fields.count == 9, !fields[0].isEmpty else {
                throw .unreadable("`docker ps` printed a line that is not understood")
            }
            // A container that others link to bears their names too, as `other/alias`.
            let name = fields[1].split(separator: ",").first { !$0.contains("/") }
            listed.append(
                Listed(
                    id: fields[0], name: name.map(String.init) ?? fields[1], musterService: fields[2],
                    composeService: fields[3], composeProject: fields[4],
                    isOneOff: fields[5].lowercased() == "true", isSwarmTask: !fields[6].isEmpty,
                    actionID: fields[7], status: fields[8]))
        }
        return listed.sorted { ($0.name, $0.id) < ($1.name, $1.id) }
    }

    func container(id: String) async throws(DockerReadError) -> ContainerRecord {
        guard let record = ContainerRecord(try await inspect(["inspect", "--type", "container", "--", id])) else {
            throw .unreadable("`docker inspect` printed something else than a container")
        }
        return record
    }

    /// The configuration that an image gives to its containers.
    func imageConfiguration(id: String) async throws(DockerReadError) -> JSONObject {
        let image = try await inspect(["image", "inspect", "--", id])
        return image["Config"]?.object ?? image["ContainerConfig"]?.object ?? JSONObject()
    }

    // MARK: - Swarm

    /// The service of this very name; else those that bear it as their `muster.service` label; else those that
    /// have it within their stack, where Swarm puts the stack's name in front: `shop_web` in stack `shop`.
    func services(named target: String) async throws(DockerReadError) -> [SwarmService] {
        let all = try await serviceIDs(filter: nil)
        if let own = all.first(where: { $0.name == target }) { return [try await service(id: own.id)] }
        guard !all.isEmpty else { return [] }
        let labelled = try await serviceIDs(filter: "label=\(ContainerNames.serviceLabel)=\(target)")
        var found: [SwarmService] = []
        for (id, _) in labelled { found.append(try await service(id: id)) }
        if !found.isEmpty { return found }
        for (id, name) in all where name.hasSuffix("_\(target)") {
            let candidate = try await service(id: id)
            if let stack = candidate.stack, name == "\(stack)_\(target)" { found.append(candidate) }
        }
        return found
    }

    func service(id: String) async throws(DockerReadError) -> SwarmService {
        guard let service = SwarmService(try await inspect(["service", "inspect", "--", id])) else {
            throw .unreadable("`docker service inspect` printed something else than a service")
        }
        return service
    }

    /// Names and ids in name order; empty where this daemon manages no swarm.
    func serviceIDs(filter: String?) async throws(DockerReadError) -> [(id: String, name: String)] {
        let format = "[{{json .ID}},{{json .Name}}]"
        let result = await docker.run(
            ["service", "ls"] + (filter.map { ["--filter", $0] } ?? []) + ["--format", format])
        switch result {
        case .failure(.exited(_, let message)) where message.contains("swarm manager"): return []
        case .failure(let failure): throw .unreadable(failure.description)
        case .success(let output):
            var services: [(id: String, name: String)] = []
            for line in output.lines {
                guard let fields = try parse(line).array, fields.count == 2, let id = fields[0].string,
                    let name = fields[1].string
                else { throw .unreadable("`docker service ls` printed a line that is not understood") }
                services.append((id, name))
            }
            return services.sorted { $0.name < $1.name }
        }
    }

    /// When each task that is to run reached its present state, for those that run.
    func runningTasks(of service: String) async throws(DockerReadError) -> [WallTime] {
        let ids = try await read([
            "service", "ps", "--quiet", "--no-trunc", "--filter", "desired-state=running", "--", service,
        ]).lines.map { String(decoding: $0, as: UTF8.self) }
        guard !ids.isEmpty else { return [] }
        let output = try await read(["inspect", "--type", "task", "--"] + ids)
        guard let tasks = try parse(output.bytes[...]).array else {
            throw .unreadable("`docker inspect` printed something else than tasks")
        }
        return tasks.compactMap { task in
            guard task["Status"]?["State"]?.string == "running" else { return nil }
            return task["Status"]?["Timestamp"]?.string.flatMap { WallTime(rfc3339: $0) }
        }
    }

    // MARK: - Commands

    private func inspect(_ arguments: [String]) async throws(DockerReadError) -> JSONValue {
        let output = try await read(arguments)
        guard let items = try parse(output.bytes[...]).array, items.count == 1 else {
            throw .unreadable("`docker \(arguments[0])` printed something else than one object")
        }
        return items[0]
    }

    private func read(_ arguments: [String]) async throws(DockerReadError) -> DockerOutput {
        switch await docker.run(arguments) {
        case .success(let output): return output
        case .failure(.exited(_, let message))
        where message.lowercased().contains("no such") || message.contains("not found"):
            throw .notThere
        case .failure(let failure): throw .unreadable(failure.description)
        }
    }

    private func parse(_ bytes: ArraySlice<UInt8>) throws(DockerReadError) -> JSONValue {
        do { return try JSONValue.parse(bytes) } catch {
            throw .unreadable("docker's output is not understood: \(error)")
        }
    }
}
