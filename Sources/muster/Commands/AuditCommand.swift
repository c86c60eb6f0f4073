import ArgumentParser
import FleetModel
import MusterCLI

/// `muster audit verify`
struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Check the ledger of decisions.", subcommands: [Verify.self])

    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Walk the ledger's hash chain and compute every hash anew.",
            discussion: """
                Exits 2 and names the first bad entry when the chain does not hold. Keep the head that it prints: a \
                later run whose ledger does not contain it was cut at the end, which no chain can show by itself.
                """)

        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let client = try connection.client()
            var audit = LedgerAudit()
            var cursor: String?
            repeat {
                let query = [("limit", "1000")] + (cursor.map { [("cursor", $0)] } ?? [])
                let page = try await client.get("/api/fleet/decisions", query: query)
                guard let entries = page["decisions"]?.array else {
                    throw CommandError.local("the answer has no `decisions`")
                }
                audit.add(entries)
                cursor = entries.isEmpty ? nil : page["next_cursor"]?.string
            } while cursor != nil
            try report(audit.finding())
        }

        private func report(_ finding: LedgerAudit.Finding) throws {
            switch finding {
            case .intact(let entries, let head):
                output.show(["status": "intact", "entries": .integer(entries), "head": .string(head)]) { _, context in
                    [context.terminal.styled("intact: \(entries) entries", .good), "head \(head)"]
                }
            case .broken(let sequence, let problem):
                output.show(["status": "broken", "sequence": .integer(sequence), "problem": .string(problem)]) {
                    [$1.terminal.styled("broken at entry \(sequence): \(problem)", .bad)]
                }
                throw ExitCode(ExitStatus.chainBroken)
            }
        }
    }
}
