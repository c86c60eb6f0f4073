/// The commands that change the fleet. Called with the lock held.
struct Changes {
    let fleet: Fleet

    func make(_ change: Words) -> Answer {
        switch change.verb {
        case "create", "run": create(change)
        case "rename": rename(change)
        case "network connect": Answer()
        case "service update", "service rollback": update(change)
        case "service scale": scale(change)
        case "service create": createService(change)
        default: each(change)
        }
    }

    private func create(_ change: Words) -> Answer {
        let id = fleet.makeID(.container)
        let name = change.value(of: "--name") ?? String(id.prefix(12))
        if fleet.find(.container, name) != nil {
            return .failure("Error response from daemon: Conflict. The container name \"/\(name)\" is already in use")
        }
        var container = Thing(
            id: id, kind: .container,
            fields: [
                "name": name, "image": change.operands.first ?? "", "status": "created", "exit": "0",
                "created": Clock.rfc3339(),
            ])
        label(&container, change.values(of: "--label"))
        if change.verb == "run" { container.start() }
        fleet.keep(container)
        return Answer(output: id + "\n")
    }

    private func rename(_ change: Words) -> Answer {
        guard change.operands.count == 2 else { return .failure("\"docker rename\" requires exactly 2 arguments.") }
        guard var container = fleet.find(.container, change.operands[0]) else { return missing(change.operands[0]) }
        guard fleet.find(.container, change.operands[1]) == nil else {
            return .failure(
                "Error response from daemon: Conflict. The container name \"/\(change.operands[1])\" is already in use")
        }
        container["name"] = change.operands[1]
        fleet.keep(container)
        return Answer()
    }

    /// `start`, `stop`, `restart`, `rm`.
    private func each(_ change: Words) -> Answer {
        for reference in change.operands {
            guard var container = fleet.find(.container, reference) else { return missing(reference) }
            switch change.verb {
            case "rm": fleet.remove(container)
            case "stop":
                if container["status"] == "running" { container.stop(code: 0) }
                fleet.keep(container)
            case "start" where container["status"] == "running": break
            default:
                container.start()
                fleet.keep(container)
            }
        }
        return Answer(output: change.operands.map { $0 + "\n" }.joined())
    }

    // MARK: - Swarm

    private func update(_ change: Words) -> Answer {
        guard let name = change.operands.first, var service = fleet.find(.service, name) else {
            return .failure("Error: no such service: \(change.operands.first ?? "")")
        }
        if let image = change.value(of: "--image") { service["image"] = image }
        label(&service, change.values(of: "--label-add"))
        service.update()
        service["update"] = change.verb == "service rollback" ? "rollback_completed" : "completed"
        fleet.keep(service)
        return Answer(output: name + "\n")
    }

    private func scale(_ change: Words) -> Answer {
        for operand in change.operands {
            let parts = operand.split(separator: "=").map(String.init)
            guard parts.count == 2, var service = fleet.find(.service, parts[0]) else {
                return .failure("Error: no such service: \(operand)")
            }
            service["replicas"] = parts[1]
            service.update()
            fleet.keep(service)
        }
        return Answer()
    }

    private func createService(_ change: Words) -> Answer {
        var service = Setup.service(
            id: fleet.makeID(.service), name: change.value(of: "--name") ?? "", image: change.operands.first ?? "",
            replicas: change.value(of: "--replicas") ?? "1")
        label(&service, change.values(of: "--label"))
        fleet.keep(service)
        return Answer(output: service.id + "\n")
    }

    private func label(_ thing: inout Thing, _ labels: [String]) {
        for label in labels {
            let pair = label.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            thing["label.\(pair[0])"] = pair.count == 2 ? pair[1] : ""
        }
    }

    private func missing(_ reference: String) -> Answer {
        .failure("Error response from daemon: No such container: \(reference)")
    }
}

/// The test's own hand on the fleet; none of it is recorded as a command.
struct Setup {
    let fleet: Fleet

    static func service(id: String, name: String, image: String, replicas: String) -> Thing {
        Thing(
            id: id, kind: .service,
            fields: [
                "name": name, "image": image, "replicas": replicas, "version": "1", "created": "2020-01-01T00:00:00Z",
                "updated": "2020-01-01T00:00:00Z",
            ])
    }

    /// `fleet container NAME IMAGE STATUS [LABEL=VALUE…]`, `fleet service NAME IMAGE REPLICAS`, `fleet kill NAME…`.
    func carryOut(_ setup: Words) -> Answer {
        let words = setup.options
        switch (words.first, words.count) {
        case ("container", 4...):
            var container = Thing(
                id: fleet.makeID(.container), kind: .container,
                fields: [
                    "name": words[1], "image": words[2], "created": "2020-01-01T00:00:00Z",
                    "started": "2020-01-01T00:00:00Z", "status": words[3], "exit": words[3] == "running" ? "0" : "137",
                ])
            for label in words[4...] {
                let pair = label.split(separator: "=", maxSplits: 1).map(String.init)
                container["label.\(pair[0])"] = pair.count == 2 ? pair[1] : ""
            }
            fleet.keep(container)
            return Answer(output: container.id + "\n")
        case ("service", 4):
            let service = Setup.service(
                id: fleet.makeID(.service), name: words[1], image: words[2], replicas: words[3])
            fleet.keep(service)
            return Answer(output: service.id + "\n")
        case ("kill", 2...):
            for name in words[1...] {
                guard var container = fleet.find(.container, name) else { return .failure("there is no \(name)") }
                container.stop(code: 137)
                fleet.keep(container)
            }
            return Answer()
        default: return .failure("not understood: fleet \(words.joined(separator: " "))")
        }
    }
}
