import FleetModel
import Leadership
import Logging
import Store

/// One simulated world: a true time, what happens when, the faults, and everything random.
///
/// Unchecked: one thread alone runs it and all that is in it.
final class World: @unchecked Sendable {
    let seed: UInt64
    let plant: Plant?
    var random: SeededRandom
    /// Ids come from a generator of their own, so that they are the same whatever else is drawn.
    var idRandom: SeededRandom
    /// Microseconds since the world began.
    var now: Int64 = 0
    var steps = 0
    var isFaulty = true
    var isSkewed = false
    var lives: [Life?] = [nil, nil, nil]
    var births = 0
    var violation: Violation?
    let store: SimStore
    let docker: SimDocker
    let seat: SimSeat
    let checks: Checks
    var files: SimFiles
    let people: People
    /// A digest of everything that happened, in its order; two runs of a seed must have the same.
    var digest: UInt64 = 0xCBF2_9CE4_8422_2325
    private(set) var trace: [String]?
    private var events = EventHeap()

    static let epoch = WallTime(milliseconds: 1_767_614_400_000)

    init(seed: UInt64, plant: Plant?, isTraced: Bool) {
        self.seed = seed
        self.plant = plant
        random = SeededRandom(seed)
        idRandom = SeededRandom(seed ^ 0xA5A5_5A5A_0F0F_F0F0)
        trace = isTraced ? [] : nil
        store = SimStore()
        docker = SimDocker()
        seat = SimSeat()
        checks = Checks()
        files = SimFiles(random.below(4))
        people = People()
        isSkewed = random.chance(500)
        store.world = self
        docker.world = self
        seat.world = self
        checks.world = self
        people.world = self
        docker.begin()
    }

    var wallTime: WallTime { World.epoch.adding(milliseconds: now / 1000) }
    func has(_ plant: Plant) -> Bool { self.plant == plant }

    // MARK: - What happens when

    func after(_ span: Int64, for life: Life? = nil, _ body: @escaping () -> Void) {
        events.push(now + span, life, body)
    }

    /// One decision of the world: a fault, a person, or the next thing that is due; then all that can run runs.
    func step() {
        steps += 1
        if isFaulty, random.chance(45) {
            inject()
        } else if isFaulty, random.chance(30) {
            people.act()
        } else if let event = events.pop() {
            now = max(now, event.due)
            deliver(event)
        }
        run()
        checks.afterStep()
    }

    private func deliver(_ event: EventHeap.Event) {
        guard let life = event.life else { return event.body() }
        if life.isDead { return }
        if life.pausedUntil != nil {
            life.heldBack.append(event.body)
        } else {
            event.body()
        }
    }

    /// Until every process waits for the world.
    private func run() {
        var bound = 100_000
        while violation == nil {
            let runnable = lives.compactMap { $0 }.filter { $0.isRunnable && !$0.queue.jobs.isEmpty }
            guard !runnable.isEmpty else { return }
            let life = runnable.count > 1 ? runnable[random.below(runnable.count)] : runnable[0]
            for _ in 0..<(1 + random.below(8)) where !life.queue.jobs.isEmpty && life.isRunnable {
                let count = life.queue.jobs.count
                life.queue.run(at: count > 1 ? random.below(count) : 0)
            }
            bound -= 1
            if bound == 0 { fail("progress", "the processes run without end and wait for nothing") }
        }
    }

    // MARK: - Words

    /// The first violation counts; the world ends with it.
    func fail(_ invariant: String, _ detail: String) {
        guard violation == nil else { return }
        violation = Violation(invariant: invariant, detail: detail)
        note("VIOLATION \(invariant): \(detail)")
    }

    /// A line of the trace; `code` goes into the digest also where no trace is kept.
    func note(_ text: @autoclosure () -> String, code: Int = 0) {
        digest = (digest ^ UInt64(bitPattern: now &+ Int64(code))) &* 0x100_0000_01B3
        guard trace != nil else { return }
        let milliseconds = String(now / 1000)
        let padded = String(repeating: " ", count: max(0, 8 - milliseconds.utf8.count)) + milliseconds
        trace?.append("\(padded) \(steps) \(text())")
    }

    func makeID(_ prefix: String, _ time: WallTime) -> String { Identifier.make(prefix, at: time, using: &idRandom) }

    func end() {
        isFaulty = false
        for life in lives.compactMap({ $0 }) { life.die() }
        lives = []
        events = EventHeap()
    }
}

/// What is due, the earliest first and in the order of its making among equals.
struct EventHeap {
    struct Event {
        var due: Int64
        var sequence: Int
        var life: Life?
        var body: () -> Void

        func comesBefore(_ other: Event) -> Bool { (due, sequence) < (other.due, other.sequence) }
    }

    private var items: [Event] = []
    private var sequence = 0

    mutating func push(_ due: Int64, _ life: Life?, _ body: @escaping () -> Void) {
        sequence += 1
        items.append(Event(due: due, sequence: sequence, life: life, body: body))
        var child = items.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard items[child].comesBefore(items[parent]) else { break }
            items.swapAt(child, parent)
            child = parent
        }
    }

    /// Those of the dead are passed over.
    mutating func pop() -> Event? {
        while let event = popAny() {
            if event.life?.isDead == true { continue }
            return event
        }
        return nil
    }

    private mutating func popAny() -> Event? {
        guard let first = items.first else { return nil }
        let last = items.removeLast()
        if !items.isEmpty {
            items[0] = last
            var parent = 0
            while true {
                var smallest = parent
                for child in [2 * parent + 1, 2 * parent + 2]
                where child < items.count && items[child].comesBefore(items[smallest]) {
                    smallest = child
                }
                if smallest == parent { break }
                items.swapAt(parent, smallest)
                parent = smallest
            }
        }
        return first
    }
}
