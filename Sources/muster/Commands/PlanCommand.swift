import ArgumentParser
import FleetModel
import Foundation
import MusterCLI

/// `muster plan`
struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "What would be done now and why, and why not for the rest; changes nothing.",
        discussion: """
            Exits 0 when nothing is to be done, 2 when changes are proposed, 1 on an error: also when an observer \
            failed and so nothing can be said of what it covers.
            """)

    @Flag(name: .long, help: "Read the files and docker here instead of asking the daemon.")
    var offline = false

    @Flag(name: .long, help: "Cut nothing.")
    var wide = false

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let plan = offline ? try await offlinePlan() : try await connection.client().get("/api/fleet/plan")
        output.show(plan, isWide: wide, PlanViews.lines)
        let status = PlanViews.exitStatus(plan)
        if status != 0 { throw ExitCode(status) }
    }

    private func offlinePlan() async throws -> JSONValue {
        let environment = ProcessInfo.processInfo.environment
        return try await Offline.plan(
            try Offline.flags(environment: environment), path: environment["PATH"] ?? "", at: Console.now)
    }
}
