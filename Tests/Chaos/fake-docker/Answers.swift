/// The commands that only read.
struct Answers {
    let fleet: Fleet

    func answer(_ question: Words) -> Answer {
        switch question.verb {
        case "ps": list(question)
        case "info": info(question)
        case "inspect": inspect(question)
        case "image inspect": Answer(output: #"[{"Id":"sha256:0","Config":{}}]"# + "\n")
        case "service ls": services(question)
        case "service inspect": inspectServices(question)
        case "service ps": Answer()
        default: Answer(output: "\"20.10.0\"\n")
        }
    }

    // MARK: - Containers

    private func list(_ question: Words) -> Answer {
        let containers = fleet.all(.container)
        if question.has("--quiet") { return lines(containers.map(\.id)) }
        return lines(
            containers.map { container in
                let labels = container.labels
                let fields = [
                    container.id, container.name, labels["muster.service"] ?? "",
                    labels["com.docker.compose.service"] ?? "", labels["com.docker.compose.project"] ?? "", "", "",
                    labels["muster.action"] ?? "", state(container),
                ]
                return JSON.array(fields.map(JSON.text))
            })
    }

    private func state(_ container: Thing) -> String {
        switch container["status"] {
        case "running": "Up 3 seconds"
        case "created": "Created"
        default: "Exited (\(container["exit"])) 3 seconds ago"
        }
    }

    private func info(_ question: Words) -> Answer {
        if question.value(of: "--format") == "{{.Containers}}" {
            return lines([String(fleet.all(.container).count)])
        }
        return lines([fleet.all(.service).isEmpty ? "inactive false" : "active true"])
    }

    /// With a format the line that the observer asks for, without one what the actuator reads.
    private func inspect(_ question: Words) -> Answer {
        guard question.value(of: "--type") == "container" else { return lines(["[]"]) }
        var answer = Answer()
        var found: [Thing] = []
        for reference in question.operands {
            if let container = fleet.find(.container, reference) {
                found.append(container)
            } else {
                answer.status = 1
                answer.errors += "Error: No such container: \(reference)\n"
            }
        }
        if question.has("--format") {
            answer.output = found.map { summary($0) + "\n" }.joined()
        } else {
            answer.output = JSON.array(found.map { description($0) }) + "\n"
        }
        return answer
    }

    private func startedAt(_ container: Thing) -> String {
        container["started"].isEmpty ? "0001-01-01T00:00:00Z" : container["started"]
    }

    private func summary(_ container: Thing) -> String {
        let labels = container.labels
        return JSON.object([
            ("id", JSON.text(container.id)), ("name", JSON.text("/" + container.name)),
            ("state", JSON.text(container["status"])), ("health", "null"), ("code", container["exit"]),
            ("oom", "false"), ("restarts", "0"), ("image", JSON.text(container["image"])),
            ("created", JSON.text(container["created"])), ("started", JSON.text(startedAt(container))),
            ("service", JSON.text(labels["muster.service"] ?? "")),
            ("compose", JSON.text(labels["com.docker.compose.service"] ?? "")), ("oneoff", "\"\""),
            ("task_of", "\"\""), ("stack", "\"\""),
        ])
    }

    private func description(_ container: Thing) -> String {
        let isRunning = container["status"] == "running"
        return JSON.object([
            ("Id", JSON.text(container.id)), ("Name", JSON.text("/" + container.name)),
            ("Image", JSON.text("sha256:0")), ("Created", JSON.text(container["created"])),
            (
                "State",
                JSON.object([
                    ("Status", JSON.text(container["status"])), ("Running", String(isRunning)),
                    ("ExitCode", container["exit"]), ("StartedAt", JSON.text(startedAt(container))),
                ])
            ),
            (
                "Config",
                JSON.object([
                    ("Image", JSON.text(container["image"])), ("Env", #"["FOO=bar"]"#), ("StopTimeout", "0"),
                    ("Labels", JSON.object(container.labels)),
                ])
            ),
            ("HostConfig", JSON.object([("NetworkMode", JSON.text("none"))])), ("Mounts", "[]"),
            ("NetworkSettings", #"{"Networks":{}}"#),
        ])
    }

    // MARK: - Swarm

    private func services(_ question: Words) -> Answer {
        var services = fleet.all(.service)
        if let filter = question.value(of: "--filter"), filter.hasPrefix("label=") {
            let pair = filter.dropFirst(6).split(separator: "=", maxSplits: 1).map(String.init)
            services = services.filter { pair.count == 2 && $0.labels[pair[0]] == pair[1] }
        }
        if question.value(of: "--format") != "{{json .}}" {
            return lines(services.map { JSON.array([JSON.text($0.id), JSON.text($0.name)]) })
        }
        return lines(
            services.map { service in
                JSON.object([
                    ("ID", JSON.text(String(service.id.prefix(12)))), ("Name", JSON.text(service.name)),
                    ("Mode", "\"replicated\""),
                    ("Replicas", JSON.text("\(service["replicas"])/\(service["replicas"])")),
                ])
            })
    }

    private func inspectServices(_ question: Words) -> Answer {
        let found = question.operands.compactMap { fleet.find(.service, $0) }
        guard found.count == question.operands.count else {
            return .failure("Error: no such service: \(question.operands.joined(separator: " "))")
        }
        if question.has("--format") { return lines(found.map(summary(ofService:))) }
        return Answer(output: JSON.array(found.map(description(ofService:))) + "\n")
    }

    private func summary(ofService service: Thing) -> String {
        let hasUpdate = !service["update"].isEmpty
        return JSON.object([
            ("id", JSON.text(service.id)), ("name", JSON.text(service.name)), ("version", service["version"]),
            ("created", JSON.text(service["created"])), ("updated", JSON.text(service["updated"])),
            ("update", JSON.text(hasUpdate ? service["update"] : nil)),
            ("update_started", JSON.text(hasUpdate ? service["updated"] : nil)),
            ("image", JSON.text(service["image"])), ("service", JSON.text(service.labels["muster.service"] ?? "")),
            ("stack", JSON.text(service.labels["com.docker.stack.namespace"] ?? "")),
        ])
    }

    private func description(ofService service: Thing) -> String {
        let specification = JSON.object([
            ("Name", JSON.text(service.name)), ("Labels", JSON.object(service.labels)),
            ("TaskTemplate", "{\"ContainerSpec\":{\"Image\":\(JSON.text(service["image"]))}}"),
            ("Mode", "{\"Replicated\":{\"Replicas\":\(service["replicas"])}}"),
        ])
        var members = [
            ("ID", JSON.text(service.id)), ("Version", "{\"Index\":\(service["version"])}"),
            ("CreatedAt", JSON.text(service["created"])), ("UpdatedAt", JSON.text(service["updated"])),
            ("Spec", specification),
        ]
        if !service["update"].isEmpty {
            members.append(
                (
                    "UpdateStatus",
                    "{\"State\":\(JSON.text(service["update"])),\"StartedAt\":\(JSON.text(service["updated"]))}"
                ))
        }
        return JSON.object(members)
    }

    private func lines(_ lines: [String]) -> Answer { Answer(output: lines.map { $0 + "\n" }.joined()) }
}
