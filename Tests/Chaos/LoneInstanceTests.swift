import FleetModel
import Foundation
import Testing

extension Chaos {
    /// The embedded store has one owner: it dies and is started again while approvals flow.
    @Suite("a lone instance that is killed again and again keeps every invariant")
    struct LoneInstance {
        @Test("kill -9 and start anew, with work under way", .timeLimit(.minutes(120)))
        func kill() async throws {
            let cycles = Extent.cycles(ci: 10, long: 1000)
            let cluster = try Cluster(
                Cluster.Plan(store: nil, names: ["a"], registry: Traffic.registry, rules: Traffic.rules))
            let traffic = Traffic(cluster: cluster)
            await cluster.run("kill -9 of a lone instance") {
                try await traffic.furnish()
                try await cluster.start()
                let back = try await withTraffic(traffic) {
                    var back = Sample()
                    for _ in 0..<cycles { back.add(try await killOnce(cluster, traffic)) }
                    return back
                }
                try await Audit(cluster: cluster, traffic: traffic, note: "kill -9, alone").pass()
                Report.say("kill -9 of a lone instance, to its next command: \(back)")
            }
        }

        private func killOnce(_ cluster: Cluster, _ traffic: Traffic) async throws -> Double {
            let instance = cluster.instances[0]
            let epoch = try await cluster.busyEpoch()
            instance.signal(SIGKILL)
            let fault = Now.seconds
            try await instance.ended()
            try instance.launch()
            try await traffic.breakSome()
            return try await cluster.firstCommand(after: epoch).seconds - fault
        }
    }
}
