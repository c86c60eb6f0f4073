import ArgumentParser
import Foundation
import MusterCLI

/// `muster doctor`
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Look at everything the daemon needs here, and say what to do.",
        discussion: "Changes nothing, shows no secret. Exits 1 when something fails; a warning is no failure.")

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let doctor = Doctor(
            environment: ProcessInfo.processInfo.environment, url: connection.url, now: Console.now)
        let findings = await doctor.examine()
        output.show(FindingsView.json(findings)) { _, context in FindingsView.lines(findings, on: context.terminal) }
        if FindingsView.worst(findings) == .fail { throw ExitCode(ExitStatus.failure) }
    }
}
