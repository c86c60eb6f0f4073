import ControlPlane
import FleetModel
import Leadership
import Store

/// One seed from the beginning to the rest after all faults.
struct Run {
    var seed: UInt64
    var steps: Int
    var plant: Plant?
    var isTraced = false

    struct Result {
        var violation: Violation?
        var digest: UInt64
        var steps: Int
        var dispatches: Int
        var elections: Int
        var trace: [String]
    }

    /// How long the world may take to come to rest, in microseconds.
    private static let patience: Int64 = 300_000_000

    func run() -> Result {
        let world = World(seed: seed, plant: plant, isTraced: isTraced)
        for index in 0..<(world.random.chance(300) ? 2 : 3) { world.start(index) }
        while world.steps < steps, world.violation == nil { world.step() }
        if world.violation == nil { settle(world) }
        if world.violation == nil { world.checks.atEnd() }
        let result = Result(
            violation: world.violation, digest: world.digest, steps: world.steps,
            dispatches: world.checks.dispatchCount, elections: world.seat.row?.epoch ?? 0, trace: world.trace ?? [])
        world.end()
        return result
    }

    private func settle(_ world: World) {
        world.heal()
        let deadline = world.now + Self.patience
        var nextVisit = world.now
        var hasAsked = false
        let begun = world.now
        while world.violation == nil {
            world.step()
            if world.steps > steps + 50_000 { world.fail("progress", "time stands still") }
            guard world.now >= nextVisit else { continue }
            nextVisit = world.now + 3_000_000
            world.people.calmDown()
            // Long enough after the faults that somebody leads.
            if !hasAsked, world.now - begun > 25_000_000 {
                hasAsked = true
                world.people.propose(.restartService, "db")
            }
            if world.now - begun > 38_000_000 { checkAnswers(world) }
            if hasAsked, world.now - begun > 40_000_000, unsettled(world) == nil { return }
            if world.now > deadline {
                world.fail("everything comes to rest when faults stop", unsettled(world) ?? "")
            }
        }
    }

    /// What was taken down by a follower is answered soon where somebody leads without a break.
    private func checkAnswers(_ world: World) {
        guard world.lives.compactMap({ $0?.elector?.standing.tenure }).count == 1 else { return }
        let calm = world.wallTime.adding(seconds: -12)
        for submission in world.store.submissions
        where submission.answer == nil && submission.at < calm && !world.isSkewed {
            world.fail("what a person asks is taken up", "\(submission.id) waits for an answer since \(submission.at)")
        }
    }

    /// Nil once all is as wanted and nothing is under way.
    private func unsettled(_ world: World) -> String? {
        for id in world.store.openActions {
            if let action = world.store.actions[id] { return "\(id) is \(action.state.rawValue)" }
        }
        for id in world.store.openApprovals {
            if let approval = world.store.approvals[id] { return "\(id) is \(approval.status.rawValue)" }
        }
        for spec in world.files.desired.value.services {
            guard let thing = world.docker.things[spec.name] else { return "\(spec.name) is lost" }
            if spec.desired == .stopped {
                if thing.isUp { return "\(spec.name) is up and is to be stopped" }
                continue
            }
            if !thing.isUp { return "\(spec.name) is \(thing.word)" }
            if let version = spec.version, !thing.image.hasSuffix(":\(version)") {
                return "\(spec.name) is \(thing.image)"
            }
            if let replicas = spec.replicas, thing.replicas != replicas {
                return "\(spec.name) has \(thing.replicas) of \(replicas)"
            }
        }
        return nil
    }
}
