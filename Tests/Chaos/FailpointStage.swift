import Actuators
import FleetModel

/// One cell of the matrix, set up: a fleet in which the kind is called for, and the daemon on it.
struct FailpointStage: Sendable {
    let cell: Cell
    let fleet: FakeFleet
    let target = "svc"
    private let registry: String

    init(_ cell: Cell, _ scratch: Scratch) async throws {
        self.cell = cell
        fleet = try FakeFleet(scratch)
        registry = try await FailpointStage.furnish(fleet, cell, target)
        try fleet.setFaults([])
    }

    /// Puts there what makes the kind be asked for; answers the registry.
    private static func furnish(_ fleet: FakeFleet, _ cell: Cell, _ name: String) async throws -> String {
        switch cell.kind.kind {
        case .restartService:
            try await fleet.container(name, image: "img:1", status: "exited")
            return "  - {name: \(name), image: \"img:1\"}"
        case .scaleService:
            try await fleet.service(name, image: "img:1", replicas: 1)
            return "  - {name: \(name), image: \"img:1\", runtime: swarm, replicas: 3}"
        case .deployService:
            try await fleet.container(name, image: "img:1")
            return "  - {name: \(name), image: img, version: \"2\"}"
        case .rollbackService:
            try await fleet.container(name, image: "img:2")
            try await fleet.container("\(name).muster-previous", image: "img:1", status: "exited")
            return "  - {name: \(name), image: img}"
        case .stopService:
            try await fleet.container(name, image: "img:1")
            return "  - {name: \(name), image: \"img:1\", desired: stopped}"
        default:
            for part in ["a", "b"] {
                try await fleet.container(
                    "\(name)-\(part)", image: "img:1",
                    labels: ["com.docker.compose.project=\(name)", "com.docker.compose.service=\(part)"])
            }
            return "  - {name: \(name)-a, image: \"img:1\"}\n  - {name: \(name)-b, image: \"img:1\"}"
        }
    }

    func instance(_ name: String, flags: [String: String]) throws -> Instance {
        try Instance(name, fleet: fleet, registry: registry, flags: flags)
    }

    /// Lets the exchange fail at its last command, where the point lies in the undoing of one.
    func arrangeFailure() throws {
        var faults: [String] = []
        if [.beforeUndo, .betweenUndo, .afterUndo].contains(cell.point) {
            let kept = "\(target).muster-previous"
            faults.append("start fail \(cell.kind.kind == .deployService ? target : try id(of: kept))")
        }
        if cell.isAtShutdown { faults.append("\(cell.kind.firstVerb) sleep 700") }
        try fleet.setFaults(faults)
    }

    private func id(of name: String) throws -> String {
        let found = fleet.containers.first { $0.name == name }?.id
        guard let found else { throw HarnessError("there is no container `\(name)`") }
        return found
    }

    // MARK: - Asking and granting

    /// The approval, asked for by the loop or by us. Nil while there is none; errors are those of a daemon that died.
    func approval(_ instance: Instance) async throws -> JSONValue? {
        let all = try await instance.list("approvals")
        let mine = all.filter { $0["kind"]?.string == cell.kind.kind.rawValue }
        if mine.isEmpty, cell.kind.isManual {
            _ = try await instance.post(
                "/api/fleet/actions",
                ["kind": .string(cell.kind.kind.rawValue), "target": .string(target), "reason": "chaos"])
        }
        return mine.last
    }

    /// Asks and grants as a person would who does not give up, until `isDone`.
    func drive(_ instance: Instance, within seconds: Double, until isDone: () async throws -> Bool) async throws {
        try await eventually(
            "driven to its end; its log ends\n\(instance.logTail)", within: seconds, every: .milliseconds(100),
            upTo: .seconds(1)
        ) { () -> Bool? in
            if try await isDone() { return true }
            guard instance.isRunning else { return nil }
            for approval in try await instance.list("approvals", "?status=pending") {
                guard let id = approval["id"]?.string else { continue }
                _ = try await instance.approve(id)
            }
            _ = try await approval(instance)
            return nil
        }
    }

    /// The kind's actions, oldest first.
    func actions(_ instance: Instance) async throws -> [JSONValue] {
        try await instance.list("actions").filter { $0["kind"]?.string == cell.kind.kind.rawValue }.reversed()
    }
}
