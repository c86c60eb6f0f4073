internal import FleetModel

/// Which docker host commands are for. They are recorded with it, `docker --host URL restart …`, so that what became of
/// them is looked for where they ran, whatever the registry says by then.
enum CommandHost {
    /// Nil for the default endpoint, and where there is no command. Throws for what this version did not write.
    static func of(_ commands: [[String]]) throws(MalformedEndpoint) -> DockerEndpoint? {
        try commands.first.map { (command) throws(MalformedEndpoint) in try DockerEndpoint.split(command).endpoint }
            ?? nil
    }

    static func address(_ commands: [[String]], to endpoint: DockerEndpoint?) -> [[String]] {
        guard let endpoint else { return commands }
        return commands.map { [$0[0]] + endpoint.options + $0.dropFirst() }
    }

    /// Why an action must not run on the host that the registry names now; nil when it was decided for that one.
    static func moved(_ action: Action, spec: ServiceSpec?) -> String? {
        let decided = action.fence?.host
        let current = spec?.endpoint
        guard decided != current?.url.description else { return nil }
        return "`\(action.proposal.target)` has moved since it was decided: from \(shown(decided)) to "
            + shown(current?.url.description)
    }

    private static func shown(_ url: String?) -> String { url.map { "`\($0)`" } ?? "the default docker host" }
}

extension Preparation {
    func addressed(to endpoint: DockerEndpoint?) -> Preparation {
        guard case .commands(let commands) = self else { return self }
        return .commands(CommandHost.address(commands, to: endpoint))
    }
}

extension Fence {
    /// Why what stands there now is not what was looked at; nil when it is, or nothing was.
    func problem(_ target: String, id: String, version: Int? = nil) -> String? {
        if let runtimeID, runtimeID != id {
            return "`\(target)` is another one since it was looked at: \(runtimeID.prefix(12)) -> \(id.prefix(12))"
        }
        guard let specVersion, let version, specVersion != version else { return nil }
        return "service changed since it was looked at: version \(specVersion) -> \(version)"
    }
}
