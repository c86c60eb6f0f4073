import ArgumentParser
import MusterCLI

/// `muster serve`: the daemon.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Run the daemon: the loop, the API and everything else in one process.",
        discussion: """
            Configured by environment variables and `config.json`; nothing needs to be set for a first start. \
            SIGTERM drains and ends within 10 s. Exits 78 on a bad configuration.
            """)

    func run() async throws {
        try await Daemon.run()
    }
}

/// Where the daemon is put together.
enum Daemon {
    /// Returns when the daemon has been asked to end and has drained.
    static func run() async throws {
        throw CommandError.local("this build has no daemon")
    }
}
