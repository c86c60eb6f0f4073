import FleetModel
import Foundation
import PostgresFixture
import Testing

extension Chaos {
    @Suite(
        "while the database is away nobody acts, and when it is back work goes on",
        .enabled(if: PostgresServer.isInstalled, "no Postgres server is installed"))
    struct Outages {
        private static let lease = 3

        @Test("the server is stopped at once and started again", .timeLimit(.minutes(120)))
        func restarts() async throws {
            let cycles = Extent.cycles(ci: 10, long: 200)
            let server = try await PostgresServer.start()
            let dsn = try await Databases.make(on: server)
            let cluster = try Cluster(
                Cluster.Plan(store: dsn, leaseSeconds: Self.lease, registry: Traffic.registry, rules: Traffic.rules))
            let traffic = Traffic(cluster: cluster)
            await cluster.run("restarts of Postgres") {
                try await traffic.furnish()
                try await cluster.start()
                let back = try await withTraffic(traffic) {
                    var back = Sample()
                    for cycle in 0..<cycles {
                        // Every second time for longer than the lease.
                        let pause = cycle % 2 == 0 ? 0 : Self.lease + 2
                        back.add(try await outage(of: server, seconds: pause, cluster, traffic))
                    }
                    return back
                }
                try await Audit(cluster: cluster, traffic: traffic, note: "restarts of Postgres").pass()
                Report.say("restart of Postgres, from its return to the next command: \(back)")
            }
            await server.remove()
        }

        /// Answers the time from the server's return to the next command.
        private func outage(
            of server: PostgresServer, seconds: Int, _ cluster: Cluster, _ traffic: Traffic
        ) async throws -> Double {
            _ = try await cluster.busyEpoch()
            let gone = Now.seconds
            try await server.stop(immediately: true)
            try await eventually("the outage has lasted", within: Double(seconds) + 30) {
                Now.seconds >= gone + Double(seconds) ? true : nil
            }
            let ended = cluster.instances.filter { !$0.isRunning }.map(\.name)
            #expect(ended.isEmpty, "a process ended because its database did")
            let back = Now.seconds
            try await server.start()
            try await traffic.breakSome()
            let next = try await eventually("work goes on", within: 60) { () -> Testimony? in
                try cluster.record.look().begun.first { $0.seconds > back }
            }
            let late = try cluster.record.look().begun.filter {
                $0.seconds > gone + Double(Self.lease) && $0.seconds < back
            }
            #expect(late.isEmpty, "begun without a database, after the lease: \(late)")
            return next.seconds - back
        }
    }
}
