/// Which jobs run now and which wait: at most one per target and `capacity` per docker host, first come first served
/// among those whose target and host are free. A state machine without IO; `Executor` drives it under its lock.
struct ExecutionQueue<Job: Sendable>: Sendable {
    struct Entry: Sendable {
        /// The action's id: an id that waits or runs is not taken a second time.
        var id: String
        var target: String
        /// The docker host that it is for; nil is the default one. A host that hangs holds up no other's.
        var host: String?
        /// Runs only while nothing else does on its host: a stack is many services under names that are not its own.
        var runsAlone: Bool
        var job: Job
    }

    enum Admission: Equatable, Sendable {
        case taken
        /// The same action waits or runs already.
        case duplicate
        /// As many wait as may. The action stays planned in the store and is offered again by the next tick.
        case full
        /// Shutting down.
        case closed
    }

    private let capacity: Int
    private let waitingLimit: Int
    private var waiting: [Entry] = []
    private var running: [String: Entry] = [:]
    private var busyTargets: Set<String> = []
    private var ids: Set<String> = []
    private(set) var isClosed = false

    init(capacity: Int, waitingLimit: Int) {
        self.capacity = capacity
        self.waitingLimit = waitingLimit
    }

    var isIdle: Bool { running.isEmpty }
    var runningCount: Int { running.count }
    var waitingCount: Int { waiting.count }

    func contains(_ id: String) -> Bool { ids.contains(id) }

    mutating func add(_ entry: Entry) -> Admission {
        guard !isClosed else { return .closed }
        guard !ids.contains(entry.id) else { return .duplicate }
        guard waiting.count < waitingLimit else { return .full }
        ids.insert(entry.id)
        waiting.append(entry)
        return .taken
    }

    /// Takes out of the waiting line what may start now, and counts it as running.
    mutating func start() -> [Entry] {
        var counts: [String?: Int] = [:]
        for entry in running.values { counts[entry.host, default: 0] += 1 }
        var closed = Set(running.values.filter(\.runsAlone).map(\.host))
        var started: [Entry] = []
        var index = 0
        while index < waiting.count {
            let entry = waiting[index]
            let count = counts[entry.host, default: 0]
            // Those behind one that has to run alone wait too, else a steady stream of others would starve it.
            if entry.runsAlone, count > 0 { closed.insert(entry.host) }
            if closed.contains(entry.host) || count >= capacity || busyTargets.contains(entry.target) {
                index += 1
                continue
            }
            waiting.remove(at: index)
            running[entry.id] = entry
            busyTargets.insert(entry.target)
            counts[entry.host] = count + 1
            if entry.runsAlone { closed.insert(entry.host) }
            started.append(entry)
        }
        return started
    }

    mutating func ended(_ id: String) {
        guard let entry = running.removeValue(forKey: id) else { return }
        busyTargets.remove(entry.target)
        ids.remove(id)
    }

    /// Takes nothing new from now on and forgets what waits; that is durable as planned.
    mutating func close() {
        isClosed = true
        for entry in waiting { ids.remove(entry.id) }
        waiting = []
    }
}
