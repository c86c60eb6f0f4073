import ArgumentParser
import Foundation

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
        Memory.keepSmall()
        do {
            try await Daemon.run()
        } catch let refusal as StartRefusal {
            for line in refusal.lines { FileHandle.standardError.write(Data("muster: \(line)\n".utf8)) }
            throw ExitCode(refusal.status)
        }
    }
}

/// Why the daemon did not start: what is wrong, a line each, and the exit status.
struct StartRefusal: Error {
    /// EX_CONFIG of sysexits.h.
    static let badConfiguration: Int32 = 78

    var lines: [String]
    var status: Int32 = StartRefusal.badConfiguration
}
