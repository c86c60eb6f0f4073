import ControlPlane
import FleetModel
import Leadership
import Store
import StoreSQLite
import Synchronization
import Testing

/// The standing of an instance, as the test says it is.
final class ScriptedCandidacy: Candidacy {
    private let state: Mutex<Standing>
    private let lost = Mutex<[Term]>([])

    init(_ standing: Standing) { state = Mutex(standing) }

    var standing: Standing {
        get { state.withLock { $0 } }
        set { state.withLock { $0 = newValue } }
    }

    var lostTerms: [Term] { lost.withLock { $0 } }

    func stand() async -> Standing { standing }
    func mayDispatch(_ term: Term) -> Bool { standing.tenure?.term == term }

    func lose(_ term: Term, reason: String) {
        lost.withLock { $0.append(term) }
        standing = .following(nil)
    }

    func run() async {}
    func resign() async {}
}

/// An instance that does not lead serves everything, decides nothing, and hands on what is asked of it.
@Suite struct FollowerTests {
    /// A leader and a follower over one store and one fleet.
    private struct Pair {
        let leader: Bench
        let follower: Bench

        init(rules: [PolicyRule] = []) throws {
            leader = try Bench(rules: rules)
            follower = try Bench(
                rules: rules, directory: leader.directory, store: leader.store, fleet: leader.fleet,
                candidacy: ScriptedCandidacy(.following(Term(holder: "test/1", epoch: 1))))
        }

        /// The leader ticks until `body` has its answer.
        func whileLeading<T: Sendable>(_ body: @escaping @Sendable () async throws -> T) async throws -> T {
            try await withThrowingTaskGroup(of: T?.self) { group in
                group.addTask { try await body() }
                group.addTask {
                    while !Task.isCancelled {
                        await leader.control.tick()
                        await Task.yield()
                    }
                    return nil
                }
                let answer = try await group.next()
                group.cancelAll()
                return try #require(answer ?? nil)
            }
        }
    }

    private func restart(_ target: String = "api") -> ManualRequest {
        ManualRequest(
            kind: "restart_service", target: target, params: JSONObject(), reason: "because", requestedBy: "ana")
    }

    @Test func `it proposes nothing for what is down, and shows it`() async throws {
        let pair = try Pair(rules: [.test("*", .auto)])
        pair.leader.fleet.set("api", .down(.exited(code: 1)))
        try await pair.follower.settle()
        #expect(try await pair.follower.decisions().isEmpty)
        #expect(pair.leader.fleet.runs.isEmpty)
        let plan = try await pair.follower.control.plan()
        #expect(plan["proposals"]?.array?.first?["target"] == "api")
        let (status, body) = await pair.follower.control.readiness()
        #expect(status == .ready, "\(body)")
        try await pair.leader.settle()
        #expect(pair.leader.fleet.runs.count == 1)
        await pair.leader.close()
    }

    @Test func `what is asked of it the leader decides, and it gives the answer`() async throws {
        let pair = try Pair()
        pair.leader.fleet.set("api", .up)
        await pair.follower.control.tick()
        let control = pair.follower.control
        let answer = try await pair.whileLeading { try await control.propose(restart()) }
        #expect(answer["state"] == "decided")
        #expect(answer["decision"] == "queue_approval")
        #expect(answer["proposal_id"]?.string?.hasPrefix("proposal:") == true)
        let approval = try #require(try await pair.leader.approvals().first)
        #expect(answer["approval_id"] == .string(approval.id))
        #expect(approval.proposal.requestedBy == "ana")
        await pair.leader.close()
    }

    @Test func `without a leader it says that it took the request down, and the next leader decides it once`()
        async throws
    {
        let pair = try Pair()
        pair.leader.fleet.set("api", .up)
        await pair.follower.control.tick()
        let answer = try await pair.follower.control.propose(restart())
        #expect(answer["state"] == "submitted")
        #expect(try await pair.leader.approvals().isEmpty)
        try await pair.leader.settle()
        #expect(try await pair.leader.approvals().map(\.seenCount) == [1])
        await pair.leader.close()
    }

    @Test func `a request that nobody saw for minutes is not carried out`() async throws {
        let pair = try Pair(rules: [.test("*", .auto)])
        pair.leader.fleet.set("api", .up)
        await pair.follower.control.tick()
        let answer = try await pair.follower.control.propose(restart())
        pair.leader.fleet.advance(seconds: 301)
        try await pair.leader.settle()
        #expect(pair.leader.fleet.runs.isEmpty)
        let id = try #require(answer["proposal_id"]?.string)
        let kept = try #require(try await pair.leader.store.submission(id: id))
        #expect(kept.answer?["error"] == "unavailable")
        await pair.leader.close()
    }

    @Test func `what is wrong in itself it refuses at once, what the leader refuses with the leader's word`()
        async throws
    {
        let pair = try Pair(rules: [.test("*", .auto)])
        pair.leader.fleet.set("api", .up)
        await pair.follower.control.tick()
        await #expect(throws: ControlError.unprocessable("`nobody` is not in the registry")) {
            _ = try await pair.follower.control.propose(restart("nobody"))
        }
        #expect(try await pair.leader.store.workingSet().submissions.isEmpty)
        // The leader has read a registry without the service already.
        pair.leader.desired.value = LoadedFile(value: DesiredState(services: [], digest: "d2"))
        let control = pair.follower.control
        await #expect(throws: ControlError.unprocessable("`api` is not in the registry")) {
            _ = try await pair.whileLeading { try await control.propose(restart()) }
        }
        await pair.leader.close()
    }

    @Test func `a vote given to it is carried out by the leader`() async throws {
        let pair = try Pair()
        pair.leader.fleet.set("api", .down(.exited(code: 1)))
        await pair.leader.control.tick()
        await pair.follower.control.tick()
        let id = try #require(try await pair.leader.approvals(.pending).first?.id)
        _ = try await pair.follower.control.vote(approvalID: id, .approved, by: "ana", note: nil)
        #expect(pair.leader.fleet.runs.isEmpty)
        try await pair.leader.settle()
        #expect(pair.leader.fleet.runs.map(\.target) == ["api"])
        await pair.leader.close()
    }

    @Test func `a hold placed on it stops what the leader has planned before the leader looks again`() async throws {
        let pair = try Pair(rules: [.test("*", .auto)])
        pair.leader.fleet.set("api", .down(.exited(code: 1)))
        await pair.follower.control.tick()
        _ = try await pair.follower.control.pause(
            Hold(scope: .fleet, reason: "stop", by: "ana", at: pair.leader.fleet.now))
        let term = try await pair.leader.store.acquireTerm(holder: "other", at: pair.leader.fleet.now)
        let action = Action(
            id: "action:planned-before",
            proposal: Proposal(
                kind: .restartService, target: "api", params: JSONObject(), source: .reconciler, reason: "down"),
            actuator: "docker", dryRun: false, epoch: term.epoch, decisionID: "action_decision:none",
            plannedAt: pair.leader.fleet.now)
        var commit = TickCommit(ledgerHead: 0, at: pair.leader.fleet.now)
        commit.newActions = [action]
        try await pair.leader.store.commit(commit, term: term)
        await #expect(throws: StoreError.conflict("held: fleet by ana: stop")) {
            _ = try await pair.leader.store.claim(
                actionID: action.id, commands: [], at: pair.leader.fleet.now, term: term,
                unlessHeld: action.proposal.scopes(domain: nil))
        }
        await pair.leader.close()
    }

    @Test func `a kill given to it has the leader stop what runs`() async throws {
        let pair = try Pair(rules: [.test("*", .auto)])
        pair.leader.fleet.set("api", .up)
        await pair.follower.control.tick()
        let control = pair.follower.control
        let now = pair.leader.fleet.now
        let answer = try await pair.whileLeading {
            try await control.kill(Hold(scope: .service("api"), reason: "fire", by: "ana", at: now))
        }
        #expect(answer["proposals"]?.array?.first?["decision"] == "allow", "\(answer)")
        try await pair.leader.settle()
        #expect(pair.leader.fleet.runs.map(\.kind) == [.stopService])
        await pair.leader.close()
    }

    @Test func `a leader that a newer term overtook hands on what is asked of it`() async throws {
        let term = Term(holder: "test/2", epoch: 1)
        let tenure = Tenure(term: term, since: WallTime(seconds: 0), reason: .first)
        let candidacy = ScriptedCandidacy(.leading(tenure))
        let leader = try Bench()
        let overtaken = try Bench(
            directory: leader.directory, store: leader.store, fleet: leader.fleet, candidacy: candidacy)
        leader.fleet.set("api", .up)
        await leader.control.tick()
        let answer = try await overtaken.control.propose(restart())
        #expect(answer["state"] == "submitted")
        leader.fleet.set("api", .down(.exited(code: 1)))
        await overtaken.control.tick()
        #expect(candidacy.lostTerms == [term])
        #expect(try await leader.decisions().isEmpty)
        await leader.close()
    }

    @Test func `its stream tells what the leader did`() async throws {
        let pair = try Pair(rules: [.test("*", .auto)])
        pair.leader.fleet.set("api", .up)
        await pair.follower.control.tick()
        let events = await pair.follower.control.stream()
        pair.leader.fleet.set("api", .down(.exited(code: 1)))
        await pair.leader.control.tick()
        await pair.follower.control.tick()
        try await pair.leader.idle()
        await pair.follower.control.tick()
        var seen: [String] = []
        for await event in events where event.name == "action" {
            seen.append(event.data["state"]?.string ?? "")
            if seen.last == "succeeded" { break }
        }
        #expect(seen.last == "succeeded")
        await pair.leader.close()
    }

    @Test func `with nobody leading it is degraded and says why`() async throws {
        let bench = try Bench(candidacy: ScriptedCandidacy(.following(nil)))
        await bench.control.tick()
        let (status, body) = await bench.control.readiness()
        #expect(status == .degraded)
        #expect(body["checks"]?["leadership"]?["message"]?.string?.contains("no instance leads") == true)
        await bench.close()
    }
}
