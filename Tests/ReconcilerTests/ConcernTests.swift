import FleetModel
import Reconciler
import Testing

/// What stands between a divergence and a proposal: holds, actions, dependencies, dry runs.
@Suite struct ConcernTests {
    private let exited = container(.down(.exited(code: 1)))
    private let held = Hold(scope: .domain("data"), reason: "migration", by: "ada", at: now)

    private func plan(
        _ services: [ServiceSpec], _ observations: [Observation], _ history: History = History()
    ) -> Plan {
        Reconciler.plan(desired(services), snapshot(observations), history, now: now)
    }

    private func restart(_ spec: ServiceSpec = service(), seen: Observation? = nil) -> Proposal {
        Proposal(
            kind: .restartService, target: spec.name, source: .reconciler, reason: "",
            desiredDigest: spec.digest, evidence: (seen ?? exited).evidence)
    }

    // MARK: - Hosts

    @Test("what was seen on the host that an earlier registry named is no evidence for the one it names now")
    func otherHost() throws {
        let old = DockerEndpoint(name: "old", url: try DockerURL("ssh://old"))
        let new = DockerEndpoint(name: "new", url: try DockerURL("ssh://new"))
        for (seenOn, wantedOn, isEvidence) in [
            (old, new, false), (old, nil, false), (nil, new, false), (new, new, true), (nil, nil, true),
        ] as [(DockerEndpoint?, DockerEndpoint?, Bool)] {
            for condition in [Condition.down(.exited(code: 1)), .absent, .up] {
                var spec = service(runtime: .container, desired: condition == .up ? .stopped : .running)
                spec.endpoint = wantedOn
                var seen = condition == .absent ? absent() : container(condition)
                seen.endpoint = seenOn
                let outcome = plan([spec], [seen]).outcomes
                #expect(outcome == [isEvidence ? .proposed(0) : .unknown(.stale)], "\(condition)")
            }
        }
    }

    // MARK: - Holds

    @Test(
        "a held service is listed as held, diverging or not, seen or not",
        arguments: [
            container(.up), container(.down(.exited(code: 1))), container(.unknown(.stale)), nil,
        ])
    func held(_ seen: Observation?) {
        let history = History(holds: HoldSet([held], at: now))
        let plan = plan([service(domain: "data")], [seen].compactMap { $0 }, history)
        #expect(plan.outcomes == [.held(held)])
        #expect(plan.proposals.isEmpty)
    }

    @Test("a hold covers its scope and nothing else")
    func scope() {
        let history = History(holds: HoldSet([held], at: now))
        let seen = [container(.down(.dead), "a"), container(.down(.dead), "b")]
        let plan = plan([service("a", domain: "data"), service("b", domain: "web")], seen, history)
        #expect(plan.outcomes == [.held(held), .proposed(0)])
    }

    @Test("a hold that has ended holds no longer, even in a set made earlier")
    func endedHold() {
        var hold = held
        hold.until = now
        let history = History(holds: HoldSet([hold], at: now.adding(seconds: -1)))
        #expect(plan([service(domain: "data")], [exited], history).outcomes == [.proposed(0)])
    }

    // MARK: - Actions

    @Test(
        "an open action is in flight, and its proposal is shown as underway",
        arguments: [
            ActionState.planned, .executing,
        ])
    func inFlight(_ state: ActionState) {
        let open = action(restart(), state: state)
        let plan = plan([service()], [exited], History(openActions: ["api": open]))
        #expect(plan.outcomes == [.inFlight(actionID: "action:1", kind: .restartService, state: state)])
        #expect(plan.proposals.isEmpty)
        #expect(plan.underway.map(\.consentDigest) == [open.proposal.consentDigest])
    }

    @Test("a recovered service is in sync, and the action planned for it is not underway any more")
    func recovered() {
        let plan = plan(
            [service()], [container(.up)], History(openActions: ["api": action(restart(), state: .planned)]))
        #expect(plan.outcomes == [.inSync])
        #expect(plan.underway.isEmpty)
    }

    @Test("an open action whose dependency went down is in flight but not underway")
    func underwayWaits() {
        let spec = service(dependsOn: ["db"])
        let history = History(openActions: ["api": action(restart(spec), state: .planned)])
        let plan = plan([spec, service("db")], [exited, container(.down(.dead), "db")], history)
        #expect(plan.outcomes[0] == .inFlight(actionID: "action:1", kind: .restartService, state: .planned))
        #expect(plan.underway.isEmpty)
    }

    @Test("an action whose outcome is unknown blocks until it is settled")
    func unsettled() {
        let history = History(openActions: ["api": action(restart(), state: .unknown)])
        let plan = plan([service()], [exited], history)
        #expect(plan.outcomes == [.blocked(.unsettled(actionID: "action:1"))])
        #expect(plan.underway.isEmpty)
    }

    @Test(
        "evidence not newer than the last action's end says nothing",
        arguments: [
            (now.adding(milliseconds: 1), Outcome.unknown(.beforeLastAction)),
            (now, .unknown(.beforeLastAction)),
            (now.adding(milliseconds: -1), .proposed(0)),
        ])
    func beforeLastAction(_ finishedAt: WallTime, _ expected: Outcome) {
        let last = action(restart(), state: .failed, finishedAt: finishedAt)
        #expect(plan([service()], [exited], History(lastActions: ["api": last])).outcomes == [expected])
    }

    @Test("it is the oldest datum that has to be newer: one of three failed probes from before proves nothing")
    func oldestDatum() {
        var seen = container(.down(.probeFailed("refused")))
        seen.since = now.adding(seconds: -30)
        let last = action(restart(), state: .succeeded, finishedAt: now.adding(seconds: -20))
        let plan = plan([service()], [seen], History(lastActions: ["api": last]))
        #expect(plan.outcomes == [.unknown(.beforeLastAction)])
    }

    @Test("a service in sync stays in sync, however old the evidence")
    func inSyncBeforeLastAction() {
        let last = action(restart(), state: .succeeded, finishedAt: now.adding(seconds: 5))
        #expect(plan([service()], [container(.up)], History(lastActions: ["api": last])).outcomes == [.inSync])
    }

    // MARK: - Dry run

    @Test("what dry run has done is not proposed again while nothing has changed")
    func doneInDryRun() {
        let finishedAt = now.adding(seconds: 5)
        let last = action(restart(), state: .succeeded, dryRun: true, finishedAt: finishedAt)
        let plan = plan([service()], [exited], History(lastActions: ["api": last]))
        #expect(plan.outcomes == [.blocked(.doneInDryRun(actionID: "action:1", at: finishedAt))])
        #expect(plan.proposals.isEmpty)
    }

    @Test("a dry run of another wish, other evidence or that failed does not count")
    func otherDryRun() {
        var otherEvidence = restart()
        otherEvidence.evidence = "container c-other down example/api:1.4.2"
        var otherWish = restart()
        otherWish.desiredDigest = "before the registry changed"
        let lasts = [
            action(otherEvidence, state: .succeeded, dryRun: true, finishedAt: now),
            action(otherWish, state: .succeeded, dryRun: true, finishedAt: now),
            action(restart(), state: .failed, dryRun: true, finishedAt: now),
        ]
        for last in lasts {
            #expect(plan([service()], [exited], History(lastActions: ["api": last])).outcomes == [.proposed(0)])
        }
    }

    // MARK: - Dependencies

    @Test(
        "restart, deploy and scale wait for what they depend on",
        arguments: [
            (service(dependsOn: ["db"]), container(.down(.dead))),
            (service(runtime: .container, dependsOn: ["db"]), absent()),
            (service(version: "2", dependsOn: ["db"]), container(.up)),
            (service(replicas: 3, dependsOn: ["db"]), swarm(.up)),
        ])
    func waits(_ spec: ServiceSpec, _ seen: Observation) {
        let down = plan([spec, service("db")], [seen, container(.down(.dead), "db")])
        #expect(down.outcomes == [.waiting(on: "db", condition: .down(.dead)), .proposed(0)])
        let up = plan([spec, service("db")], [seen, container(.up, "db")])
        #expect(up.outcomes == [.proposed(0), .inSync])
    }

    @Test("a dependency that nobody saw, in the registry or not, is not up")
    func unseenDependency() {
        let spec = service(dependsOn: ["db"])
        let waiting = Outcome.waiting(on: "db", condition: .unknown(.notObserved))
        #expect(plan([spec], [exited]).outcomes == [waiting])
        #expect(plan([spec, service("db")], [exited]).outcomes == [waiting, .unknown(.notObserved)])
    }

    @Test("stopping waits for nobody")
    func stopDoesNotWait() {
        let spec = service(desired: .stopped, dependsOn: ["db"])
        #expect(plan([spec], [container(.up)]).outcomes == [.proposed(0)])
    }

    @Test("all dependencies have to be up; the first that is not is named")
    func firstDependency() {
        let spec = service(dependsOn: ["a", "b", "c"])
        let seen = [exited, container(.up, "a"), container(.down(.paused), "b"), container(.down(.dead), "c")]
        #expect(plan([spec], seen).outcomes == [.waiting(on: "b", condition: .down(.paused))])
    }

    // MARK: - The pass

    @Test("observations of no service of the registry are passed over")
    func strangers() {
        let seen = ["a", "api", "b", "zz"].map { container(.down(.dead), $0) }
        let plan = plan([service("b"), service("api"), service("q")], seen)
        #expect(plan.proposals.map(\.target) == ["api", "b"])
        #expect(plan.outcomes == [.proposed(0), .proposed(1), .unknown(.notObserved)])
    }
}
