import ControlPlane
import FleetModel

/// People ask any process for anything, at any time. Unchecked: as `World`.
final class People: @unchecked Sendable {
    unowned var world: World!
    private static let names = ["ana", "ben", "cleo"]
    private static let kinds: [ActionKind] = [.restartService, .stopService, .scaleService, .deployService]

    /// Somebody does something somewhere.
    func act() {
        switch world.random.below(20) {
        case 0..<10: voteOnAny(chanceOfNo: 120)
        case 10..<14: propose()
        case 14..<16: hold()
        case 16, 17: resume()
        case 18: kill()
        default: reload()
        }
    }

    private func name() -> String { Self.names[world.random.below(3)] }
    private func service() -> String { ["api", "db", "job", "web"][world.random.below(4)] }

    private func anyLife() -> Life? {
        let lives = world.lives.compactMap { $0 }
        return lives.isEmpty ? nil : lives[world.random.below(lives.count)]
    }

    /// Through one process, which may be dead before it answers.
    private func ask(_ what: String, _ body: @escaping @Sendable (ControlPlane) async -> String) {
        guard let life = anyLife(), let control = life.control else { return }
        let world: World = world
        world.note("a person asks \(life.name): \(what)", code: what.utf8.count)
        life.during {
            Task {
                let answer = await body(control)
                if !life.isDead { world.note("\(life.name) answers \(what): \(answer)") }
            }
        }
    }

    func voteOnAny(chanceOfNo: Int) {
        let store = world.store
        // Also one that is over, as a page shows it that was not loaded anew.
        guard !store.openApprovals.isEmpty else { return }
        let id = store.openApprovals[world.random.below(store.openApprovals.count)]
        vote(id, world.random.chance(chanceOfNo) ? .denied : .approved, by: name())
    }

    func vote(_ id: String, _ decision: VoteDecision, by person: String) {
        ask("\(person) \(decision.rawValue) \(id)") { control in
            do throws(ControlError) {
                return try await control.vote(approvalID: id, decision, by: person, note: nil).status.rawValue
            } catch { return "\(error)" }
        }
    }

    func propose() {
        let kind = Self.kinds[world.random.below(4)]
        var params = JSONObject()
        if kind == .scaleService { params["replicas"] = .integer(1 + world.random.below(4)) }
        let target = kind == .scaleService ? "web" : service()
        if kind == .deployService { params["image"] = .string("example/\(target):\(1 + world.random.below(2))") }
        propose(kind, target, params)
    }

    func propose(_ kind: ActionKind, _ target: String, _ params: JSONObject = JSONObject()) {
        let request = ManualRequest(
            kind: kind.rawValue, target: target, params: params, reason: "asked for", requestedBy: name())
        ask("\(request.requestedBy) proposes \(kind) \(target)") { control in
            do throws(ControlError) { return try await control.propose(request).canonical } catch { return "\(error)" }
        }
    }

    private func scope() -> Hold.Scope {
        switch world.random.below(8) {
        case 0: .fleet
        case 1: .domain("core")
        default: .service(service())
        }
    }

    private func hold() {
        let until = world.random.chance(500) ? world.wallTime.adding(seconds: 5 + world.random.below(20)) : nil
        let hold = Hold(scope: scope(), reason: "hands off", by: name(), at: world.wallTime, until: until)
        ask("pause \(hold.scope)") { control in
            do throws(ControlError) { return try await control.pause(hold).canonical } catch { return "\(error)" }
        }
    }

    private func resume() {
        guard let scope = world.store.holds.first?.scope else { return }
        let person = name()
        ask("resume \(scope)") { control in
            do throws(ControlError) { return try await control.resume(scope, by: person).canonical } catch {
                return "\(error)"
            }
        }
    }

    private func kill() {
        let hold = Hold(scope: .service(service()), reason: "kill", by: name(), at: world.wallTime)
        ask("kill \(hold.scope)") { control in
            do throws(ControlError) { return try await control.kill(hold).canonical } catch { return "\(error)" }
        }
    }

    private func reload() {
        switch world.random.below(3) {
        case 0: world.files.write(policy: world.random.below(4))
        case 1: world.files.garble(world.random.chance(500))
        default: world.files.write(registry: world.random.below(4))
        }
        world.note("files are now \(world.files.desired.value.digest), \(world.files.policy.value.digest)")
    }

    /// All holds are lifted, and every open question is answered with yes.
    func calmDown() {
        for hold in world.store.holds {
            ask("resume \(hold.scope)") { control in
                do throws(ControlError) { return try await control.resume(hold.scope, by: "ana").canonical } catch {
                    return "\(error)"
                }
            }
        }
        for id in world.store.openApprovals {
            guard let approval = world.store.approvals[id], approval.status == .pending else { continue }
            let voted = approval.votes.map(\.by)
            if let person = Self.names.first(where: { $0 != approval.proposal.requestedBy && !voted.contains($0) }) {
                vote(id, .approved, by: person)
            }
        }
    }
}
