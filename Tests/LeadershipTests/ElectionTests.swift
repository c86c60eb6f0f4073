import FleetModel
import Leadership
import Testing

/// One step of the machine at a time: what each event has it do.
@Suite struct ElectionTests {
    /// A machine that is at a certain point of its life, with a lease of 10 s: it trusts itself for 7.5 s, a heartbeat
    /// is due every 2 s.
    private struct Bench {
        var election = Election(instance: "me", timing: ElectionTiming(lease: .seconds(10)))
        var last: [Election.Directive] = []

        /// At so many milliseconds.
        mutating func send(_ event: Election.Event, at milliseconds: Int64, jitter: Double = 0) {
            last = election.handle(event, at: Bench.moment(milliseconds), jitter: jitter)
        }

        static func moment(_ milliseconds: Int64) -> BootTime { BootTime(nanoseconds: milliseconds * 1_000_000) }

        /// Without the timer, announcements and remarks.
        var work: [Election.Directive] {
            last.filter { directive in
                switch directive {
                case .setTimer, .announce, .tell: false
                default: true
                }
            }
        }

        var timer: BootTime? {
            last.compactMap { if case .setTimer(let moment) = $0 { moment } else { nil } }.last
        }

        var announced: Standing? {
            last.compactMap { if case .announce(let standing) = $0 { standing } else { nil } }.last
        }

        func acts(_ epoch: Int, at milliseconds: Int64) -> Bool {
            election.mayDispatch(Term(holder: "me", epoch: epoch), at: Bench.moment(milliseconds))
        }

        /// Connected at 0; its first campaign is under way since then.
        static func campaigning() -> Bench {
            var bench = Bench()
            bench.send(.start, at: 0)
            bench.send(.connected(link: 1), at: 0)
            return bench
        }

        static func following(_ lost: Lost = Election.lost()) -> Bench {
            var bench = campaigning()
            bench.send(.campaigned(link: 1, .lost(lost)), at: 100)
            return bench
        }

        /// Leads epoch 5 since a campaign from 0 to 100.
        static func leading(after predecessor: Sighting? = nil) -> Bench {
            var bench = campaigning()
            bench.send(.campaigned(link: 1, .won(Election.won(5, predecessor))), at: 100)
            return bench
        }
    }

    // MARK: - Standing for it

    @Test func itConnectsCampaignsAndFollowsWhoLeads() {
        var bench = Bench()
        bench.send(.start, at: 0)
        #expect(bench.work == [.connect(link: 1)])
        #expect(bench.announced == .barred("there is no connection to the database yet"))
        bench.send(.connected(link: 1), at: 5)
        #expect(bench.work == [.campaign(link: 1, Campaign())])
        bench.send(.campaigned(link: 1, .lost(Election.lost())), at: 10)
        #expect(bench.work == [])
        #expect(bench.announced == .following(Term(holder: "other", epoch: 4)))
        #expect(bench.timer == Bench.moment(10) + .seconds(10) / 12)
    }

    @Test func itLooksAgainAfterItsPeriodAndUpToAQuarterMore() {
        var bench = Bench.campaigning()
        bench.send(.campaigned(link: 1, .lost(Election.lost())), at: 0, jitter: 1)
        #expect(bench.timer == Bench.moment(0) + .seconds(10) / 12 * 1.25)
        bench.send(.timer, at: 1000)
        #expect(bench.work == [])
        bench.send(.timer, at: 1050)
        #expect(bench.work == [.campaign(link: 1, Campaign())])
    }

    @Test func aNoticeHasItLookAtOnceOrOnceMore() {
        var bench = Bench.following()
        bench.send(.signalled(link: 1, .leadershipMoved), at: 200)
        #expect(bench.work == [.campaign(link: 1, Campaign())])
        // While an attempt is under way its answer may be older than the notice.
        bench.send(.signalled(link: 1, .leadershipMoved), at: 201)
        #expect(bench.work == [])
        bench.send(.campaigned(link: 1, .lost(Election.lost())), at: 210)
        #expect(bench.work == [.campaign(link: 1, Campaign())])
        bench.send(.campaigned(link: 1, .lost(Election.lost())), at: 220)
        #expect(bench.work == [])
    }

    struct Wait: Sendable, CustomTestStringConvertible {
        var note: String
        /// Seen by an earlier look, at 100 ms.
        var seen: Int64?
        var heartbeat: Int64?
        var age: Duration
        var lease: Duration
        /// From when it may act; it wins at 1,000 ms.
        var acts: Int64

        var testDescription: String { note }
    }

    @Test(arguments: [
        Wait(
            note: "seen early: a lease from then", seen: 7, heartbeat: 7, age: .milliseconds(1000), lease: .seconds(5),
            acts: 5100),
        Wait(
            note: "never seen: a whole lease, however old it looks", heartbeat: 8, age: .seconds(3600),
            lease: .seconds(5), acts: 6000),
        Wait(note: "another than the one seen", seen: 7, heartbeat: 8, age: .zero, lease: .seconds(5), acts: 6000),
        Wait(
            note: "from the future: no more than a lease", seen: 7, heartbeat: 7, age: .seconds(-99),
            lease: .seconds(5), acts: 6000),
        Wait(
            note: "not to be known: a whole lease, the longer one", heartbeat: nil, age: .seconds(99),
            lease: .seconds(5), acts: 11_000),
    ])
    func itWaitsUntilTheLeaseBeforeHasSurelyEnded(wait: Wait) {
        var bench = Bench.campaigning()
        let sighting = { (heartbeat: Int64?) in
            Sighting(
                term: Term(holder: "other", epoch: 4), heartbeat: heartbeat.map { WallTime(milliseconds: $0) },
                age: wait.age, lease: wait.lease)
        }
        if let seen = wait.seen {
            let blocker = Blocker.instance("other", heartbeatAge: .zero, lease: wait.lease)
            bench.send(.campaigned(link: 1, .lost(Lost(leader: sighting(seen), blocker: blocker))), at: 100)
            bench.send(.signalled(link: 1, .leadershipMoved), at: 950)
        }
        let since: Int64 = wait.seen == nil ? 0 : 950
        bench.send(.campaigned(link: 1, .won(Election.won(5, sighting(wait.heartbeat)))), at: 1000)
        #expect(bench.announced?.tenure?.term.epoch == 5)
        // Heartbeats keep the trust open meanwhile.
        var at = since
        while at + 2000 < wait.acts {
            at = max(at + 2000, 1001)
            bench.send(.timer, at: at)
            #expect(bench.work == [.beat(link: 1, Term(holder: "me", epoch: 5))])
            bench.send(.beaten(link: 1, .kept), at: at)
        }
        #expect(!bench.acts(5, at: wait.acts - 1))
        #expect(bench.acts(5, at: wait.acts))
        bench.send(.timer, at: wait.acts)
        #expect(bench.announced?.tenure?.term.epoch == 5, "the loop is woken when the wait is over")
    }

    @Test func nothingIsWaitedForAfterATermGivenBackOrOnesOwn() {
        #expect(Bench.leading(after: nil).acts(5, at: 100))
        var bench = Bench.leading(after: nil)
        bench.send(.refused(Term(holder: "me", epoch: 5), "stale"), at: 200)
        bench.send(.connected(link: 2), at: 210)
        #expect(bench.work == [.campaign(link: 2, Campaign(ownTerm: Term(holder: "me", epoch: 5)))])
        bench.send(.campaigned(link: 2, .won(Election.won(6, Election.sighting("me", 5)))), at: 220)
        #expect(bench.acts(6, at: 220))
        #expect(!bench.acts(5, at: 220))
    }

    @Test func whatIsLeftToWaitOutGoesOverToTheNextOwnTerm() {
        var bench = Bench.leading(after: Election.sighting("other", 4))
        #expect(!bench.acts(5, at: 200))
        bench.send(.refused(Term(holder: "me", epoch: 5), "stale"), at: 200)
        bench.send(.connected(link: 2), at: 210)
        bench.send(.campaigned(link: 2, .won(Election.won(6, Election.sighting("me", 5)))), at: 6000)
        #expect(!bench.acts(6, at: 6000))
        bench.send(.timer, at: 7000)
        bench.send(.beaten(link: 2, .kept), at: 7000)
        #expect(!bench.acts(6, at: 10_099))
        #expect(bench.acts(6, at: 10_100))
    }

    @Test func aPromotedDatabaseIsWaitedForAlsoWhereItNamesAnOwnTerm() {
        var bench = Bench.leading()
        bench.send(.refused(Term(holder: "me", epoch: 5), "stale"), at: 200)
        bench.send(.connected(link: 2), at: 210)
        var sighting = Election.sighting("me", 5)
        sighting.heartbeat = nil
        bench.send(.campaigned(link: 2, .won(Election.won(1_000_000, sighting))), at: 220)
        #expect(!bench.acts(1_000_000, at: 5000))
    }

    // MARK: - What is in the way

    struct Obstacle: Sendable, CustomTestStringConvertible {
        var note: String
        var blocker: Blocker
        var isEnded: Bool

        var testDescription: String { note }
    }

    @Test(arguments: [
        Obstacle(
            note: "a heart that beats", blocker: .instance("other", heartbeatAge: .seconds(10), lease: .seconds(10)),
            isEnded: false),
        Obstacle(
            note: "one older than its own lease",
            blocker: .instance("other", heartbeatAge: .milliseconds(3001), lease: .seconds(3)), isEnded: true),
        Obstacle(note: "a session that was replaced", blocker: .forsaken(pid: 7, name: "muster:me"), isEnded: true),
        Obstacle(note: "a write of the last leader", blocker: .row("other"), isEnded: true),
        Obstacle(note: "a write of its own", blocker: .row("me"), isEnded: false),
        Obstacle(note: "somebody's psql", blocker: .foreign(pid: 7, name: "psql"), isEnded: false),
    ])
    func onlyWhatIsDeadIsEnded(obstacle: Obstacle) {
        let bench = Bench.following(Election.lost(obstacle.blocker))
        #expect(bench.work == (obstacle.isEnded ? [.overthrow(link: 1, obstacle.blocker)] : []))
    }

    @Test func afterAnOverthrowItCampaignsAtOnceAndGivesTheServerTimeBeforeTheNext() {
        let dead = Blocker.instance("other", heartbeatAge: .seconds(11), lease: .seconds(10))
        var bench = Bench.following(Election.lost(dead))
        bench.send(.overthrown(link: 1, .ended(3)), at: 110)
        #expect(bench.work == [.campaign(link: 1, Campaign(overthrown: "other"))])
        // The session is not gone yet.
        bench.send(.campaigned(link: 1, .lost(Election.lost(dead))), at: 120)
        #expect(bench.work == [])
        #expect(bench.timer == Bench.moment(170))
        bench.send(.timer, at: 170)
        #expect(bench.work == [.campaign(link: 1, Campaign(overthrown: "other"))])
        bench.send(.campaigned(link: 1, .lost(Election.lost(dead))), at: 180)
        #expect(bench.work == [.overthrow(link: 1, dead)])
    }

    @Test func anOverthrowThatIsNotPermittedIsSaidOnceAndLookingGoesOn() {
        let dead = Blocker.instance("other", heartbeatAge: .seconds(11), lease: .seconds(10))
        var bench = Bench.following(Election.lost(dead))
        bench.send(.overthrown(link: 1, .notPermitted("permission denied")), at: 110)
        guard case .barred(let text)? = bench.announced else {
            Issue.record("\(bench.last)")
            return
        }
        #expect(text.contains("permission denied"))
        #expect(bench.timer != nil)
    }

    // MARK: - Leading

    @Test func trustIsCountedFromWhereTheExchangeBeganNotFromItsAnswer() {
        var bench = Bench.leading()
        #expect(bench.acts(5, at: 7499))
        #expect(!bench.acts(5, at: 7500))
        #expect(bench.timer == Bench.moment(2000))
        bench.send(.timer, at: 2000)
        #expect(bench.work == [.beat(link: 1, Term(holder: "me", epoch: 5))])
        #expect(bench.timer == Bench.moment(7500))
        bench.send(.beaten(link: 1, .kept), at: 3900)
        #expect(bench.acts(5, at: 9499))
        #expect(!bench.acts(5, at: 9500))
        #expect(bench.timer == Bench.moment(4000))
    }

    struct End: Sendable, CustomTestStringConvertible {
        var note: String
        var event: Election.Event
        var at: Int64

        var testDescription: String { note }
    }

    @Test(arguments: [
        End(note: "the window closes", event: .timer, at: 7500),
        End(note: "it stood still, and a heartbeat is confirmed late", event: .beaten(link: 1, .kept), at: 7500),
        End(
            note: "another has the term", event: .beaten(link: 1, .lost(.displaced(by: Term(holder: "x", epoch: 6)))),
            at: 2100),
        End(note: "another database", event: .beaten(link: 1, .lost(.otherDatabase)), at: 2100),
        End(note: "a heartbeat fails", event: .failed(link: 1, .unreachable("no answer")), at: 2100),
        End(note: "the server refuses it", event: .failed(link: 1, .refused("read-only")), at: 2100),
        End(note: "the session breaks", event: .signalled(link: 1, .broken("gone")), at: 2100),
        End(note: "the store refuses a write", event: .refused(Term(holder: "me", epoch: 5), "stale"), at: 2100),
    ])
    func atTheFirstDoubtTheTermIsOverForGood(end: End) {
        var bench = Bench.leading()
        bench.send(.timer, at: 2000)
        bench.send(end.event, at: end.at)
        #expect(bench.work == [.connect(link: 2)])
        #expect(bench.announced == .following(nil))
        #expect(!bench.acts(5, at: end.at))
        // An answer that was under way changes nothing.
        bench.send(.beaten(link: 1, .kept), at: end.at + 1)
        #expect(bench.work == [])
        #expect(!bench.acts(5, at: end.at + 1))
    }

    @Test func aStaleTermOfAnotherTimeIsNoDoubt() {
        var bench = Bench.leading()
        bench.send(.refused(Term(holder: "me", epoch: 4), "stale"), at: 200)
        #expect(bench.work == [])
        #expect(bench.acts(5, at: 200))
    }

    @Test func aTermWhoseAnswerCameTooLateIsGivenUpUnused() {
        var bench = Bench.campaigning()
        bench.send(.campaigned(link: 1, .won(Election.won(5, nil))), at: 7500)
        #expect(bench.work == [.connect(link: 2)])
        #expect(bench.announced == .following(nil))
    }

    // MARK: - What breaks, and the end

    @Test func aBrokenSessionIsMadeAnewAtOnceAndThenEverLater() {
        var bench = Bench.following()
        bench.send(.signalled(link: 1, .broken("gone")), at: 200)
        #expect(bench.work == [.connect(link: 2)])
        #expect(bench.announced == nil, "that alone says nothing about the database")
        var waits: [Duration] = []
        var at: Int64 = 200
        for link in 2...9 {
            bench.send(.failed(link: bench.election.link, .unreachable("refused")), at: at, jitter: 0.99)
            #expect(bench.work == [.disconnect])
            if link == 2 { #expect(bench.announced == .barred("refused")) }
            guard let timer = bench.timer else { return }
            waits.append(timer - Bench.moment(at))
            at = timer.nanoseconds / 1_000_000 + 1
            bench.send(.timer, at: at)
            #expect(bench.work == [.connect(link: bench.election.link)])
        }
        #expect(waits == waits.sorted())
        #expect(waits.allSatisfy { $0 <= .seconds(2) })
        #expect(waits.last! > .milliseconds(1900))
    }

    @Test func atItsEndItGivesTheTermBackAndThenLetsGo() {
        var bench = Bench.leading()
        bench.send(.shutdown, at: 300)
        #expect(bench.work == [.resign(link: 1, Term(holder: "me", epoch: 5))])
        #expect(!bench.acts(5, at: 300), "trust ends first")
        bench.send(.resigned(link: 1), at: 310)
        #expect(bench.work == [.disconnect])
        #expect(bench.election.isOver)
        bench.send(.start, at: 320)
        #expect(bench.work == [])
    }

    @Test func aTermUnderWhichALeaseIsStillWaitedOutIsNotGivenBack() {
        var bench = Bench.leading(after: Election.sighting("other", 4))
        bench.send(.shutdown, at: 300)
        #expect(bench.work == [.disconnect])
        #expect(bench.election.isOver)
    }

    @Test func whoDoesNotLeadTakesItselfOffTheListAndWhoHasNoSessionJustEnds() {
        var follower = Bench.following()
        follower.send(.shutdown, at: 300)
        #expect(follower.work == [.resign(link: 1, nil)])
        follower.send(.failed(link: 1, .unreachable("no answer")), at: 310)
        #expect(follower.work == [.disconnect])
        var campaigner = Bench.campaigning()
        campaigner.send(.shutdown, at: 10)
        #expect(campaigner.work == [.resign(link: 1, nil)])
        campaigner.send(.campaigned(link: 1, .won(Election.won(5, nil))), at: 20)
        #expect(!campaigner.acts(5, at: 20))
        campaigner.send(.resigned(link: 1), at: 30)
        #expect(campaigner.work == [.disconnect])
        var connecting = Bench()
        connecting.send(.start, at: 0)
        connecting.send(.shutdown, at: 10)
        #expect(connecting.work == [.disconnect])
    }
}

extension Election {
    fileprivate static func sighting(_ holder: String, _ epoch: Int) -> Sighting {
        Sighting(
            term: Term(holder: holder, epoch: epoch), heartbeat: WallTime(milliseconds: 1), age: .zero,
            lease: .seconds(10))
    }

    fileprivate static func lost(
        _ blocker: Blocker = .instance("other", heartbeatAge: .seconds(1), lease: .seconds(10))
    ) -> Lost {
        Lost(leader: sighting("other", 4), blocker: blocker)
    }

    fileprivate static func won(_ epoch: Int, _ predecessor: Sighting?) -> Won {
        let tenure = Tenure(
            term: Term(holder: "me", epoch: epoch), since: WallTime(milliseconds: 0), reason: .released)
        return Won(tenure: tenure, predecessor: predecessor)
    }
}
