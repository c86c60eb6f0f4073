import FleetModel
import Leadership
import Store

/// The election's side of the database: sessions, one lock, the row of the leader, and the heartbeats.
///
/// Unchecked: as `World`.
final class SimSeat: @unchecked Sendable {
    struct Row {
        var epoch: Int
        var holder: String
        var isResigned: Bool
        var leaseMilliseconds: Int64
        var acquiredAt: Int64
    }

    struct Report {
        var heartbeat: Int64
        var pid: Int32
    }

    unowned var world: World!
    var row: Row?
    var reports: [String: Report] = [:]
    /// Who made each session that is still there.
    var sessions: [Int32: Life] = [:]
    var lockedBy: Int32?
    private var nextPID: Int32 = 100
    /// How far the database's clock is from the true time, in milliseconds.
    var clockSkew: Int64 = 0

    static let timing = ElectionTiming(lease: .seconds(6))

    /// By the database's clock.
    var time: Int64 { World.epoch.milliseconds + world.now / 1000 + clockSkew }

    func open(_ life: Life) -> Int32 {
        if let old = life.sessionPID { close(old) }
        nextPID += 1
        sessions[nextPID] = life
        life.sessionPID = nextPID
        reports[life.name] = Report(heartbeat: time, pid: nextPID)
        return nextPID
    }

    /// Ends a session and what it holds; its process hears of it if it can.
    func close(_ pid: Int32) {
        guard let life = sessions.removeValue(forKey: pid) else { return }
        if lockedBy == pid { lockedBy = nil }
        guard life.sessionPID == pid else { return }
        life.sessionPID = nil
        let stream = life.session
        world.after(world.latency(), for: life) {
            guard life.link == .sound else { return }
            life.during {
                stream?.yield(.broken("the session was ended"))
                stream?.finish()
            }
        }
    }

    private func sighting(_ row: Row) -> Sighting {
        let heartbeat = reports[row.holder]?.heartbeat ?? row.acquiredAt
        return Sighting(
            term: Term(holder: row.holder, epoch: row.epoch), heartbeat: WallTime(milliseconds: heartbeat),
            age: .milliseconds(time - heartbeat), lease: .milliseconds(row.leaseMilliseconds))
    }

    func campaign(_ campaign: Campaign, by life: Life) throws(SeatError) -> CampaignOutcome {
        guard let pid = life.sessionPID else { throw .unreachable("there is no session") }
        reports[life.name] = Report(heartbeat: time, pid: pid)
        let leader = row.flatMap { $0.isResigned ? nil : sighting($0) }
        if let lockedBy, lockedBy != pid, let holder = sessions[lockedBy] {
            guard let report = reports[holder.name], report.pid == lockedBy else {
                return .lost(Lost(leader: leader, blocker: .forsaken(pid: lockedBy, name: holder.name)))
            }
            let age = Duration.milliseconds(time - report.heartbeat)
            let blocker = Blocker.instance(holder.name, heartbeatAge: age, lease: Self.timing.lease)
            return .lost(Lost(leader: leader, blocker: blocker))
        }
        lockedBy = pid
        let last = row
        let own = Self.timing.lease.inMilliseconds
        let left = leader.map { $0.lease - max(.zero, $0.age) }?.inMilliseconds ?? 0
        let epoch = (last?.epoch ?? 0) + (world.has(.epochNotRaised) && last != nil ? 0 : 1)
        row = Row(
            epoch: epoch, holder: life.name, isResigned: false, leaseMilliseconds: max(own, left), acquiredAt: time)
        world.checks.elected(epoch: epoch, after: last?.epoch ?? 0)
        tell(except: life)
        let term = Term(holder: life.name, epoch: epoch)
        let tenure = Tenure(term: term, since: WallTime(milliseconds: time), reason: reason(last, campaign))
        return .won(Won(tenure: tenure, predecessor: world.has(.leaseNotWaitedOut) ? nil : leader))
    }

    private func reason(_ last: Row?, _ campaign: Campaign) -> ElectionReason {
        guard let last else { return .first }
        if last.isResigned { return .resigned }
        if campaign.ownTerm == Term(holder: last.holder, epoch: last.epoch) { return .regained }
        return campaign.overthrown == last.holder ? .expired : .released
    }

    func beat(_ term: Term, by life: Life) throws(SeatError) -> BeatOutcome {
        guard let pid = life.sessionPID else { throw .unreachable("there is no session") }
        guard let row, !row.isResigned else { return .lost(.noRow) }
        guard row.epoch == term.epoch, row.holder == term.holder else {
            return .lost(.displaced(by: Term(holder: row.holder, epoch: row.epoch)))
        }
        guard reports[life.name]?.pid == pid else { return .lost(.otherSession) }
        reports[life.name]?.heartbeat = time
        return .kept
    }

    func overthrow(_ blocker: Blocker) -> OverthrowOutcome {
        switch blocker {
        case .instance(let name, _, let lease):
            guard let report = reports[name], time - report.heartbeat > lease.inMilliseconds else { return .ended(0) }
            let ended = sessions.filter { $0.value.name == name }.keys.sorted()
            for pid in ended { close(pid) }
            return .ended(ended.count)
        case .forsaken(let pid, _):
            guard lockedBy == pid else { return .ended(0) }
            close(pid)
            return .ended(1)
        case .row, .foreign: return .ended(0)
        }
    }

    func resign(_ term: Term?, by life: Life) {
        if let term, row?.epoch == term.epoch, row?.holder == term.holder { row?.isResigned = true }
        reports[life.name] = nil
        if lockedBy == life.sessionPID { lockedBy = nil }
        tell(except: life)
    }

    private func tell(except life: Life) {
        for other in world.lives.compactMap({ $0 }) where other !== life {
            world.after(world.latency(), for: other) {
                guard other.link == .sound else { return }
                other.during {
                    _ = other.session?.yield(.leadershipMoved)
                    for stream in other.notices { stream.yield(.leader) }
                }
            }
        }
    }
}

/// How one process reaches the seat. Unchecked: as `World`.
final class SeatLink: ElectionSeat, @unchecked Sendable {
    private let life: Life
    private var world: World { life.world }

    init(_ life: Life) { self.life = life }

    private func ask<T: Sendable>(
        _ what: String, _ body: @escaping (SimSeat) throws(SeatError) -> T
    ) async throws(SeatError) -> T {
        let life = life
        let world = world
        let deadline = SimSeat.timing.exchangeTimeout.inNanoseconds / 1000
        let fallen = Result<T, SeatError>.failure(.refused("the process is dead"))
        let result = await life.wait(fallen: fallen) { (answer: @escaping (Result<T, SeatError>) -> Void) in
            world.after(deadline, for: life) { answer(.failure(.unreachable("no answer in time"))) }
            world.after(world.latency()) {
                if life.isDead || life.link == .requestsLost || world.isFaulty && world.random.chance(5) { return }
                if world.store.isDown { return answerLater(world, life) { answer(.failure(.unreachable("refused"))) } }
                let result: Result<T, SeatError>
                do throws(SeatError) { result = .success(try body(world.seat)) } catch { result = .failure(error) }
                world.note("\(life.name) \(what)", code: what.utf8.count)
                if life.link == .answersLost || world.isFaulty && world.random.chance(5) { return }
                answerLater(world, life) { answer(result) }
            }
        }
        return try result.get()
    }

    func connect() async throws(SeatError) -> AsyncStream<SeatSignal> {
        let life = life
        let (stream, continuation) = AsyncStream<SeatSignal>.makeStream()
        life.session?.finish()
        life.session = continuation
        _ = try await ask("connects") { $0.open(life) }
        return stream
    }

    func campaign(_ campaign: Campaign) async throws(SeatError) -> CampaignOutcome {
        let life = life
        return try await ask("campaigns") { seat throws(SeatError) in
            let outcome = try seat.campaign(campaign, by: life)
            if case .won(let won) = outcome {
                seat.world.note("\(life.name) ELECTED epoch \(won.tenure.term.epoch) \(won.tenure.reason.rawValue)")
            }
            return outcome
        }
    }

    func beat(_ term: Term) async throws(SeatError) -> BeatOutcome {
        let life = life
        return try await ask("beats") { seat throws(SeatError) in try seat.beat(term, by: life) }
    }

    func overthrow(_ blocker: Blocker) async throws(SeatError) -> OverthrowOutcome {
        try await ask("overthrows \(blocker)") { $0.overthrow(blocker) }
    }

    func resign(_ term: Term?) async throws(SeatError) {
        let life = life
        try await ask("resigns") { $0.resign(term, by: life) }
    }

    func disconnect() async {
        let life = life
        life.session?.finish()
        guard !life.isDead, let pid = life.sessionPID else { return }
        world.after(world.latency()) { life.world.seat.close(pid) }
    }
}

private func answerLater(_ world: World, _ life: Life, _ answer: @escaping () -> Void) {
    if world.random.chance(700), life.pausedUntil == nil { return answer() }
    world.after(world.latency(), for: life, answer)
}
