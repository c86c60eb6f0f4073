import FleetModel
import Foundation
import PostgresFixture
import Testing

extension Chaos {
    /// Budgets are counted from the ledger, so whoever leads finds what the one before it has spent.
    @Suite(
        "no budget is overrun by three instances that lead in turn",
        .enabled(if: PostgresServer.isInstalled, "no Postgres server is installed"))
    struct Budgets {
        /// Targets whose last token is fought for in each failover.
        private static let abreast = 5
        private static let perTarget = 2
        private static let blastTargets = 5
        private static let faults: [Fault] = [.kill, .terminate, .stop, .resign]

        @Test("the last token, with a failover at the moment it is spent", .timeLimit(.minutes(120)))
        func lastToken() async throws {
            let races = Extent.cycles(ci: 50, long: 1000)
            let rounds = (races + Self.abreast - 1) / Self.abreast
            let (cluster, dsn) = try await cluster(rounds: rounds)
            await cluster.run("budget races") {
                try await cluster.start()
                for round in 0..<rounds { try await race(round, cluster, dsn: dsn) }
                let record = try cluster.record.look()
                let overruns = spent(record, prefix: "restart").filter { $0.value > Self.perTarget }
                #expect(overruns.isEmpty, "more than \(Self.perTarget) restarts: \(overruns)")
                let stopped = spent(record, prefix: "stop")
                #expect(stopped.count <= Self.blastTargets, "stopped \(stopped.count) targets: \(stopped)")
                #expect(record.doubles.isEmpty && record.outdated.isEmpty, "\(record.doubles) \(record.outdated)")
                Report.say(
                    "budgets: \(rounds * Self.abreast) races for the last of \(Self.perTarget) restarts in \(rounds) "
                        + "failovers, \(overruns.count) overruns; \(stopped.count) of at most \(Self.blastTargets) "
                        + "targets stopped, of \(rounds * 2) that should be")
            }
        }

        private func cluster(rounds: Int) async throws -> (Cluster, String) {
            let dsn = try await Databases.make(on: Databases.server())
            var lines: [String] = []
            for round in 0..<rounds {
                lines += names(round).map { "  - {name: \($0), image: \"img:1\"}" }
                lines += unwanted(round).map { "  - {name: \($0), image: \"img:1\", desired: stopped}" }
            }
            let rules = """
                  - {kind: restart_service, target: "race-*", tier: auto, rate_limit: {max: \(Self.perTarget), window_s: 86400}, blast_radius: {max_targets: 1000, window_s: 3600}}
                  - {kind: stop_service, target: "gone-*", tier: auto, rate_limit: {max: 5, window_s: 3600}, blast_radius: {max_targets: \(Self.blastTargets), window_s: 86400}}
                """
            let cluster = try Cluster(
                Cluster.Plan(
                    store: dsn, leaseSeconds: FaultRun.lease, registry: lines.joined(separator: "\n"), rules: rules))
            for round in 0..<rounds {
                for name in names(round) { try await cluster.fleet.container(name, image: "img:1") }
            }
            return (cluster, dsn)
        }

        private func names(_ round: Int) -> [String] { (0..<Self.abreast).map { "race-\(round)-\($0)" } }
        private func unwanted(_ round: Int) -> [String] { (0..<2).map { "gone-\(round)-\($0)" } }

        /// Spends all tokens but one, then lets the last one be spent while the leader fails.
        private func race(_ round: Int, _ cluster: Cluster, dsn: String) async throws {
            let names = names(round)
            let ids = Dictionary(
                uniqueKeysWithValues: cluster.fleet.containers.filter { names.contains($0.name) }.map {
                    ($0.id, $0.name)
                })
            let count = { (record: Witness) in
                record.begun.filter { line in line.verb == "restart" && ids.keys.contains { line.command.hasSuffix($0) }
                }
                .count
            }
            try await cluster.fleet.kill(names)
            try await eventually("each of \(names) was restarted once", within: 60) {
                try count(cluster.record.look()) >= names.count ? true : nil
            }
            let (leader, epoch) = try await eventually("somebody leads", within: 60) { try await cluster.leader() }
            try await cluster.fleet.kill(names)
            for name in unwanted(round) { try await cluster.fleet.container(name, image: "img:1") }
            let fault = Self.faults[round % Self.faults.count]
            try await fault.inflict(on: leader, dsn: dsn)
            try await eventually("a later epoch than \(epoch) has denied all of \(names)", within: 60) { () -> Bool? in
                // Whatever was restarted breaks again: the tokens are asked for until they are refused.
                try await cluster.fleet.kill(names)
                let decisions = try await cluster.anyone().list("decisions", "?state=deny&limit=1000")
                let denied = Set(decisions.compactMap { $0["target"]?.string })
                return denied.isSuperset(of: names) ? true : nil
            }
            try await fault.heal(leader, cluster)
        }

        /// Commands begun of one verb, by what they name last.
        private func spent(_ record: Witness, prefix: String) -> [String: Int] {
            var spent: [String: Int] = [:]
            for line in record.begun where line.verb == prefix {
                spent[String(line.command.split(separator: " ").last ?? ""), default: 0] += 1
            }
            return spent
        }
    }
}
