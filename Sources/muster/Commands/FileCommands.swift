import ArgumentParser
import FleetConfig
import FleetModel
import Foundation
import MusterCLI

extension FileChecks.Answer {
    /// Prints it and ends with 1 when something is wrong.
    func report(_ output: OutputOptions) throws {
        if output.json {
            print(json.text)
        } else {
            output.show(lines)
            for problem in problems { Console.warn(problem) }
        }
        if isFailure { throw ExitCode(ExitStatus.failure) }
    }
}

/// `muster registry check`
struct RegistryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "registry", abstract: "Check a registry.", subcommands: [Check.self])

    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Read a registry, and an overlay over it; name every error with its place.",
            discussion: "Needs no daemon. Exits 1 when there are errors.")

        @Argument(help: "The registry.")
        var file: String

        @Argument(help: "The overlay.")
        var overlay: String?

        @OptionGroup var output: OutputOptions

        func run() async throws {
            try FileChecks.registry(file, overlay: overlay).report(output)
        }
    }
}

/// `muster policy check|test|explain`
struct PolicyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy", abstract: "Check, test and question a policy.",
        subcommands: [Check.self, Explain.self, Test.self])

    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Read a policy file; name every error with its place.",
            discussion: "Needs no daemon. Exits 1 when there are errors.")

        @Argument(help: "The policy file.")
        var file: String

        @OptionGroup var output: OutputOptions

        func run() async throws {
            try FileChecks.policy(file).report(output)
        }
    }

    struct Test: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Run cases: a request, and the decision and rule expected of it.",
            discussion: "Needs no daemon. Exits 1 when a case fails or a file cannot be read.")

        @Argument(help: "Test files.")
        var files: [String]

        @Option(name: .long, help: "The policy under test. (default: the one that each file names)")
        var policy: String?

        @OptionGroup var output: OutputOptions

        func run() async throws {
            try FileChecks.policyTests(files, policyPath: policy).report(output)
        }
    }

    struct Explain: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Which rule decides, which checks it makes, what would let it through, and when.")

        @Argument(help: "What would be done, for example restart_service.")
        var kind: String

        @Argument(help: "The service, or for redeploy_stack the stack.")
        var target: String

        @Option(name: .long, help: "Who would ask: reconciler, autoscaler, playbook, deploy_watch or manual.")
        var source = ProposalSource.manual.rawValue

        @Option(name: .long, help: "When: an RFC 3339 time, or so long from now (30m, 2h, 1d).")
        var at: String?

        @Option(name: .long, help: ArgumentHelp("A parameter; repeat for several.", valueName: "name=value"))
        var param: [String] = []

        @Flag(name: .long, help: "Judge with the policy file alone: no daemon, no budgets used, no holds.")
        var offline = false

        @Option(name: .long, help: "With --offline: the policy file. (default: ACTION_POLICY_PATH)")
        var policy: String?

        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func validate() throws {
            guard ProposalSource(rawValue: source) != nil else {
                let known = ProposalSource.allCases.map(\.rawValue).joined(separator: ", ")
                throw ValidationError("`--source \(source)`: expected one of \(known)")
            }
            guard Names.isTarget(target) else { throw ValidationError("`\(target)` is not a name that docker accepts") }
            if policy != nil, !offline { throw ValidationError("`--policy` needs `--offline`") }
            if let at, TimeText.time(at, after: Console.now) == nil {
                throw ValidationError("`--at \(at)`: expected an RFC 3339 time or a duration such as `2h`")
            }
            do { _ = try ActionParameters.parse(param) } catch { throw ValidationError("`--param`: \(error)") }
        }

        func run() async throws {
            let time = at.flatMap { TimeText.time($0, after: Console.now) }
            output.show(offline ? try judge(at: time) : try await ask(at: time), ExplanationView.lines)
        }

        private func ask(at time: WallTime?) async throws -> JSONValue {
            var body = JSONObject([
                ("kind", .string(kind)), ("target", .string(target)), ("source", .string(source)),
                ("params", .object(try ActionParameters.parse(param))),
            ])
            if let time { body["at"] = .string(time.rfc3339) }
            return try await connection.client().post("/api/fleet/policy/evaluate", .object(body))
        }

        private func judge(at time: WallTime?) throws -> JSONValue {
            let proposal = Proposal(
                kind: ActionKind(rawValue: kind), target: target, params: try ActionParameters.parse(param),
                source: ProposalSource(rawValue: source) ?? .manual, reason: "explained")
            let path =
                try policy ?? Offline.flags(environment: ProcessInfo.processInfo.environment).policyPath
            return try Offline.explain(proposal, policyPath: path, at: time ?? Console.now)
        }
    }
}
