import ArgumentParser
import FleetModel
import MusterCLI

/// `muster scale`
struct ScaleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scale", abstract: "How the load decides on replicas.", subcommands: [ScaleExplainCommand.self])
}

/// `muster scale explain SERVICE`
struct ScaleExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "The arithmetic and each guard of one service; changes nothing.")

    @Argument(help: "A service with a `scaling:` block.")
    var service: String

    @Option(name: .long, help: "Suppose that the signal had this value.")
    var value: Double?

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard Names.isServiceName(service) else { throw ValidationError("`\(service)` is not a service's name") }
        if let value, !value.isFinite || value < 0 {
            throw ValidationError("`--value \(value)`: expected a number of at least 0")
        }
    }

    func run() async throws {
        let answer = try await connection.client().get(
            "/api/fleet/services/\(APIClient.encoded(service))/scaling/explain",
            query: value.map { [("value", JSONValue.number($0).text)] } ?? [])
        output.show(answer, ScalingViews.explanation)
    }
}
