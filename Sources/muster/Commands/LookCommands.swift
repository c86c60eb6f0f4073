import ArgumentParser
import ControlPlane
import FleetModel
import Foundation
import MusterCLI

/// `muster status`
struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Whether the daemon is ready, who leads and how the fleet is.",
        discussion: "Exits 1 when it is not ready; `degraded` serves and exits 0.")

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let client = try connection.client()
        guard case .object(var status) = try await client.answer("/readyz").body, let word = status["status"]?.string
        else { throw CommandError.local("the answer of /readyz has no `status`; is it Muster that listens there?") }
        if word != ReadinessStatus.notReady.rawValue { await addFleet(to: &status, from: client) }
        output.show(.object(status), StatusView.lines)
        if word == ReadinessStatus.notReady.rawValue { throw ExitCode(ExitStatus.failure) }
    }

    /// `/readyz` is open to everyone, these two are not; what may not be read is left out and said.
    private func addFleet(to status: inout JSONObject, from client: APIClient) async {
        do {
            status["topology"] = try await client.get("/api/fleet/topology")
            status["health"] = try await client.get("/api/fleet/health")
        } catch {
            Console.warn("the fleet's state is not shown: \(error)")
        }
    }
}

/// `muster services [NAME]`
struct ServicesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "services", abstract: "What is wanted and what is seen of every service, or of one in full.")

    @Argument(help: "One service.")
    var name: String?

    @Flag(name: .long, help: "Cut nothing.")
    var wide = false

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let client = try connection.client()
        if let name {
            output.show(
                try await client.get("/api/fleet/services/\(APIClient.encoded(name))"), ServiceViews.details)
            return
        }
        let services = try await client.list("/api/fleet/services", name: "services", limit: 1_000_000)
        output.show(services, isWide: wide) { ServiceViews.table($0["services"]?.array ?? [], $1) }
    }
}

/// `muster actions`
struct ActionsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "actions", abstract: "What was carried out, is under way or was left undone, newest first.")

    @Option(name: .long, help: "planned, executing, succeeded, failed, unknown or cancelled.")
    var state: String?

    @Flag(name: .long, help: "Then show what changes, until interrupted.")
    var follow = false

    @OptionGroup var list: ListOptions
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if let state, ActionState(rawValue: state) == nil { throw ValidationError("`--state \(state)`: no such state") }
    }

    func run() async throws {
        try await ListRun(name: "actions", state: state, list: list, output: output).run(
            try connection.client(), isFollowing: follow, ActionViews.actions, line: FollowView.action)
    }
}

/// `muster decisions`
struct DecisionsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decisions", abstract: "What the policy gate decided and why, newest first.")

    @Option(name: .long, help: "allow, allow_notify, queue_approval or deny.")
    var decision: String?

    @Flag(name: .long, help: "Then show new ones, until interrupted.")
    var follow = false

    @OptionGroup var list: ListOptions
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if let decision, VerdictKind(rawValue: decision) == nil {
            throw ValidationError("`--decision \(decision)`: no such decision")
        }
    }

    func run() async throws {
        try await ListRun(name: "decisions", state: decision, list: list, output: output).run(
            try connection.client(), isFollowing: follow, ActionViews.decisions, line: FollowView.decision)
    }
}

/// A list, printed once or followed.
private struct ListRun: Sendable {
    let name: String
    let query: [(String, String)]
    let limit: Int
    let isWide: Bool
    let isJSON: Bool

    init(name: String, state: String?, list: ListOptions, output: OutputOptions) {
        self.name = name
        query = list.query + (state.map { [("state", $0)] } ?? [])
        limit = list.limit
        isWide = list.wide
        isJSON = output.json
    }

    func run(
        _ client: APIClient, isFollowing: Bool, _ table: ([JSONValue], ViewContext) -> [String],
        line: @escaping @Sendable (JSONValue, ViewContext) -> String
    ) async throws {
        guard isFollowing else {
            let answer = try await fetch(client)
            if isJSON { return print(answer.text) }
            for text in table(answer[name]?.array ?? [], Console.context(isWide: isWide)) { print(text) }
            if answer["next_cursor"]?.string != nil { Console.warn("more: raise `--limit`, now \(limit)") }
            return
        }
        let follower = Follower(client: client) { () async throws(CommandError) in
            try await fetch(client)[name]?.array ?? []
        }
        try await follower.run(
            show: { rows in
                let context = Console.context(isWide: isWide)
                for row in rows { print(isJSON ? row.text : line(row, context)) }
                // All streams, because `stdout` is a variable that Swift 6 does not let be shared.
                fflush(nil)
            }, warn: Console.warn)
    }

    private func fetch(_ client: APIClient) async throws(CommandError) -> JSONValue {
        try await client.list("/api/fleet/\(name)", name: name, query: query, limit: limit)
    }
}
