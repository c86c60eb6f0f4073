import ArgumentParser
import FleetModel
import MusterCLI

/// `muster plan`
struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "What would be done now and why, and why not for the rest; changes nothing.",
        discussion: "Exits 0 when nothing is to be done, 2 when changes are proposed, 1 on an error.")

    @Flag(name: .long, help: "Read the files and docker here instead of asking the daemon.")
    var offline = false

    @Flag(name: .long, help: "Cut nothing.")
    var wide = false

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let plan = try await connection.client().get("/api/fleet/plan")
        output.show(plan, isWide: wide, PlanViews.lines)
        if PlanViews.proposesChanges(plan) { throw ExitCode(ExitStatus.changesProposed) }
    }
}
