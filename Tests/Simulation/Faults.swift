import ControlPlane
import FleetModel
import Leadership
import Logging
import Store

extension World {
    static let quietLogger: Logger = {
        var logger = Logger(label: "simulation", factory: { _ in SwiftLogNoOpLogHandler() })
        logger.logLevel = .critical
        return logger
    }()

    // MARK: - Lives

    func start(_ index: Int) {
        births += 1
        let life = Life(self, index: index, name: "host\(index)/\(births)")
        if isSkewed { life.wallSkew = random.between(-2000, 2000) }
        let elector = Elector(
            seat: SeatLink(life), instance: life.name, timing: SimSeat.timing,
            now: { [unowned self, unowned life] in
                let trust = has(.suspendedTimeNotCounted) ? now - life.stoppedFor : now
                return BootTime(nanoseconds: trust * 1000)
            },
            jitter: { [unowned self] in Double(random.below(1000)) / 1000 },
            sleep: { [unowned life] in await life.sleep($0) }, logger: Self.quietLogger)
        var settings = ControlSettings()
        settings.intervalSeconds = 20 + 10 * Int(seed % 3)
        settings.approvalTTLSeconds = 40
        settings.denyCooldownSeconds = 10
        settings.actuator = "docker"
        settings.isDryRun = false
        settings.storePollSeconds = has(.lostWake) ? nil : 3
        let candidacy: any Candidacy = has(.trustNeverEnds) ? Believer(elector) : elector
        var parts = ControlParts(
            store: StoreLink(life), candidacy: candidacy, actuator: SimActuator(life),
            loadDesired: { [unowned self] in files.desired }, loadPolicy: { [unowned self] in files.policy },
            observe: { [unowned life] in await life.observe($0) },
            clock: WallClock { [unowned life] in life.wallTime }, settings: settings, instance: life.name,
            version: "simulated", isOpenAccess: false, logger: Self.quietLogger)
        parts.sleep = { [unowned life] in await life.sleep($0) }
        parts.makeID = { [unowned self] in makeID($0, $1) }
        life.during {
            let control = ControlPlane(parts)
            elector.whenChanged { control.waker.wake(.leadership) }
            life.control = control
            life.elector = elector
            life.root = Task { try? await control.run() }
        }
        lives[index] = life
        note("\(life.name) starts", code: index)
    }

    /// The process is gone from one moment to the next; the database notices at once, or late if its host is gone too.
    func crash(_ index: Int) {
        guard let life = lives[index] else { return }
        note("\(life.name) CRASHES", code: index)
        lives[index] = nil
        life.die()
        let pid = life.sessionPID
        after(random.chance(700) ? 1000 : random.between(1, 9) * 1_000_000) { [self] in
            if let pid { seat.close(pid) }
        }
        after(random.between(500_000, 12_000_000)) { [self] in if lives[index] == nil { start(index) } }
    }

    /// SIGTERM: it drains, gives its term back and ends.
    private func terminate(_ index: Int) {
        guard let life = lives[index] else { return }
        note("\(life.name) is told to end", code: index)
        life.during { life.control.waker.finish() }
        after(12_000_000) { [self] in if lives[index] === life { crash(index) } }
    }

    func pause(_ life: Life, for span: Int64) {
        guard life.pausedUntil == nil, !life.isDead else { return }
        note("\(life.name) is STOPPED for \(span / 1_000_000) s", code: life.index)
        let since = now
        life.pausedUntil = now + span
        after(span) { [self] in
            guard !life.isDead else { return }
            note("\(life.name) goes on", code: life.index)
            life.pausedUntil = nil
            life.stoppedFor += now - since
            let heldBack = life.heldBack
            life.heldBack = []
            for body in heldBack { body() }
        }
    }

    // MARK: - Faults

    func inject() {
        let index = random.below(3)
        switch random.below(20) {
        case 0, 1: crash(index)
        case 2: terminate(index)
        case 3, 4, 5: if let life = lives[index] { pause(life, for: random.between(1, 20) * 1_000_000) }
        case 6, 7, 8: if let life = lives[index] { cut(life) }
        case 9: restartStore()
        case 10, 11: jumpClock(index)
        default: harm()
        }
    }

    private func cut(_ life: Life) {
        life.link = random.chance(500) ? .requestsLost : .answersLost
        note("\(life.name): \(life.link.rawValue)", code: life.index)
        let pid = life.sessionPID
        let span = random.between(1, 15) * 1_000_000
        // Sooner or later the database ends what hangs.
        if random.chance(500) { after(random.between(200_000, 9_000_000)) { [self] in if let pid { seat.close(pid) } } }
        after(span) { [self] in
            life.link = .sound
            if !life.isDead { note("\(life.name): connected again", code: life.index) }
        }
    }

    private func restartStore() {
        note("the store RESTARTS")
        store.isDown = true
        for pid in seat.sessions.keys.sorted() { seat.close(pid) }
        after(random.between(100_000, 5_000_000)) { [self] in
            store.isDown = false
            note("the store is back")
        }
    }

    private func jumpClock(_ index: Int) {
        guard isSkewed else { return }
        if random.chance(300) {
            // The database's clock is one that everybody waits by: only forward, as when it had run late.
            seat.clockSkew += random.between(0, 1500)
        } else {
            lives[index]?.wallSkew = random.between(-2000, 2000)
        }
        note("a clock jumps: \(lives.map { $0?.wallSkew ?? 0 }), the database's is \(seat.clockSkew)")
    }

    /// Something goes wrong in the fleet, or somebody does something there by hand.
    private func harm() {
        let name = ["api", "db", "job", "web"][random.below(4)]
        let draw = random.below(10)
        let id = docker.newID()
        docker.change(name) { thing in
            switch draw {
            case 0: thing.isThere = false
            case 1:
                thing.isThere = true
                thing.id = id
            case 2: thing.replicas = 1 + (thing.replicas + 1) % 4
            case 3: thing.image = "example/\(name):1"
            case 4: thing.isUp = true
            default: thing.isUp = false
            }
            if !thing.isThere { thing.isUp = false }
        }
    }

    // MARK: - The end of all faults

    /// Whatever was broken works again from here on.
    func heal() {
        note("ALL FAULTS END")
        isFaulty = false
        store.isDown = false
        for index in lives.indices {
            guard let life = lives[index] else {
                start(index)
                continue
            }
            life.link = .sound
        }
        files.garble(false)
        files.write(policy: 0)
        for life in lives.compactMap({ $0 }) { life.during { life.control?.waker.wake(.dockerEvent) } }
    }
}

/// A candidacy that believes in its term for ever once it had it: the planted bug of that name.
private struct Believer: Candidacy {
    let elector: Elector

    init(_ elector: Elector) { self.elector = elector }

    var standing: Standing { elector.standing }
    func stand() async -> Standing { await elector.stand() }
    func mayDispatch(_ term: Term) -> Bool { true }
    func lose(_ term: Term, reason: String) { elector.lose(term, reason: reason) }
    func run() async { await elector.run() }
    func resign() async { await elector.resign() }
}
