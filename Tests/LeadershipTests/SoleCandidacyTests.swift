import FleetModel
import Foundation
import Leadership
import StoreSQLite
import Testing

/// With the embedded store there is nobody to elect against, and the same interface all the same.
@Suite struct SoleCandidacyTests {
    private final class Fixture {
        let directory = NSTemporaryDirectory() + "muster-sole-" + UUID().uuidString
        let store: SQLiteStore
        let candidacy: SoleCandidacy

        init() throws {
            store = try SQLiteStore(directory: directory, now: WallTime(seconds: 1000))
            candidacy = SoleCandidacy(store: store, instance: "host/1", now: { WallTime(seconds: 1000) })
        }

        func remove() async throws {
            await store.close()
            try FileManager.default.removeItem(atPath: directory)
        }
    }

    @Test func itLeadsOnceItStandsAndKeepsItsTerm() async throws {
        let fixture = try Fixture()
        guard case .barred = fixture.candidacy.standing else {
            Issue.record("leads before it stood: \(fixture.candidacy.standing)")
            return
        }
        let tenure = try #require(await fixture.candidacy.stand().tenure)
        #expect(tenure == Tenure(term: Term(holder: "host/1", epoch: 1), since: WallTime(seconds: 1000), reason: .sole))
        #expect(fixture.candidacy.mayDispatch(tenure.term))
        #expect(!fixture.candidacy.mayDispatch(Term(holder: "host/1", epoch: 2)))
        #expect(await fixture.candidacy.stand() == .leading(tenure))
        try await fixture.remove()
    }

    @Test func aTermThatTheStoreRefusedIsOverAndTheNextTickTakesAnother() async throws {
        let fixture = try Fixture()
        let first = try #require(await fixture.candidacy.stand().tenure?.term)
        fixture.candidacy.lose(Term(holder: "host/1", epoch: 9), reason: "another's")
        #expect(fixture.candidacy.mayDispatch(first))
        fixture.candidacy.lose(first, reason: "a newer term exists")
        #expect(!fixture.candidacy.mayDispatch(first))
        #expect(fixture.candidacy.standing == .barred("a newer term exists"))
        let second = try #require(await fixture.candidacy.stand().tenure?.term)
        #expect(second.epoch == 2)
        #expect(fixture.candidacy.mayDispatch(second))
        try await fixture.remove()
    }

    @Test func withoutAStoreItIsBarredAndSaysWhy() async throws {
        let fixture = try Fixture()
        await fixture.store.close()
        guard case .barred(let reason) = await fixture.candidacy.stand() else {
            Issue.record("it leads without a store")
            return
        }
        #expect(reason.contains("not available"))
        try FileManager.default.removeItem(atPath: fixture.directory)
    }

    @Test func atTheEndNothingIsDispatchedAnyMore() async throws {
        let fixture = try Fixture()
        let term = try #require(await fixture.candidacy.stand().tenure?.term)
        await fixture.candidacy.resign()
        #expect(!fixture.candidacy.mayDispatch(term))
        try await fixture.remove()
    }
}
