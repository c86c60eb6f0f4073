import FleetModel
import Foundation
import PostgresFixture
import Testing

extension Chaos {
    @Suite(
        "a leader that is cut off from the database, in either direction, is replaced and does nothing more",
        .enabled(if: PostgresServer.isInstalled, "no Postgres server is installed"))
    struct Partitions {
        private static let lease = 3

        @Test(
            "packets dropped in its network namespace", .timeLimit(.minutes(120)),
            .enabled(if: Namespaces.obstacle == nil, Comment(rawValue: Namespaces.obstacle ?? "")))
        func partitions() async throws {
            let cycles = Extent.cycles(ci: 5, long: 100)
            let spaces = try await Namespaces(["a", "b", "c"])
            do {
                let server = try await Self.server(for: spaces)
                await carryOut(cycles: cycles, spaces, server)
                await server.remove()
            } catch {
                Issue.record("\(error)")
            }
            await spaces.remove()
        }

        /// Listens on the bridge too, and trusts those on it.
        private static func server(for spaces: Namespaces) async throws -> PostgresServer {
            let server = try await PostgresServer.start(settings: ["listen_addresses = '*'"])
            let rules = "local all all trust\nhost all all 127.0.0.1/32 trust\nhost all all \(spaces.host)/24 trust\n"
            try server.install("pg_hba.conf", Data(rules.utf8))
            try await server.execute("SELECT pg_reload_conf()")
            return server
        }

        private func carryOut(cycles: Int, _ spaces: Namespaces, _ server: PostgresServer) async {
            do {
                let dsn = try await Databases.make(on: server)
                let seen = dsn.replacingOccurrences(of: "127.0.0.1", with: spaces.host)
                let cluster = try Cluster(
                    Cluster.Plan(
                        store: seen, leaseSeconds: Self.lease, registry: Traffic.registry, rules: Traffic.rules,
                        place: { (spaces.launcher(for: $0), spaces.address(of: $0)) }))
                let traffic = Traffic(cluster: cluster)
                await cluster.run("partitions") {
                    try await traffic.furnish()
                    try await cluster.start()
                    let sample = try await withTraffic(traffic) {
                        var sample = Sample()
                        for cycle in 0..<cycles {
                            let direction = Namespaces.Direction.allCases[cycle % 3]
                            sample.add(
                                try await partition(direction, cluster, traffic, spaces, port: server.port))
                        }
                        return sample
                    }
                    try await Audit(cluster: cluster, traffic: traffic, note: "partitions").pass()
                    #expect(sample.quantile(0.99) <= Double(Self.lease) + 2, "half-open link: \(sample)")
                    Report.say("partition of the leader, to the next leader's first command: \(sample)")
                }
            } catch {
                Issue.record("\(error)")
            }
        }

        private func partition(
            _ direction: Namespaces.Direction, _ cluster: Cluster, _ traffic: Traffic, _ spaces: Namespaces, port: Int
        ) async throws -> Double {
            let (leader, epoch) = try await eventually("somebody leads and works", within: 60) {
                () -> (Instance, Int)? in
                _ = try await cluster.busyEpoch()
                return try await cluster.leader()
            }
            let start = Now.seconds
            try await spaces.cut(leader.name, direction, port: port)
            try await traffic.breakSome()
            let next = try await cluster.firstCommand(after: epoch)
            // It stays cut off for as long again: whatever it would still do, it would do now.
            try await eventually("the old lease is long over", within: 30) {
                Now.seconds > start + 2 * Double(Self.lease) + 1 ? true : nil
            }
            let mended = Now.seconds
            try await spaces.mend(leader.name, direction, port: port)
            let late = try cluster.record.look().begun.filter {
                $0.instance == leader.name && $0.seconds > start + Double(Self.lease) && $0.seconds < mended
            }
            #expect(late.isEmpty, "\(direction): begun by \(leader.name), cut off, after its lease: \(late)")
            try await eventually("\(leader.name) is ready again; its log ends\n\(leader.logTail)", within: 60) {
                try await leader.get("/readyz").status == 200 ? true : nil
            }
            return next.seconds - start
        }
    }
}
