import FleetModel
import Leadership
import PostgresFixture
import Testing

/// What becomes of leaders when the database itself goes. Each test has a server of its own.
@Suite(.enabled(if: PostgresServer.isInstalled, "no Postgres server is installed"), .serialized)
struct PostgresOutageTests {
    private func with(
        _ body: (PostgresServer) async throws -> Void
    ) async throws {
        let server = try await PostgresServer.start()
        do {
            try await ElectionDatabase.makeTables(server.dsn())
            try await body(server)
        } catch {
            await server.remove()
            throw error
        }
        await server.remove()
    }

    @Test func aDatabaseThatIsDownAtTheStartBarsUntilItComes() async throws {
        try await with { server in
            try await server.stop(immediately: true)
            let candidate = try Candidate("early", server.dsn())
            try await eventually("it says why") {
                guard case .barred(let text) = candidate.elector.standing else { return false }
                return text.contains("127.0.0.1")
            }
            try await server.start()
            try await eventually("it leads") { candidate.acts }
            await candidate.end()
        }
    }

    @Test func aLeaderWhoseDatabaseCrashesStepsDownWithinItsLeaseAndOneLeadsAfterwards() async throws {
        try await with { server in
            let candidates = try [Candidate("a", server.dsn()), Candidate("b", server.dsn())]
            let umpire = Umpire(candidates)
            try await eventually("one leads") { candidates.acting != nil }
            let leader = try #require(candidates.acting)
            let term = try #require(leader.term)
            try await server.kill()
            let took = try await eventually("the term is over", within: .seconds(3)) {
                !leader.elector.mayDispatch(term)
            }
            #expect(took < .seconds(3))
            try await eventually("both say that the database is away") { candidates.allSatisfy(\.isBarred) }
            #expect(candidates.allSatisfy { !$0.acts })
            try await server.start()
            try await eventually("one leads again") { candidates.acting != nil }
            let next = try #require(candidates.acting)
            #expect([.regained, .released].contains(next.reason))
            try await umpire.sees(2)
            for candidate in candidates { await candidate.end() }
            #expect(umpire.finish().map(\.epoch).last == 2)
        }
    }

    @Test func aServerThatHangsEndsTheTermWithinTheLease() async throws {
        try await with { server in
            let candidate = try Candidate("only", server.dsn())
            try await eventually("it leads") { candidate.acts }
            let term = try #require(candidate.term)
            try server.pause()
            try await eventually("the term is over", within: .seconds(3)) { !candidate.elector.mayDispatch(term) }
            try server.resume()
            try await eventually("it leads again") { candidate.acts }
            #expect((candidate.term?.epoch ?? 0) > term.epoch)
            await candidate.end()
        }
    }

    @Test func onAPromotedStandbyEpochsBeginAtTheNextMillionAndAWholeLeaseIsWaited() async throws {
        try await with { server in
            let standby = try await server.standby()
            let hosts = "127.0.0.1:\(server.port),127.0.0.1:\(standby.port)"
            let dsn = "postgresql://muster@\(hosts)/postgres?target_session_attrs=read-write"
            let candidate = try Candidate("only", dsn)
            try await eventually("it leads") { candidate.acts }
            let before = try #require(candidate.term)
            try await eventually("the standby has the term") {
                let anyServer = standby.dsn(parameters: [("target_session_attrs", "any")])
                let query = "SELECT 1 FROM leadership WHERE epoch = \(before.epoch)"
                return try await PostgresServer.execute([query], dsn: anyServer).count == 1
            }
            try await server.kill()
            try await eventually("the term is over", within: .seconds(3)) { !candidate.elector.mayDispatch(before) }
            try await standby.promote()
            try await eventually("it has a term") { candidate.term != nil }
            #expect(candidate.reason == .promoted)
            #expect(candidate.term?.epoch == 1_000_000)
            // Also after a term of its own: the newest one may be missing, and another's.
            #expect(!candidate.acts)
            try await eventually("it acts") { candidate.acts }
            #expect(!candidate.elector.mayDispatch(before))
            await candidate.end()
            await standby.remove()
        }
    }
}
