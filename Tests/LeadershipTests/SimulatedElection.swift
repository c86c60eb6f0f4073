import FleetModel
import Leadership

/// Machines that elect over one simulated database, all from one seed: exchanges take time, get lost on the way there
/// or back, sessions break or stay half-open, processes stand still, the database restarts, is promoted from a copy
/// that lags, and its clock jumps.
struct SimulatedElection {
    struct Faults {
        var isOn = true
        /// Whether the database is ever replaced by a copy that lags.
        var promotes = true
    }

    /// Milliseconds of true time, which nobody knows.
    private(set) var now = 0
    private(set) var machines: [Machine]
    private var database = Database()
    private var queue: [(at: Int, order: Int, what: Happening)] = []
    private var order = 0
    private var random: SeededGenerator
    private var faults = Faults()
    private let timing: ElectionTiming
    private(set) var trace: [String] = []

    struct Machine {
        var election: Election
        var id: String
        /// Its clock's distance from true time, and how it runs.
        var offset: Int
        var rate: Double
        /// It handles nothing before.
        var pausedUntil = 0
        var timer = 0
        var session: Int?
        /// What it said of itself last.
        var announced: Standing?
    }

    private enum Happening {
        /// For the process of that id; a later one on the same host is another.
        case event(machine: Int, id: String, Election.Event)
        case timer(machine: Int, id: String, number: Int)
        case request(machine: Int, id: String, session: Int, Election.Directive)
        case made(machine: Int, id: String, link: Int)
        case sessionEnds(Int)
        case fault
    }

    init(machines count: Int, lease: Duration, seed: UInt64) {
        random = SeededGenerator(seed: seed)
        timing = ElectionTiming(lease: lease)
        machines = []
        for index in 0..<count {
            let id = "host-\(index)/1"
            machines.append(
                Machine(
                    election: Election(instance: id, timing: timing), id: id,
                    offset: Int.random(in: 0...1_000_000, using: &random),
                    rate: Double.random(in: 0.96...1.04, using: &random)))
            after(Int.random(in: 0...500, using: &random), .event(machine: index, id: id, .start))
        }
        after(200, .fault)
    }

    // MARK: - Running

    /// Runs for so long; `check` looks at every state on the way.
    mutating func run(milliseconds: Int, faults: Faults, check: (SimulatedElection) -> Void) {
        self.faults = faults
        let end = now + milliseconds
        while let next = takeNext(until: end) {
            // Trust ends and waits end between events too.
            for moment in stride(from: now, to: next.at, by: 20) {
                now = moment
                check(self)
            }
            now = next.at
            happen(next.what)
            check(self)
        }
        now = end
    }

    func clock(_ machine: Machine) -> BootTime {
        BootTime(nanoseconds: Int64(Double(now) * machine.rate * 1e6) + Int64(machine.offset) * 1_000_000)
    }

    /// Who may begin a command now.
    var dispatchers: [Term] {
        machines.compactMap { machine in
            guard let term = machine.election.standing(at: clock(machine)).tenure?.term else { return nil }
            return machine.election.mayDispatch(term, at: clock(machine)) ? term : nil
        }
    }

    /// Who would, were the wait for the old lease left out.
    var leaders: [Term] { machines.compactMap { $0.election.standing(at: clock($0)).tenure?.term } }

    /// Who believes to lead, were the clock not looked at again.
    var believers: [Term] { machines.compactMap { $0.announced?.tenure?.term } }

    var epoch: Int { database.row?.epoch ?? 0 }

    private mutating func takeNext(until end: Int) -> (at: Int, order: Int, what: Happening)? {
        guard let index = queue.indices.min(by: { (queue[$0].at, queue[$0].order) < (queue[$1].at, queue[$1].order) }),
            queue[index].at <= end
        else { return nil }
        return queue.remove(at: index)
    }

    private mutating func after(_ delay: Int, _ what: Happening) {
        order += 1
        queue.append((now + delay, order, what))
    }

    private mutating func happen(_ what: Happening) {
        switch what {
        case .event(let machine, let id, let event): deliver(event, to: machine, id)
        case .timer(let machine, let id, let number):
            if machines[machine].timer == number { deliver(.timer, to: machine, id) }
        case .request(let machine, let id, let session, let directive): serve(directive, machine, id, session)
        case .made(let machine, let id, let link):
            guard machines[machine].id == id else { return }
            guard database.isUp else { return tell(machine, id, .failed(link: link, .unreachable("refused"))) }
            machines[machine].session = database.open(id, now)
            tell(machine, id, .connected(link: link))
        case .sessionEnds(let session): end(session)
        case .fault: strike()
        }
    }

    /// After what a message takes.
    private mutating func tell(_ machine: Int, _ id: String, _ event: Election.Event) {
        after(travel(), .event(machine: machine, id: id, event))
    }

    private mutating func deliver(_ event: Election.Event, to index: Int, _ id: String) {
        let machine = machines[index]
        guard machine.id == id else { return }
        guard now >= machine.pausedUntil else {
            return after(machine.pausedUntil - now, .event(machine: index, id: id, event))
        }
        let jitter = Double.random(in: 0..<1, using: &random)
        for directive in machines[index].election.handle(event, at: clock(machine), jitter: jitter) {
            carryOut(directive, index)
        }
    }

    private mutating func carryOut(_ directive: Election.Directive, _ index: Int) {
        let id = machines[index].id
        switch directive {
        case .setTimer(let moment):
            machines[index].timer += 1
            let left = Double((moment - clock(machines[index])).inNanoseconds) / 1e6 / machines[index].rate
            after(
                max(0, Int(left.rounded(.up))), .timer(machine: index, id: id, number: machines[index].timer))
        case .announce(let standing): machines[index].announced = standing
        case .tell(let remark): trace.append("\(now) \(id): \(remark)")
        case .disconnect: letGo(index)
        case .connect(let link):
            letGo(index)
            if loses(percent: 5) {
                after(1000, .event(machine: index, id: id, .failed(link: link, .unreachable("no answer"))))
            } else {
                after(travel(), .made(machine: index, id: id, link: link))
            }
        case .campaign(let link, _), .beat(let link, _), .overthrow(let link, _), .resign(let link, _):
            guard let session = machines[index].session, !loses(percent: 3) else {
                return after(
                    timeout, .event(machine: index, id: id, .failed(link: link, .unreachable("no answer"))))
            }
            after(travel(), .request(machine: index, id: id, session: session, directive))
        }
    }

    private var timeout: Int { Int(timing.exchangeTimeout.inMilliseconds) }

    /// The server hears of it soon, late, or by its keepalives only.
    private mutating func letGo(_ index: Int) {
        guard let session = machines[index].session else { return }
        machines[index].session = nil
        after(loses(percent: 20) ? 4000 : travel(), .sessionEnds(session))
    }

    private mutating func travel() -> Int {
        faults.isOn && Int.random(in: 0..<20, using: &random) == 0
            ? Int.random(in: 0...800, using: &random) : Int.random(in: 0...8, using: &random)
    }

    private mutating func loses(percent: Int) -> Bool {
        faults.isOn && Int.random(in: 0..<100, using: &random) < percent
    }

    // MARK: - The server

    private mutating func serve(_ directive: Election.Directive, _ index: Int, _ id: String, _ session: Int) {
        guard let link = directive.link else { return }
        guard database.isUp, database.sessions[session] != nil else {
            return after(
                timeout, .event(machine: index, id: id, .failed(link: link, .unreachable("no answer"))))
        }
        let answer: Election.Event
        switch directive {
        case .campaign(_, let campaign):
            answer = .campaigned(
                link: link,
                database.campaign(
                    session, now, campaign, lease: timing.lease, refresh: Int(timing.refreshPeriod.inMilliseconds)))
        case .beat(_, let term): answer = .beaten(link: link, database.beat(session, now, term))
        case .overthrow(_, let blocker):
            let ended = database.overthrow(blocker, now)
            for session in ended { end(session) }
            answer = .overthrown(link: link, .ended(ended.count))
        case .resign(_, let term):
            database.resign(session, term)
            answer = .resigned(link: link)
        default: return
        }
        // The answer gets lost: the effect stays, and the machine hears of nothing.
        let isLost = loses(percent: 3)
        after(
            isLost ? timeout : travel(),
            .event(machine: index, id: id, isLost ? .failed(link: link, .unreachable("no answer")) : answer))
        if database.tookTurn { tellOthers(but: index) }
    }

    private mutating func tellOthers(but index: Int) {
        database.tookTurn = false
        for other in machines.indices where other != index && machines[other].session != nil {
            if !loses(percent: 20) { signal(other, .leadershipMoved) }
        }
    }

    private mutating func signal(_ index: Int, _ signal: SeatSignal) {
        tell(index, machines[index].id, .signalled(link: machines[index].election.link, signal))
    }

    private mutating func end(_ session: Int) {
        database.close(session)
        for index in machines.indices where machines[index].session == session {
            // A client behind a dead link is not told.
            if !loses(percent: 30) { signal(index, .broken("the server ended the session")) }
        }
    }

    // MARK: - Faults

    private mutating func strike() {
        after(Int.random(in: 50...1500, using: &random), .fault)
        guard faults.isOn else {
            database.isUp = true
            return
        }
        let index = Int.random(in: 0..<machines.count, using: &random)
        switch Int.random(in: 0..<12, using: &random) {
        case 0...2: machines[index].pausedUntil = now + Int.random(in: 100...9000, using: &random)
        case 3: if let session = machines[index].session { end(session) }
        case 4: database.offset += Int.random(in: -20_000...20_000, using: &random)
        case 5:
            for session in database.sessions.keys.sorted() { end(session) }
            database.isUp = Bool.random(using: &random)
        case 6 where faults.promotes:
            for session in database.sessions.keys.sorted() { end(session) }
            database.promote()
        case 7: database.copy()
        case 8:
            let id = machines[index].id
            deliver(.refused(Term(holder: id, epoch: epoch), "stale"), to: index, id)
        case 9 where machines[index].election.provenAt != nil: restart(index)
        default: database.isUp = true
        }
    }

    /// Ends in order or without a word, and starts anew as another process.
    private mutating func restart(_ index: Int) {
        let isOrderly = Bool.random(using: &random)
        if isOrderly {
            deliver(.shutdown, to: index, machines[index].id)
            trace.append("\(now) \(machines[index].id) ends")
        } else {
            letGo(index)
            trace.append("\(now) \(machines[index].id) dies")
        }
        // Its requests that are under way arrive all the same; its answers find nobody.
        let session = machines[index].session
        if isOrderly, session != nil { after(timeout, .sessionEnds(session!)) }
        let id = "host-\(index)/\(order)"
        machines[index] = Machine(
            election: Election(instance: id, timing: timing), id: id, offset: machines[index].offset,
            rate: machines[index].rate)
        after(Int.random(in: 0...2000, using: &random), .event(machine: index, id: id, .start))
    }
}

extension Election.Directive {
    fileprivate var link: Int? {
        switch self {
        case .connect(let link), .campaign(let link, _), .beat(let link, _), .overthrow(let link, _),
            .resign(let link, _):
            link
        case .disconnect, .setTimer, .announce, .tell: nil
        }
    }
}

struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    /// SplitMix64.
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
