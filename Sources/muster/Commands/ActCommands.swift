import ArgumentParser
import FleetModel
import MusterCLI

/// `muster act KIND TARGET`
struct ActCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "act", abstract: "Propose an action yourself; it goes through the same policy gate.",
        discussion: """
            Kinds: \(ActionKind.builtIn.map(\.rawValue).joined(separator: ", ")).
            Exits 1 when the gate denies it; queued for approval or allowed exits 0.
            """)

    @Argument(help: "What to do, for example restart_service.")
    var kind: String

    @Argument(help: "The service, or for redeploy_stack the stack.")
    var target: String

    @Option(name: .long, help: ArgumentHelp("A parameter; repeat for several.", valueName: "name=value"))
    var param: [String] = []

    @Option(name: .long, help: "Why; it is kept in the ledger.")
    var reason: String

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard !reason.allSatisfy(\.isWhitespace) else { throw ValidationError("`--reason` is empty") }
        guard Names.isTarget(target) else { throw ValidationError("`\(target)` is not a name that docker accepts") }
        do { _ = try ActionParameters.parse(param) } catch { throw ValidationError("`--param`: \(error)") }
    }

    func run() async throws {
        let answer = try await connection.client().post(
            "/api/fleet/actions",
            [
                "kind": .string(kind), "target": .string(target), "reason": .string(reason),
                "params": .object(try ActionParameters.parse(param)),
            ])
        output.show(answer, ActionViews.proposed)
        if answer["decision"]?.string == VerdictKind.deny.rawValue { throw ExitCode(ExitStatus.failure) }
    }
}

/// What `pause`, `resume` and `kill` have in common.
struct ScopeOptions: ParsableArguments {
    @Argument(help: "fleet, domain:NAME or service:NAME.")
    var scope: String

    @Option(name: .long, help: "Why; it is kept and shown.")
    var reason: String

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard Hold.Scope(scope) != nil else {
            throw ValidationError("`\(scope)`: expected `fleet`, `domain:NAME` or `service:NAME`")
        }
        guard !reason.allSatisfy(\.isWhitespace) else { throw ValidationError("`--reason` is empty") }
    }

    func post(_ verb: String, until: WallTime? = nil) async throws -> JSONValue {
        var body = JSONObject([("scope", .string(scope)), ("reason", .string(reason))])
        if let until { body["until"] = .string(until.rfc3339) }
        return try await connection.client().post("/api/fleet/\(verb)", .object(body))
    }
}

/// Until when a hold is in force.
struct UntilOption: ParsableArguments {
    @Option(name: .long, help: "When it ends by itself: an RFC 3339 time, or so long from now (30m, 2h, 1d).")
    var until: String?

    func validate() throws {
        guard let until else { return }
        guard let time = TimeText.time(until, after: Console.now) else {
            throw ValidationError("`--until \(until)`: expected an RFC 3339 time or a duration such as `2h`")
        }
        guard time > Console.now else { throw ValidationError("`--until \(until)` is in the past") }
    }

    var time: WallTime? { until.flatMap { TimeText.time($0, after: Console.now) } }
}

/// `muster pause SCOPE`
struct PauseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause", abstract: "Hands off: nothing is proposed or done for a service, a domain or the fleet.")

    @OptionGroup var options: ScopeOptions
    @OptionGroup var end: UntilOption

    func run() async throws {
        let until = end.time
        let answer = try await options.post("pause", until: until)
        options.output.show(answer) { _, _ in
            ["paused \(options.scope)" + (until.map { " until \($0)" } ?? "; it ends with `muster resume`")]
        }
    }
}

/// `muster resume SCOPE`
struct ResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "resume", abstract: "Lift a pause.")

    @OptionGroup var options: ScopeOptions

    func run() async throws {
        let answer = try await options.post("resume")
        options.output.show(answer) { _, _ in ["resumed \(options.scope)"] }
    }
}

/// `muster kill SCOPE`
struct KillCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kill", abstract: "Pause, and propose to stop every service in the scope.",
        discussion: "The policy decides on each stop, as on any action: it may ask for approval or forbid it.")

    @OptionGroup var options: ScopeOptions
    @OptionGroup var end: UntilOption

    func run() async throws {
        let answer = try await options.post("kill", until: end.time)
        options.output.show(answer) { answer, context in
            let proposals = answer["proposals"]?.array ?? []
            return ["paused \(options.scope); \(proposals.count) stops proposed"]
                + proposals.flatMap { ActionViews.stop($0, context) }
        }
    }
}
