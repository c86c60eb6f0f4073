import FleetModel
import Reconciler
import Testing

/// Promises that hold for every fleet; each seed is one fleet with its history.
@Suite struct PlanPropertyTests {
    private func plan(_ fleet: RandomFleet, at time: WallTime = now) -> Plan {
        Reconciler.plan(desired(fleet.services), snapshot(fleet.observations, at: time), fleet.history, now: time)
    }

    @Test("every service has exactly one outcome, and every proposal is some service's outcome", arguments: 0..<100)
    func oneOutcomeEach(_ seed: UInt64) {
        let fleet = RandomFleet(seed: seed)
        let plan = plan(fleet)
        #expect(plan.outcomes.count == fleet.services.count)
        var proposed: [Int] = []
        for (service, outcome) in zip(desired(fleet.services).services, plan.outcomes) {
            guard case .proposed(let index) = outcome else { continue }
            proposed.append(index)
            #expect(plan.proposals[index].target == service.name)
        }
        #expect(proposed == Array(plan.proposals.indices))
    }

    @Test("nothing is proposed for what is held, unknown or waiting", arguments: 0..<100)
    func noEvidenceNoAction(_ seed: UInt64) {
        let fleet = RandomFleet(seed: seed)
        let seen = snapshot(fleet.observations)
        for proposal in plan(fleet).proposals {
            let spec = desired(fleet.services)[proposal.target]
            #expect(fleet.history.holds.hold(service: proposal.target, domain: spec?.domain) == nil)
            #expect(fleet.history.openActions[proposal.target] == nil)
            let observation = seen[proposal.target]
            #expect(observation != nil)
            #expect(observation?.condition.word != "unknown")
            if let finishedAt = fleet.history.lastActions[proposal.target]?.finishedAt, let observation {
                #expect(observation.since > finishedAt)
            }
            guard proposal.kind != .stopService else { continue }
            for name in spec?.dependsOn ?? [] { #expect(seen[name]?.condition == .up) }
        }
    }

    @Test("proposals are sorted, their keys unique, and the same input gives the same plan", arguments: 0..<100)
    func sortedAndStable(_ seed: UInt64) {
        let fleet = RandomFleet(seed: seed)
        var generator = SeededGenerator(seed: seed)
        var shuffled = fleet
        shuffled.services.shuffle(using: &generator)
        shuffled.observations.shuffle(using: &generator)
        let (first, second) = (plan(fleet), plan(shuffled))
        let keys = first.proposals.map(\.key)
        #expect(keys == keys.sorted())
        #expect(Set(keys).count == keys.count)
        #expect(first.proposals == second.proposals)
        #expect(first.outcomes == second.outcomes)
        #expect(first.underway == second.underway)
    }

    @Test("an empty snapshot proposes nothing at all", arguments: 0..<20)
    func emptySnapshot(_ seed: UInt64) {
        var fleet = RandomFleet(seed: seed)
        fleet.observations = []
        let plan = plan(fleet)
        #expect(plan.proposals.isEmpty)
        #expect(plan.underway.isEmpty)
    }

    @Test("an empty registry proposes nothing at all", arguments: 0..<20)
    func emptyRegistry(_ seed: UInt64) {
        var fleet = RandomFleet(seed: seed)
        fleet.services = []
        let plan = plan(fleet)
        #expect(plan.outcomes.isEmpty)
        #expect(plan.proposals.isEmpty)
    }

    /// Carrying out everything proposed, over and over, comes to rest: a service takes a restart, a deploy and a
    /// scale at most, and services wait for each other at most as deep as the chain of dependencies.
    @Test("what is proposed mends what it is proposed for, and the fleet comes to rest", arguments: 0..<100)
    func converges(_ seed: UInt64) {
        var fleet = RandomFleet(seed: seed)
        fleet.history = History()
        var time = now
        var kinds: [String: [ActionKind]] = [:]
        for _ in 0..<4 * fleet.services.count {
            let plan = plan(fleet, at: time)
            if plan.proposals.isEmpty { break }
            for proposal in plan.proposals {
                kinds[proposal.target, default: []].append(proposal.kind)
                time = time.adding(seconds: 1)
                fleet.history.lastActions[proposal.target] = action(proposal, state: .succeeded, finishedAt: time)
                time = time.adding(seconds: 1)
                fleet.carryOut(proposal, at: time)
            }
        }
        #expect(plan(fleet, at: time).proposals.isEmpty)
        for (target, kinds) in kinds { #expect(Set(kinds).count == kinds.count, "\(target): \(kinds)") }
    }
}

/// A fleet of every kind of service, seen in every kind of condition, with holds and actions on some.
struct RandomFleet {
    var services: [ServiceSpec] = []
    var observations: [Observation] = []
    var history = History()

    init(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let count = Int.random(in: 0...60, using: &generator)
        for index in 0..<count {
            let spec = Self.spec("s\(index)", before: index, &generator)
            services.append(spec)
            guard Int.random(in: 0..<10, using: &generator) > 0 else { continue }
            observations.append(Self.observation(spec, &generator))
        }
        observations += ["a", "s", "t1"].map { container(.down(.dead), $0) }
        addHistory(&generator)
    }

    private static func spec(_ name: String, before index: Int, _ generator: inout SeededGenerator) -> ServiceSpec {
        func pick(_ range: Range<Int>) -> Int { Int.random(in: range, using: &generator) }
        return service(
            name, image: pick(0..<8) == 0 ? nil : "example/\(name):2",
            runtime: [nil, nil, .container, .container, .swarm, .swarm, Runtime.none][pick(0..<7)],
            desired: pick(0..<5) == 0 ? .stopped : .running, replicas: [nil, nil, 0, 1, 1, 3][pick(0..<6)],
            version: pick(0..<2) == 0 ? "2" : nil, domain: ["data", "web", nil][pick(0..<3)],
            dependsOn: index > 0 && pick(0..<4) == 0 ? ["s\(pick(0..<index))"] : [],
            scaling: pick(0..<5) == 0 ? (pick(0..<2), pick(2..<5)) : nil)
    }

    private static func observation(_ spec: ServiceSpec, _ generator: inout SeededGenerator) -> Observation {
        func pick(_ range: Range<Int>) -> Int { Int.random(in: range, using: &generator) }
        let conditions: [Condition] = [
            .up, .up, .up, .absent, .unknown(.starting), .unknown(.sourceFailed(.docker, "x")),
            .down(.exited(code: 1)), .down(.paused), .down(.unhealthy), .down(.created), .down(.restarting(code: 1)),
            .down(.probeFailed("refused")), .down(.event("alert")), .down(.outOfMemory(code: 137)),
        ]
        let condition = conditions[pick(0..<conditions.count)]
        let image = ["example/\(spec.name):2", "example/\(spec.name):1", "example/\(spec.name)", "!"][pick(0..<4)]
        if condition == .absent { return absent(spec.name) }
        switch pick(0..<10) {
        case 0: return probed(condition, spec.name)
        case 1..<(spec.runtime == .swarm ? 9 : 3):
            let wanted = pick(0..<4)
            let swarmCondition: Condition =
                wanted == 0
                ? .down(.scaledToZero) : condition.word == "down" ? .down(.noTaskRunning(wanted: wanted)) : condition
            return swarm(swarmCondition, spec.name, image: image, running: 0, wanted: wanted)
        default: return container(condition, spec.name, image: image)
        }
    }

    private mutating func addHistory(_ generator: inout SeededGenerator) {
        history.holds = HoldSet(
            Int.random(in: 0..<3, using: &generator) == 0
                ? [Hold(scope: .domain("web"), reason: "r", by: "ada", at: now)] : [], at: now)
        for service in services where Int.random(in: 0..<6, using: &generator) == 0 {
            let proposal = Proposal(kind: .restartService, target: service.name, source: .reconciler, reason: "")
            let states: [ActionState] = [.planned, .executing, .unknown, .succeeded, .failed]
            let state = states[Int.random(in: 0..<5, using: &generator)]
            if state.isOpen || state == .unknown {
                history.openActions[service.name] = action(proposal, state: state)
            } else {
                let finishedAt = now.adding(seconds: Int.random(in: -2...2, using: &generator))
                history.lastActions[service.name] = action(proposal, state: state, finishedAt: finishedAt)
            }
        }
    }

    /// What docker would show afterwards.
    mutating func carryOut(_ proposal: Proposal, at time: WallTime) {
        guard let index = observations.firstIndex(where: { $0.service == proposal.target }) else { return }
        var seen = observations[index]
        seen.at = time
        seen.since = time
        switch proposal.kind {
        case .restartService:
            seen.condition = .up
        case .stopService:
            seen.condition = seen.runtime == .swarm ? .down(.scaledToZero) : .down(.exited(code: 0))
            seen.replicas?.wanted = 0
        case .scaleService:
            let replicas = proposal.params["replicas"]?.integer ?? -1
            seen.replicas?.wanted = replicas
            seen.condition = replicas == 0 ? .down(.scaledToZero) : .up
        default:
            seen.condition = .up
            seen.image = proposal.params["image"]?.string
            if proposal.params["create"] != nil {
                let isSwarm = services.first { $0.name == proposal.target }?.runtime == .swarm
                let replicas = proposal.params["replicas"]?.integer ?? 1
                seen =
                    isSwarm
                    ? swarm(
                        replicas == 0 ? .down(.scaledToZero) : .up, seen.service, image: seen.image ?? "",
                        running: replicas, wanted: replicas, at: time)
                    : container(.up, seen.service, image: seen.image ?? "", at: time)
            }
        }
        observations[index] = seen
    }
}
