import ArgumentParser
import FleetModel
import MusterCLI

/// `muster approvals [list|show|approve|deny]`
struct ApprovalsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "approvals", abstract: "What waits for a person: list it, approve it, deny it.",
        subcommands: [List.self, Show.self, Approve.self, Deny.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List approvals, the pending ones unless told.")

        @Option(name: .long, help: "A status of the contract, or `all`.")
        var status = "pending"

        @OptionGroup var list: ListOptions
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func validate() throws {
            guard status == "all" || ApprovalStatus(rawValue: status) != nil else {
                let known = ApprovalStatus.allCases.map(\.rawValue).joined(separator: ", ")
                throw ValidationError("`--status \(status)`: expected `all` or one of \(known)")
            }
        }

        func run() async throws {
            let query = list.query + (status == "all" ? [] : [("status", status)])
            let answer = try await connection.client().list(
                "/api/fleet/approvals", name: "approvals", query: query, limit: list.limit)
            output.show(answer, isWide: list.wide) { ApprovalViews.table($0["approvals"]?.array ?? [], $1) }
            if !output.json, answer["next_cursor"]?.string != nil {
                Console.warn("more: raise `--limit`, now \(list.limit)")
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show one approval in full.")

        @Argument(help: "Its id, or the beginning or end of it.")
        var id: String

        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let client = try connection.client()
            let id = try await ApprovalLookup(client: client).id(for: id, status: nil)
            output.show(try await client.get("/api/fleet/approvals/\(id)"), ApprovalViews.details)
        }
    }

    struct Approve: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Approve; what is approved runs at once if it still holds.",
            discussion: "Exits 1 when any of them was not done; each one's result is printed.")

        @OptionGroup var ballot: Ballot

        func run() async throws {
            try await ballot.cast(.approved)
        }
    }

    struct Deny: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Deny; the same is not asked again for a while unless what is observed changes.",
            discussion: "Exits 1 when any of them was not done; each one's result is printed.")

        @OptionGroup var ballot: Ballot

        func run() async throws {
            try await ballot.cast(.denied)
        }
    }
}

/// Which approvals are voted on, and how.
struct Ballot: ParsableArguments {
    @Argument(help: "Their ids, or the beginnings or ends of them.")
    var ids: [String] = []

    @Flag(name: .long, help: "All that are pending now.")
    var all = false

    @Option(name: .long, help: "With --all: only kinds that match this glob.")
    var kind: String?

    @Option(name: .long, help: "With --all: only targets that match this glob.")
    var target: String?

    @Option(name: .long, help: "Why; it is kept with the vote.")
    var note: String?

    @Flag(name: .shortAndLong, help: "With --all: do not ask.")
    var yes = false

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard all != !ids.isEmpty else { throw ValidationError("name one or more ids, or say `--all`") }
        if !all, kind != nil || target != nil { throw ValidationError("`--kind` and `--target` need `--all`") }
        for glob in [kind, target].compactMap({ $0 }) where Glob(glob) == nil {
            throw ValidationError("`\(glob)` is not a glob")
        }
        for id in ids where ShortIdentifier.parse(id, prefix: ApprovalLookup.prefix) == .invalid {
            throw ValidationError("`\(id)` is not an approval's id, nor four or more characters of one")
        }
    }

    func cast(_ decision: VoteDecision) async throws {
        let client = try connection.client()
        let lookup = ApprovalLookup(client: client)
        var chosen = ids
        if all {
            chosen = try await chooseAll(lookup, decision)
            if chosen.isEmpty { return output.show(["results": []]) { _, _ in ["nothing is pending that matches"] } }
        }
        var results: [BallotResult] = []
        for given in chosen {
            let result = await BallotResult.cast(given, decision, note: note, client, lookup)
            results.append(result)
            if !output.json { print(result.line(on: Console.context().terminal)) }
        }
        if output.json {
            let list: JSONValue = ["results": .array(results.map(\.json))]
            print((results.count == 1 && !all ? results[0].json : list).text)
        }
        if results.contains(where: \.isFailure) { throw ExitCode(ExitStatus.failure) }
    }

    private func chooseAll(_ lookup: ApprovalLookup, _ decision: VoteDecision) async throws -> [String] {
        let kinds = kind.flatMap { Glob($0) } ?? .any
        let targets = target.flatMap { Glob($0) } ?? .any
        let rows = try await lookup.rows(status: .pending).filter { row in
            kinds.matches(row["kind"]?.string ?? "") && targets.matches(row["target"]?.string ?? "")
        }
        guard !rows.isEmpty, !yes else { return rows.compactMap { $0["id"]?.string } }
        for line in ApprovalViews.table(rows, Console.context()) { Console.warn(line) }
        let word = decision == .approved ? "Approve" : "Deny"
        guard try Console.confirm("\(word) these \(rows.count)?") else { throw ExitCode(ExitStatus.failure) }
        return rows.compactMap { $0["id"]?.string }
    }
}
