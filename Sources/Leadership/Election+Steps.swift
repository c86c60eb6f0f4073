internal import FleetModel

// What is done at each event, in the order of a candidate's life. Each answers with what is to be carried out.

extension Election {
    // MARK: - Standing for it

    mutating func connect() -> [Directive] {
        link += 1
        state = .connecting
        isGivingTime = false
        mustLookAgain = false
        return [.connect(link: link)]
    }

    mutating func campaign(_ draw: Draw) -> [Directive] {
        state = .campaigning(since: draw.now)
        mustLookAgain = false
        return [.campaign(link: link, Campaign(ownTerm: ownTerm, overthrown: overthrown))]
    }

    mutating func conclude(_ outcome: CampaignOutcome, since: BootTime, _ draw: Draw) -> [Directive] {
        failures = 0
        switch outcome {
        case .won(let won): return take(won, since: since, draw)
        case .lost(let lost): return follow(lost, draw)
        }
    }

    private mutating func take(_ won: Won, since: BootTime, _ draw: Draw) -> [Directive] {
        overthrown = nil
        isGivingTime = false
        // What was still to be waited out under an own earlier term stays to be waited out.
        waitsUntil = max(waitsUntil, end(of: won.predecessor, draw.now))
        let lead = Lead(
            tenure: won.tenure, provenAt: since, trustedUntil: since + timing.lease - timing.margin,
            nextBeat: since + timing.beatPeriod)
        state = .leading(lead)
        // The answer took longer than it may be trusted: this process or the network stood still.
        guard draw.now < lead.trustedUntil else { return stepDown(.lapsed, at: draw.now) }
        return [.tell(.elected(won.tenure, waits: max(.zero, waitsUntil - draw.now)))]
    }

    /// When the lease of who led before has surely ended.
    ///
    /// The age by the database's clock would be enough if that clock could not be set forward. So the same is
    /// measured by this process' own: the heartbeat was begun before it was first seen here.
    private func end(of predecessor: Sighting?, _ now: BootTime) -> BootTime {
        guard let predecessor else { return now }
        // First of all: the newest term may be missing, and another's, also where the row names an own one.
        guard let heartbeat = predecessor.heartbeat else { return now + max(predecessor.lease, timing.lease) }
        guard predecessor.term != ownTerm else { return now }
        let isKnown = sighted.map { $0.term == predecessor.term && $0.heartbeat == heartbeat } ?? false
        let firstSeen = isKnown ? sighted?.at ?? now : now
        let left = min(predecessor.lease, max(.zero, predecessor.lease - predecessor.age))
        return max(firstSeen + predecessor.lease, now + left)
    }

    private mutating func follow(_ lost: Lost, _ draw: Draw) -> [Directive] {
        if let leader = lost.leader, let heartbeat = leader.heartbeat,
            sighted?.term != leader.term || sighted?.heartbeat != heartbeat
        {
            sighted = (leader.term, heartbeat, draw.now)
        }
        outlook = .following(lost.leader?.term)
        var remarks: [Directive] = []
        switch lost.blocker {
        case .foreign(let pid, let name):
            let remark = ElectionRemark.foreignLock(pid: pid, name: name)
            if outlook != .barred(remark.description) { remarks.append(.tell(remark)) }
            outlook = .barred(remark.description)
        case .instance(_, let age, let lease) where age <= lease: break
        case .row(let holder) where holder == instance:
            // A write of this process from before; it ends by itself.
            return rest(timing.retryPeriod, draw)
        case .instance, .forsaken, .row:
            // What was ended may need a moment to be gone: one more look before it is ended again.
            guard !isGivingTime else {
                isGivingTime = false
                return rest(timing.retryPeriod, draw)
            }
            state = .overthrowing(lost.blocker)
            return [.overthrow(link: link, lost.blocker)]
        }
        if mustLookAgain { return remarks + campaign(draw) }
        return remarks + rest(timing.pollPeriod, draw)
    }

    mutating func conclude(_ outcome: OverthrowOutcome, _ blocker: Blocker, _ draw: Draw) -> [Directive] {
        switch outcome {
        case .ended(let count):
            isGivingTime = true
            guard count > 0 else { return campaign(draw) }
            if case .instance(let holder, _, _) = blocker { overthrown = holder }
            return [.tell(.overthrew(blocker, sessions: count))] + campaign(draw)
        case .notPermitted(let reason):
            let remark = ElectionRemark.mayNotOverthrow(blocker, reason)
            let isNews = outlook != .barred(remark.description)
            outlook = .barred(remark.description)
            return (isNews ? [.tell(remark)] : []) + rest(timing.pollPeriod, draw)
        }
    }

    /// Followers would else all look at the same moments.
    private mutating func rest(_ span: Duration, _ draw: Draw) -> [Directive] {
        state = .following(until: draw.now + span + span * draw.jitter / 4)
        return []
    }

    // MARK: - Leading

    mutating func beat(_ lead: Lead, _ draw: Draw) -> [Directive] {
        var lead = lead
        lead.beatSince = draw.now
        state = .leading(lead)
        return [.beat(link: link, lead.tenure.term)]
    }

    mutating func conclude(_ outcome: BeatOutcome, _ lead: Lead, _ draw: Draw) -> [Directive] {
        guard let since = lead.beatSince else { return [] }
        switch outcome {
        case .lost(let loss): return stepDown(.lost(loss), at: draw.now)
        case .kept:
            var lead = lead
            lead.beatSince = nil
            lead.provenAt = since
            lead.trustedUntil = since + timing.lease - timing.margin
            lead.nextBeat = max(draw.now, since + timing.beatPeriod)
            state = .leading(lead)
            return draw.now < lead.trustedUntil ? [] : stepDown(.lapsed, at: draw.now)
        }
    }

    /// The term is over for this process: the session goes, and the lock with it, and a new one stands anew.
    mutating func stepDown(_ reason: StepDownReason, at now: BootTime) -> [Directive] {
        guard case .leading(let lead) = state else { return [] }
        ownTerm = lead.tenure.term
        outlook = .following(nil)
        return [.tell(.steppedDown(lead.tenure.term, reason))] + connect()
    }

    // MARK: - What breaks

    mutating func fail(_ error: SeatError, _ draw: Draw) -> [Directive] {
        switch state {
        case .unstarted, .barred, .ended: return []
        case .resigning: return end()
        case .leading: return stepDown(.broken(error), at: draw.now)
        case .connecting, .following, .campaigning, .overthrowing:
            // A session that broke says nothing yet about the database; one that cannot be made does.
            if failures == 0, case .unreachable = error, !isConnecting {
                failures = 1
                return connect()
            }
            return bar(error, draw)
        }
    }

    private var isConnecting: Bool {
        if case .connecting = state { true } else { false }
    }

    private mutating func bar(_ error: SeatError, _ draw: Draw) -> [Directive] {
        failures = min(failures + 1, 16)
        let full = min(timing.backoff.upperBound, timing.backoff.lowerBound * (1 << (failures - 1)))
        state = .barred(until: draw.now + full / 2 + full / 2 * draw.jitter)
        // The old session is of no use, and its late events must not count.
        link += 1
        let remark = ElectionRemark.cannotStand(error)
        let isNews = outlook != .barred(remark.description)
        outlook = .barred(remark.description)
        return [.disconnect] + (isNews ? [.tell(remark)] : [])
    }

    mutating func heed(_ signal: SeatSignal, _ draw: Draw) -> [Directive] {
        switch (signal, state) {
        case (.broken(let reason), _): return fail(.unreachable(reason), draw)
        case (.leadershipMoved, .following): return campaign(draw)
        case (.leadershipMoved, .campaigning), (.leadershipMoved, .overthrowing):
            mustLookAgain = true
            return []
        case (.leadershipMoved, .leading(let lead)): return lead.beatSince == nil ? beat(lead, draw) : []
        case (.leadershipMoved, _): return []
        }
    }

    // MARK: - The end

    /// A term is given back only once nobody from before can be acting: the next leader relies on that and waits for
    /// nothing. Else the session ends like that of a process that died, and the next leader waits this lease out.
    mutating func shutDown(_ draw: Draw) -> [Directive] {
        let before = state
        outlook = .barred("this process is ending")
        switch before {
        case .leading(let lead) where draw.now >= waitsUntil:
            state = .resigning
            return [.tell(.resigns(lead.tenure.term)), .resign(link: link, lead.tenure.term)]
        case .following, .campaigning, .overthrowing:
            // Should the campaign under way win after all, the term ends with the session, unused.
            state = .resigning
            return [.resign(link: link, nil)]
        case .resigning: return []
        default: return end()
        }
    }

    mutating func end() -> [Directive] {
        state = .ended
        return [.disconnect]
    }
}
