import FleetModel
import Foundation
import Testing

/// Instances of Muster on one fake fleet and one store, and what the tests ask of all of them together.
final class Cluster: Sendable {
    struct Plan: Sendable {
        /// `STATE_DB_URI`; nil for the embedded store, which has one instance.
        var store: String?
        var names = ["a", "b", "c"]
        var leaseSeconds = 3
        var registry: String
        var rules: String
        var flags: [String: String] = [:]
        /// What stands in front of an instance's command, and where its API is then.
        var place: @Sendable (String) -> (launcher: [String], address: String) = { _ in ([], "127.0.0.1") }
    }

    let scratch: Scratch
    let fleet: FakeFleet
    let record: RecordReader
    let instances: [Instance]

    init(_ plan: Plan) throws {
        scratch = try Scratch()
        fleet = try FakeFleet(scratch)
        record = RecordReader(fleet)
        var flags = plan.flags
        flags["LEADER_LEASE"] = String(plan.leaseSeconds)
        if let store = plan.store {
            flags["STATE_DB_URI"] = store
            flags["STATE_DB_POOL_SIZE"] = "3"
        }
        let common = flags
        let fleet = fleet
        instances = try plan.names.map { name in
            let place = plan.place(name)
            var flags = common
            if place.address != "127.0.0.1" { flags["ALLOW_OPEN_ACCESS"] = "1" }
            return try Instance(
                name, fleet: fleet, registry: plan.registry, rules: plan.rules, launcher: place.launcher,
                address: place.address, flags: flags)
        }
    }

    func start() async throws {
        for instance in instances { try instance.launch() }
        for instance in instances { try await serving(instance) }
    }

    func serving(_ instance: Instance, within seconds: Double = 60) async throws {
        try await eventually("\(instance.name) serves; its log ends\n\(instance.logTail)", within: seconds) {
            try await instance.get("/livez").status == 200 ? true : nil
        }
    }

    /// Runs `body` and ends all of it, whatever happened; what went wrong is said with the ends of the logs.
    func run(_ note: String, _ body: () async throws -> Void) async {
        do { try await body() } catch {
            let logs = instances.map { "\($0.name):\n\($0.logTail)" }.joined(separator: "\n")
            let record = (try? self.record.look().lines.suffix(12).map(\.description).joined(separator: "\n")) ?? ""
            Issue.record("\(note): \(error)\nthe end of the record:\n\(record)\nthe ends of the logs:\n\(logs)")
        }
        await end()
    }

    private func end() async {
        for instance in instances { await instance.end() }
        scratch.remove()
    }

    subscript(name: String) -> Instance? { instances.first { $0.name == name } }

    /// Any that answers.
    func anyone() async throws -> Instance {
        for instance in instances.shuffled() where instance.isRunning {
            if try await answers(instance) { return instance }
        }
        throw HarnessError("no instance answers")
    }

    private func answers(_ instance: Instance) async throws -> Bool {
        (try? await instance.get("/readyz").status) == 200
    }

    /// Who began a command last, and says itself that it leads.
    func leader() async throws -> (instance: Instance, epoch: Int)? {
        guard let newest = try record.newest(), let instance = self[newest.instance], instance.isRunning else {
            return nil
        }
        let metrics = try await instance.get("/metrics").body.string ?? ""
        return metrics.contains("\nmuster_leader 1") ? (instance, newest.epoch) : nil
    }

    /// The epoch under which a command was begun within the last second.
    func busyEpoch() async throws -> Int {
        try await eventually("a command is begun", within: 60) { () -> Int? in
            guard let newest = try record.newest(), Now.seconds - newest.seconds < 1 else { return nil }
            return newest.epoch
        }
    }

    /// The first command of a newer epoch.
    func firstCommand(after epoch: Int, within seconds: Double = 60) async throws -> Testimony {
        try await eventually(
            "a command of a newer epoch than \(epoch) is begun", within: seconds, every: .milliseconds(20)
        ) { () -> Testimony? in
            guard let newest = try record.newest(), newest.epoch > epoch else { return nil }
            return try record.look().begun.first { $0.epoch > epoch }
        }
    }

    /// All pages of a list, newest first.
    func all(_ name: String, of instance: Instance) async throws -> [JSONValue] {
        var items: [JSONValue] = []
        var query = "?limit=1000"
        while true {
            let answer = try await instance.get("/api/fleet/\(name)\(query)")
            guard answer.status == 200, let page = answer.body[name]?.array else {
                throw HarnessError("\(name) answered \(answer.status): \(answer.body.text)")
            }
            items += page
            guard let cursor = answer.body["next_cursor"]?.string else { return items }
            query = "?limit=1000&cursor=\(cursor)"
        }
    }
}

/// Breaks services and grants what is asked for through any instance that answers, until cancelled: work for whoever
/// leads, at every moment.
struct Traffic: Sendable {
    let cluster: Cluster
    /// Breaks containers; nil for those of the fake fleet.
    var kill: (@Sendable ([String]) async throws -> Void)?
    /// Restarted by rule.
    static let automatic = (0..<6).map { "auto-\($0)" }
    /// Restarted by consent.
    static let asked = (0..<4).map { "ask-\($0)" }
    /// Exchanged back and forth by the rollbacks that are asked for here: actions of several commands.
    static let exchanged = "swap"
    var pause = Duration.milliseconds(300)

    static let registry =
        (automatic + asked).map { "  - {name: \($0), image: \"img:1\"}" }.joined(separator: "\n")
        + "\n  - {name: \(exchanged), image: img}"

    /// Nothing here is to be held back by a budget; `Budgets` has the runs that are.
    static let rules = """
          - {kind: restart_service, target: "auto-*", tier: auto, rate_limit: {max: 10000, window_s: 60}, blast_radius: {max_targets: 1000, window_s: 60}}
          - {kind: rollback_service, target: "*", tier: auto, rate_limit: {max: 10000, window_s: 60}, blast_radius: {max_targets: 1000, window_s: 60}}
          - {kind: restart_service, target: "ask-*", tier: approval_required, rate_limit: {max: 10000, window_s: 60}, blast_radius: {max_targets: 1000, window_s: 60}}
        """

    func furnish() async throws {
        for name in Traffic.automatic + Traffic.asked { try await cluster.fleet.container(name, image: "img:1") }
        try await cluster.fleet.container(Traffic.exchanged, image: "img:2")
        try await cluster.fleet.container("\(Traffic.exchanged).muster-previous", image: "img:1", status: "exited")
        try cluster.fleet.setFaults(["rename sleep 60"])
    }

    func run() async {
        var turn = 0
        while !Task.isCancelled {
            let broken = [Traffic.automatic[turn % Traffic.automatic.count], Traffic.asked[turn % Traffic.asked.count]]
            try? await breakDown(broken)
            try? await grant()
            if turn % 5 == 0 { try? await exchange() }
            turn += 1
            try? await Task.sleep(for: pause)
        }
    }

    /// Something to do at this moment for whoever leads next.
    func breakSome() async throws { try await breakDown(Traffic.automatic) }

    private func breakDown(_ names: [String]) async throws {
        if let kill { try await kill(names) } else { try await cluster.fleet.kill(names) }
    }

    func grant() async throws {
        let instance = try await cluster.anyone()
        for approval in try await instance.list("approvals", "?status=pending&limit=100") {
            guard let id = approval["id"]?.string else { continue }
            _ = try await instance.approve(id)
        }
    }

    private func exchange() async throws {
        let instance = try await cluster.anyone()
        _ = try await instance.post(
            "/api/fleet/actions",
            ["kind": "rollback_service", "target": .string(Traffic.exchanged), "reason": "chaos"])
    }
}

/// Runs `body` with traffic beside it.
func withTraffic<Value: Sendable>(
    _ traffic: Traffic, _ body: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    let task = Task { await traffic.run() }
    do {
        let value = try await body()
        task.cancel()
        await task.value
        return value
    } catch {
        task.cancel()
        await task.value
        throw error
    }
}
