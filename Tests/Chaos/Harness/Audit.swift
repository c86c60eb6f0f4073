import FleetModel
import Foundation
import Testing

/// What must hold when the faults have stopped (reliability.md): the fleet converges, every action is final, and the
/// record, the journal and the ledger tell the same.
struct Audit: Sendable {
    let cluster: Cluster
    let traffic: Traffic
    let note: String

    /// Heals, then checks. What is open is granted until nothing is.
    func pass(within seconds: Double = 90) async throws {
        let instance = try await settled(within: seconds)
        let witness = try cluster.record.look()
        #expect(witness.doubles.isEmpty, "\(note): begun again: \(witness.doubles)")
        #expect(witness.outdated.isEmpty, "\(note): under an older epoch: \(witness.outdated)")
        #expect(witness.unfounded.isEmpty, "\(note): without action or epoch: \(witness.unfounded.prefix(5))")
        let actions = try await cluster.all("actions", of: instance)
        try await checkJournal(actions, witness, instance)
        try await checkChain(instance)
    }

    private func settled(within seconds: Double) async throws -> Instance {
        try await eventually(
            "\(note): all services run and every action is final", within: seconds, every: .milliseconds(200),
            upTo: .seconds(1)
        ) { () -> Instance? in
            try await traffic.grant()
            let instance = try await cluster.anyone()
            for state in ["planned", "executing", "unknown"] {
                guard try await instance.list("actions", "?state=\(state)&limit=1").isEmpty else { return nil }
            }
            for status in ["pending", "approved", "executing"] {
                guard try await instance.list("approvals", "?status=\(status)&limit=1").isEmpty else { return nil }
            }
            let plan = try await instance.get("/api/fleet/plan").body
            let isSynced = plan["proposals"] == .array([]) && plan["unknown"] == .array([])
            return isSynced ? instance : nil
        }
    }

    /// Both directions: what was done has an action that names it; what is said to have succeeded was done.
    private func checkJournal(_ actions: [JSONValue], _ witness: Witness, _ instance: Instance) async throws {
        var byAction: [String: [Testimony]] = [:]
        for line in witness.begun { byAction[line.action, default: []].append(line) }
        let known = Set(actions.compactMap { $0["id"]?.string })
        #expect(Set(byAction.keys).subtracting(known).isEmpty, "\(note): commands without an action")
        let decisions = try await cluster.all("decisions", of: instance)
        let decided = Set(decisions.compactMap { $0["id"]?.string })
        var consents: [String: Int] = [:]
        for action in actions {
            let id = action["id"]?.string ?? ""
            #expect(decided.contains(action["decision_id"]?.string ?? ""), "\(note): \(id) has no decision")
            if let approval = action["approval_id"]?.string { consents[approval, default: 0] += 1 }
            let begun = Set((byAction[id] ?? []).map(\.command))
            switch action["state"]?.string {
            case "succeeded":
                let recorded = commands(of: action)
                #expect(recorded.allSatisfy(begun.contains), "\(note): \(action.text) was not all done: \(begun)")
            case "cancelled": #expect(begun.isEmpty, "\(note): \(id) is cancelled and did \(begun)")
            default: break
            }
        }
        let twice = consents.filter { $0.value > 1 }
        #expect(twice.isEmpty, "\(note): one consent, several actions: \(twice)")
    }

    private func commands(of action: JSONValue) -> [String] {
        (action["commands"]?.array ?? []).map { command in
            (command.array ?? []).dropFirst().compactMap(\.string).joined(separator: " ")
        }
    }

    private func checkChain(_ instance: Instance) async throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Built.muster)
        process.arguments = ["audit", "verify"]
        process.environment = ["MUSTER_URL": instance.url, "HOME": cluster.scratch.folder.path, "NO_COLOR": "1"]
        process.standardOutput = FileHandle.nullDevice
        #expect(try await process.runToEnd() == 0, "\(note): the ledger's chain is broken")
    }
}
