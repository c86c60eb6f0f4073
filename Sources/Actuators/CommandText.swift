internal import FleetModel

/// What a recorded docker command says, for executing and settling it.
struct CommandText {
    /// Without the options that say which docker host it is for.
    let arguments: [String]

    init(_ arguments: [String]) {
        self.arguments = (try? DockerEndpoint.split(arguments).command) ?? arguments
    }

    /// `restart`, `stop`, `create`, `run`, `rename`, …; for a service's commands `service update` and the like.
    var verb: String {
        guard arguments.count > 2 else { return arguments.dropFirst().first ?? "" }
        return ["service", "network"].contains(arguments[1]) ? "\(arguments[1]) \(arguments[2])" : arguments[1]
    }

    /// What stands after the first `--`.
    var operands: ArraySlice<String> {
        guard let dashes = arguments.firstIndex(of: "--") else { return [] }
        return arguments[(dashes + 1)...]
    }

    func value(of option: String) -> String? {
        guard let index = arguments.firstIndex(of: option), index + 1 < arguments.count else { return nil }
        return arguments[index + 1]
    }

    /// The grace that `stop` and `restart` give a container.
    var stopSeconds: Int? {
        verb == "stop" || verb == "restart" ? value(of: "-t").flatMap { Int($0) } : nil
    }
}
