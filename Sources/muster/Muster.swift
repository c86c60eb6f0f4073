import ArgumentParser
import MusterCLI

/// The executable's root: it only names the commands.
@main
struct Muster: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "muster",
        abstract: "A control plane for fleets of services that run as Docker containers or Swarm services.",
        discussion: """
            Start the daemon with `muster serve`; the other commands talk to it at MUSTER_URL \
            (http://127.0.0.1:9000) with the key in MUSTER_API_KEY.
            """,
        version: Version.current,
        groupedSubcommands: [
            CommandGroup(name: "Running:", subcommands: [ServeCommand.self, DoctorCommand.self]),
            CommandGroup(
                name: "Looking:",
                subcommands: [
                    StatusCommand.self, ServicesCommand.self, PlanCommand.self, ActionsCommand.self,
                    DecisionsCommand.self, AuditCommand.self,
                ]),
            CommandGroup(
                name: "Acting:",
                subcommands: [
                    ApprovalsCommand.self, ActCommand.self, ScaleCommand.self, PauseCommand.self, ResumeCommand.self,
                    KillCommand.self,
                ]),
            CommandGroup(name: "Checking files:", subcommands: [PolicyCommand.self, RegistryCommand.self]),
        ])
}
