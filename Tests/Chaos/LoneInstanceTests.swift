import FleetModel
import Foundation
import Testing

/// The embedded store has one owner: it dies and is started again while approvals flow.
@Suite("a lone instance that is killed again and again keeps every invariant", .serialized)
struct LoneInstanceTests {
    @Test("kill -9 and start anew, with work under way", .timeLimit(.minutes(30)))
    func kill() async throws {
        let cycles = Extent.cycles(ci: 10, long: 1000)
        let cluster = try Cluster(
            Cluster.Plan(store: nil, names: ["a"], registry: Traffic.registry, rules: Traffic.rules))
        let traffic = Traffic(cluster: cluster)
        do {
            try await traffic.furnish()
            try await cluster.start()
            let back = try await withTraffic(traffic) {
                var back = Sample()
                for _ in 0..<cycles { back.add(try await killOnce(cluster, traffic)) }
                return back
            }
            try await Audit(cluster: cluster, traffic: traffic, note: "kill -9, alone").pass()
            Report.say("kill -9 of a lone instance, to its next command: \(back)")
        } catch {
            Issue.record("\(error)\n\(cluster.instances[0].logTail)")
        }
        await cluster.end()
    }

    private func killOnce(_ cluster: Cluster, _ traffic: Traffic) async throws -> Double {
        let instance = cluster.instances[0]
        let epoch = try await eventually("a command is begun", within: 30) { () -> Int? in
            guard let newest = try cluster.record.newest(), Now.seconds - newest.seconds < 1 else { return nil }
            return newest.epoch
        }
        instance.signal(SIGKILL)
        let fault = Now.seconds
        try await instance.ended()
        try instance.launch()
        try await traffic.breakSome()
        let next = try await eventually("a command of the next epoch is begun", within: 60) { () -> Testimony? in
            guard let newest = try cluster.record.newest(), newest.epoch > epoch else { return nil }
            return try cluster.record.look().begun.first { $0.epoch > epoch }
        }
        return next.seconds - fault
    }
}

/// How long a run is.
enum Extent {
    /// `CHAOS=long` runs the counts of issue 3, `CHAOS_CYCLES` a number of one's own, else those of CI.
    static func cycles(ci: Int, long: Int) -> Int {
        let environment = ProcessInfo.processInfo.environment
        if let own = environment["CHAOS_CYCLES"].flatMap({ Int($0) }) { return own }
        return environment["CHAOS"] == "long" ? long : ci
    }
}

/// The figures, where a reader of the test's output finds them.
enum Report {
    static func say(_ line: String) { print("chaos: \(line)") }
}
