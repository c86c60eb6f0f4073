package import FleetModel

/// The election as one process lives it: events in, directives out (docs/leadership.md).
///
/// Pure. Moments and randomness come in with each event; whoever runs it (`Elector`) carries the directives out in
/// their order and brings what comes of them back as events. Each session has a number, its link, and an event of a
/// link other than the present one is ignored: it is about a session that was given up.
package struct Election: Sendable {
    package enum Event: Sendable, Equatable {
        case start
        /// The moment of the last `setTimer` has come.
        case timer
        case connected(link: Int)
        case campaigned(link: Int, CampaignOutcome)
        case beaten(link: Int, BeatOutcome)
        case overthrown(link: Int, OverthrowOutcome)
        case resigned(link: Int)
        /// An exchange, or the making of the session, failed.
        case failed(link: Int, SeatError)
        case signalled(link: Int, SeatSignal)
        /// The store refused a write under this term as stale.
        case refused(Term, String)
        case shutdown
    }

    package enum Directive: Sendable, Equatable {
        /// Gives up the session that was there, and makes one.
        case connect(link: Int)
        case campaign(link: Int, Campaign)
        case beat(link: Int, Term)
        case overthrow(link: Int, Blocker)
        case resign(link: Int, Term?)
        case disconnect
        /// Replaces the one before.
        case setTimer(BootTime)
        /// The standing has changed, or what it allows.
        case announce(Standing)
        /// For the log.
        case tell(ElectionRemark)
    }

    let timing: ElectionTiming
    let instance: String
    var state = State.unstarted
    /// The number of the present session.
    package internal(set) var link = 0
    /// What this process is while it does not lead.
    var outlook = Standing.barred("there is no connection to the database yet")
    /// Failures in a row; the backoff grows with them.
    var failures = 0
    /// The last term of this process that it has given up.
    var ownTerm: Term?
    /// No term of this process is acted on before: the lease of someone from before may run until then.
    var waitsUntil = BootTime(nanoseconds: .min)
    /// The leader's newest heartbeat, and when this process first saw it.
    var sighted: (term: Term, heartbeat: WallTime, at: BootTime)?
    /// The instance whose sessions the last overthrow ended; nil once the lock was fought for.
    var overthrown: String?
    /// The attempt after an overthrow is under way: what was ended may need a moment to be gone.
    var isGivingTime = false
    /// Leadership moved while an attempt was under way: its answer may be older than that.
    var mustLookAgain = false
    private var announced: (standing: Standing, mayDispatch: Bool)?
    private var timerSet: BootTime?

    enum State {
        case unstarted
        case connecting
        /// Connects again at this moment.
        case barred(until: BootTime)
        /// Campaigns again at this moment.
        case following(until: BootTime)
        case campaigning(since: BootTime)
        case overthrowing(Blocker)
        case leading(Lead)
        case resigning
        case ended
    }

    struct Lead {
        var tenure: Tenure
        /// When the exchange began that the trust rests on.
        var provenAt: BootTime
        var trustedUntil: BootTime
        /// When the heartbeat under way began.
        var beatSince: BootTime?
        var nextBeat: BootTime
    }

    /// `instance` is who holds the terms of this process: no other process, before or after, has the same.
    package init(instance: String, timing: ElectionTiming) {
        self.instance = instance
        self.timing = timing
    }

    // MARK: - What holds now

    /// Leading only while trusted: a term whose trust has run out is over, also before anyone had time to say so.
    package func standing(at now: BootTime) -> Standing {
        guard case .leading(let lead) = state else { return outlook }
        return now < lead.trustedUntil ? .leading(lead.tenure) : .following(nil)
    }

    /// The term is held, trusted, and nobody from before can be acting.
    package func mayDispatch(_ term: Term, at now: BootTime) -> Bool {
        guard case .leading(let lead) = state, lead.tenure.term == term else { return false }
        return now < lead.trustedUntil && now >= waitsUntil
    }

    /// When the exchange began that the present trust rests on; nil while this process does not lead.
    package var provenAt: BootTime? {
        if case .leading(let lead) = state { lead.provenAt } else { nil }
    }

    /// It stands no more, and never will again.
    package var isOver: Bool {
        if case .ended = state { true } else { false }
    }

    // MARK: - Events

    /// `jitter` is drawn anew for each event, from 0 up to 1.
    package mutating func handle(_ event: Event, at now: BootTime, jitter: Double) -> [Directive] {
        var directives: [Directive] = []
        if case .leading(let lead) = state, now >= lead.trustedUntil {
            directives += stepDown(.lapsed, at: now)
        }
        directives += respond(to: event, Draw(now: now, jitter: jitter))
        let present = (standing: standing(at: now), mayDispatch: isDispatching(at: now))
        if announced == nil || announced! != present {
            announced = present
            directives.append(.announce(present.standing))
        }
        if event == .timer { timerSet = nil }
        if let due = due(after: now), due != timerSet {
            timerSet = due
            directives.append(.setTimer(due))
        }
        return directives
    }

    private func isDispatching(at now: BootTime) -> Bool {
        standing(at: now).tenure.map { mayDispatch($0.term, at: now) } ?? false
    }

    /// What each event brings from outside the machine.
    struct Draw {
        var now: BootTime
        var jitter: Double
    }

    private mutating func respond(to event: Event, _ draw: Draw) -> [Directive] {
        if isOver { return [] }
        switch event {
        case .start:
            guard case .unstarted = state else { return [] }
            return connect()
        case .timer: return keepTime(draw)
        case .connected(let link):
            guard link == self.link, case .connecting = state else { return [] }
            return campaign(draw)
        case .campaigned(let link, let outcome):
            guard link == self.link, case .campaigning(let since) = state else { return [] }
            return conclude(outcome, since: since, draw)
        case .beaten(let link, let outcome):
            guard link == self.link, case .leading(let lead) = state else { return [] }
            return conclude(outcome, lead, draw)
        case .overthrown(let link, let outcome):
            guard link == self.link, case .overthrowing(let blocker) = state else { return [] }
            return conclude(outcome, blocker, draw)
        case .resigned(let link):
            guard link == self.link, case .resigning = state else { return [] }
            return end()
        case .failed(let link, let error):
            guard link == self.link else { return [] }
            return fail(error, draw)
        case .signalled(let link, let signal):
            guard link == self.link else { return [] }
            return heed(signal, draw)
        case .refused(let term, let reason):
            guard case .leading(let lead) = state, lead.tenure.term == term else { return [] }
            return stepDown(.refusedByStore(reason), at: draw.now)
        case .shutdown: return shutDown(draw)
        }
    }

    /// When time alone changes something next.
    private func due(after now: BootTime) -> BootTime? {
        switch state {
        case .unstarted, .connecting, .campaigning, .overthrowing, .resigning, .ended: return nil
        case .barred(let until), .following(let until): return until
        case .leading(let lead):
            var due = lead.trustedUntil
            if lead.beatSince == nil { due = min(due, lead.nextBeat) }
            if waitsUntil > now { due = min(due, waitsUntil) }
            return due
        }
    }

    private mutating func keepTime(_ draw: Draw) -> [Directive] {
        switch state {
        case .barred(let until) where draw.now >= until: return connect()
        case .following(let until) where draw.now >= until: return campaign(draw)
        case .leading(let lead) where lead.beatSince == nil && draw.now >= lead.nextBeat: return beat(lead, draw)
        default: return []
        }
    }
}
