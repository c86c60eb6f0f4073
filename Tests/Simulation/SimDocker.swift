import Actuators
import ControlPlane
import FleetModel
import Store

/// The docker host, and the only one who knows what really runs and what was really done.
///
/// Unchecked: as `World`.
final class SimDocker: @unchecked Sendable {
    struct Thing {
        var name: String
        var runtime: Runtime
        var id: String
        var image: String
        var isUp: Bool
        var isThere: Bool
        var replicas: Int
        var startedAt: Int64

        var word: String { isThere ? isUp ? "up" : "down" : "absent" }
    }

    /// What a service was from then on.
    struct Moment {
        var at: Int64
        var word: String
    }

    /// How a command will go.
    enum Fate: String {
        case succeeds
        case refused
        case late = "times out, takes effect late"
        case lost = "times out, never takes effect"
        case lies = "answers well, does nothing"
        case lateLie = "answers badly, takes effect"
    }

    struct Command {
        var actionID: String
        var target: String
        var epoch: Int
        var fate: Fate
        var begunAt: Int64
        var tookEffect = false
    }

    unowned var world: World!
    var things: [String: Thing] = [:]
    var history: [String: [Moment]] = [:]
    var commands: [String: Command] = [:]
    private var nextID = 0

    static let timeoutSeconds = 4
    /// After so long a command that timed out has taken effect or never will.
    static let settledAfterSeconds = 14

    func begin() {
        for spec in world.files.desired.value.services {
            let isThere = world.random.chance(800)
            nextID += 1
            things[spec.name] = Thing(
                name: spec.name, runtime: spec.runtime ?? .container, id: "id\(nextID)",
                image: "example/\(spec.name):1",
                isUp: isThere && world.random.chance(700), isThere: isThere, replicas: spec.replicas ?? 1, startedAt: 0)
            remember(spec.name)
        }
    }

    private func remember(_ name: String) {
        guard let thing = things[name] else { return }
        history[name, default: []].append(Moment(at: world.now, word: thing.word))
    }

    /// Whether it was so at some time since then.
    func was(_ name: String, _ word: String, since: Int64) -> Bool {
        let moments = history[name] ?? []
        for (index, moment) in moments.enumerated() where moment.word == word {
            let end = index + 1 < moments.count ? moments[index + 1].at : Int64.max
            if end >= since { return true }
        }
        return false
    }

    func change(_ name: String, _ body: (inout Thing) -> Void) {
        guard var thing = things[name] else { return }
        body(&thing)
        things[name] = thing
        remember(name)
        world.note("docker \(name) is \(thing.word) \(thing.image) x\(thing.replicas)")
        for life in world.lives.compactMap({ $0 }) {
            if world.isFaulty, world.random.chance(200) { continue }
            world.after(world.random.between(1000, 300_000), for: life) {
                life.during { life.control.waker.wake(.dockerEvent) }
            }
        }
    }

    func newID() -> String {
        nextID += 1
        return "id\(nextID)"
    }

    // MARK: - Commands

    func fate() -> Fate {
        guard world.isFaulty else { return .succeeds }
        switch world.random.below(100) {
        case 0..<66: return .succeeds
        case 66..<74: return .refused
        case 74..<84: return .late
        case 84..<91: return .lost
        case 91..<96: return .lies
        default: return .lateLie
        }
    }

    /// A docker process was made for it: the one moment that counts as its dispatch.
    func run(_ action: Action, _ argv: [[String]], by life: Life, _ answer: @escaping (ActionOutcome) -> Void) {
        let fate = fate()
        world.note("\(life.name) RUNS \(argv.last ?? []) for \(action.id) epoch \(action.epoch): \(fate.rawValue)")
        world.checks.dispatched(action, argv, by: life)
        let begun = Command(
            actionID: action.id, target: action.proposal.target, epoch: action.epoch, fate: fate, begunAt: world.now)
        commands[action.id] = begun
        let soon = world.random.between(20_000, 1_500_000)
        let deadline = Int64(Self.timeoutSeconds) * 1_000_000
        let unknown = ActionOutcome(.unknown, "timed out", commands: argv)
        switch fate {
        case .succeeds:
            world.after(soon) { [self] in takeEffect(action) }
            world.after(soon + 1000, for: life) { answer(ActionOutcome(.succeeded, "done", commands: argv)) }
        case .refused, .lateLie:
            if fate == .lateLie { world.after(soon) { [self] in takeEffect(action) } }
            world.after(soon + 1000, for: life) { answer(ActionOutcome(.failed, "exit 1", commands: argv)) }
        case .lies:
            world.after(soon, for: life) { answer(ActionOutcome(.succeeded, "done", commands: argv)) }
        case .late, .lost:
            if fate == .late { world.after(soon * 6) { [self] in takeEffect(action) } }
            world.after(deadline, for: life) { answer(unknown) }
        }
    }

    private func takeEffect(_ action: Action) {
        commands[action.id]?.tookEffect = true
        let proposal = action.proposal
        let id = newID()
        change(proposal.target) { thing in
            thing.startedAt = world.now
            switch proposal.kind {
            case .restartService where thing.isThere: thing.isUp = true
            case .stopService: thing.isUp = false
            case .scaleService: thing.replicas = proposal.params["replicas"]?.integer ?? thing.replicas
            case .deployService:
                thing.image = proposal.params["image"]?.string ?? "example/\(thing.name):1"
                thing.id = id
                thing.isThere = true
                thing.isUp = true
            default: break
            }
        }
    }
}

/// The actuator of one process. Unchecked: as `World`.
final class SimActuator: Actuator, @unchecked Sendable {
    let name = "docker"
    let isDryRun = false
    private let life: Life
    private var world: World { life.world }
    private var docker: SimDocker { life.world.docker }

    init(_ life: Life) { self.life = life }

    /// Goes to docker and back; nil when docker does not answer.
    private func read<T: Sendable>(_ body: @escaping (SimDocker) -> T) async -> T? {
        let life = life
        let world = world
        return await life.wait(fallen: nil) { (answer: @escaping (T?) -> Void) in
            world.after(world.latency(), for: life) {
                answer(world.isFaulty && world.random.chance(60) ? nil : body(world.docker))
            }
        }
    }

    func prepare(_ action: Action, spec: ServiceSpec?) async -> Preparation {
        let target = action.proposal.target
        guard let found = await read({ $0.things[target] }) else { return .unavailable("docker does not answer") }
        guard let thing = found else { return .refused("there is no such thing") }
        if let id = action.fence?.runtimeID, thing.isThere, thing.id != id {
            return .overtaken("another one stands there")
        }
        let params = action.proposal.params
        let isDone: Bool
        switch action.proposal.kind {
        case .restartService:
            guard thing.isThere else { return .refused("there is nothing to restart") }
            isDone = false
        case .stopService: isDone = !thing.isUp
        case .scaleService: isDone = thing.replicas == params["replicas"]?.integer
        case .deployService: isDone = thing.isThere && thing.isUp && thing.image == params["image"]?.string
        default: return .refused("not simulated")
        }
        if isDone { return .alreadyDone("it is so already") }
        return .commands([["docker", action.proposal.kind.rawValue, "--", target, thing.id]])
    }

    func run(
        _ action: Action, commands: [[String]], spec: ServiceSpec?, mayBegin: @escaping @Sendable () -> Bool
    ) async -> ActionOutcome {
        let life = life
        let world = world
        // A place among the commands under way: while it waits the process may be stopped.
        await life.wait(fallen: ()) { (go: @escaping (()) -> Void) in
            if world.isFaulty, world.random.chance(60) {
                world.pause(life, for: world.random.between(1, 20) * 1_000_000)
            }
            let isSlow = world.isFaulty && world.random.chance(150)
            world.after(isSlow ? world.random.between(100_000, 4_000_000) : world.random.between(0, 3000), for: life) {
                go(())
            }
        }
        guard !life.isDead else { return ActionOutcome(.unknown, "the process is dead", commands: commands) }
        guard mayBegin() else { return .stopped(before: 0, of: commands) }
        return await life.wait(fallen: ActionOutcome(.unknown, "the process is dead", commands: commands)) { answer in
            world.docker.run(action, commands, by: life, answer)
        }
    }

    func settle(_ action: Action, now: WallTime) async -> ActionOutcome? {
        let id = action.id
        guard let found = await read({ $0.commands[id] }) else { return nil }
        if world.has(.rerunExecuting), found?.tookEffect != true, !life.isDead {
            let life = life
            let world = world
            return await life.wait(fallen: nil) { (answer: @escaping (ActionOutcome?) -> Void) in
                world.docker.run(action, action.commands, by: life) { answer($0) }
            }
        }
        if found?.tookEffect == true {
            return ActionOutcome(.succeeded, "found by looking: it took effect", commands: action.commands)
        }
        guard now.seconds(since: action.startedAt ?? action.plannedAt) > SimDocker.settledAfterSeconds else {
            return nil
        }
        return ActionOutcome(.failed, "found by looking: it did not take effect", commands: action.commands)
    }
}
