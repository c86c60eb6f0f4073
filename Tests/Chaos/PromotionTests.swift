import FleetModel
import Foundation
import PostgresFixture
import Testing

extension Chaos {
    @Suite(
        "a promoted standby that lacks the last term is noticed, and nobody acts on what it forgot",
        .enabled(if: PostgresServer.isInstalled, "no Postgres server is installed"))
    struct Promotions {
        @Test("the standby lags by one epoch", .timeLimit(.minutes(120)))
        func lagging() async throws {
            let cycles = Extent.cycles(ci: 2, long: 20)
            var noticed = 0
            for cycle in 0..<cycles where await promote(cycle) { noticed += 1 }
            #expect(noticed == cycles)
            Report.say("promotions of a standby that lacks an epoch: \(cycles), noticed and held: \(noticed)")
        }

        private func promote(_ cycle: Int) async -> Bool {
            var servers: [PostgresServer] = []
            var isNoticed = false
            do {
                let primary = try await PostgresServer.start()
                servers = [primary]
                let dsn = try await Databases.make(on: primary)
                let standby = try await primary.standby()
                servers.append(standby)
                let both =
                    dsn.replacingOccurrences(
                        of: "127.0.0.1:\(primary.port)",
                        with: "127.0.0.1:\(primary.port),127.0.0.1:\(standby.port)")
                    + "?target_session_attrs=read-write"
                let cluster = try Cluster(
                    Cluster.Plan(
                        store: both, leaseSeconds: FaultRun.lease, registry: Traffic.registry, rules: Traffic.rules))
                let traffic = Traffic(cluster: cluster)
                await cluster.run("promotion \(cycle)") {
                    try await traffic.furnish()
                    try await cluster.start()
                    try await withTraffic(traffic) {
                        try await lose(primary, standby, dsn, cluster, traffic)
                    }
                    try await verify(cluster, traffic)
                    isNoticed = true
                }
            } catch {
                Issue.record("promotion \(cycle): \(error)")
            }
            for server in servers { await server.remove() }
            return isNoticed
        }

        /// The standby stands still while a new term begins and acts; then the primary is lost and the standby serves.
        private func lose(
            _ primary: PostgresServer, _ standby: PostgresServer, _ dsn: String, _ cluster: Cluster, _ traffic: Traffic
        ) async throws {
            _ = try await cluster.busyEpoch()
            try await standby.stop()
            _ = try await FaultRun.failover(.resign, cluster, traffic, dsn: dsn)
            _ = try await cluster.busyEpoch()
            try await primary.kill()
            try await standby.start()
            try await standby.promote()
        }

        private func verify(_ cluster: Cluster, _ traffic: Traffic) async throws {
            let promoted = Now.seconds
            let instance = try await eventually("a leader is there, by reason `promoted`", within: 60) {
                () -> Instance? in
                for instance in cluster.instances {
                    let topology = try await instance.get("/api/fleet/topology").body.text
                    if topology.contains("promoted"), topology.contains("1000000") { return instance }
                }
                return nil
            }
            try await traffic.breakSome()
            let metrics = try await eventually("a tick has been made under the hold", within: 30) { () -> String? in
                let plan = try await instance.get("/api/fleet/plan").body
                return (plan["held"]?.array?.count ?? 0) > 0 ? plan.text : nil
            }
            let early = try cluster.record.look().begun.filter { $0.seconds > promoted }
            #expect(early.isEmpty, "begun before a person has looked: \(early); the plan is \(metrics)")

            let lifted = try await instance.post("/api/fleet/resume", ["scope": "fleet"])
            #expect(lifted.status == 200, "\(lifted.body.text)")
            let next = try await cluster.firstCommand(after: 999_999)
            #expect(next.epoch >= 1_000_000)
            let record = try cluster.record.look()
            #expect(record.outdated.isEmpty && record.doubles.isEmpty, "\(record.outdated) \(record.doubles)")
        }
    }
}
