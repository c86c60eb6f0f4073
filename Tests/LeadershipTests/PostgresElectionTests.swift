import FleetModel
import Leadership
import PostgresClient
import PostgresFixture
import Store
import StorePostgres
import Testing

/// Candidates with seats of their own on a real server. What whole processes do is in Tests/Chaos.
@Suite(.enabled(if: TestDatabase.serverDSN != nil, Comment(rawValue: TestDatabase.reason)), .serialized)
struct PostgresElectionTests {
    /// What a person would do: the key is the database's and the schema's (docs/leadership.md).
    private static let takeLock = """
        SELECT pg_advisory_lock(1297437780 # (oid::bigint & 2147483647)::integer, 1)::text
        FROM pg_namespace WHERE nspname = current_schema()
        """

    /// Two candidates of which the first leads and the second has seen that.
    private func pair(_ dsn: String, secondDSN: String? = nil) async throws -> (Candidate, Candidate) {
        let first = try Candidate("first", dsn)
        try await eventually("the first leads") { first.acts }
        let second = try Candidate("second", secondDSN ?? dsn)
        try await eventually("the second follows") { second.elector.standing == .following(first.term) }
        return (first, second)
    }

    private func lastElection(_ database: ElectionDatabase) async throws -> (epoch: Int64?, reason: String?) {
        let row = try await database.execute("SELECT epoch, reason FROM elections ORDER BY epoch DESC LIMIT 1").first
        return (row?.integer("epoch"), row?.text("reason"))
    }

    @Test func ofFiveThatStartAtOnceOneLeadsAndTheRestFollowIt() async throws {
        try await ElectionDatabase.with { database in
            let candidates = try (1...5).map { try Candidate("c\($0)", database.dsn) }
            let umpire = Umpire(candidates)
            try await eventually("one leads, and all others know it") {
                guard let leader = candidates.acting, let term = leader.term else { return false }
                return candidates.allSatisfy { $0.id == leader.id || $0.elector.standing == .following(term) }
            }
            let leader = try #require(candidates.acting)
            #expect(leader.reason == .first)
            #expect(leader.term?.epoch == 1)
            let store = try PostgresStore(dsn: database.dsn, instance: "the-test", logger: quiet)
            let topology = try await store.topology()
            #expect(topology.leader == leader.term)
            #expect(Set(topology.instances.map(\.id)) == Set(candidates.map(\.id)))
            #expect(topology.elections.map(\.reason) == ["first"])
            await store.close()
            for candidate in candidates { await candidate.end() }
            #expect(umpire.finish().first?.epoch == 1)
            let left = try await database.execute("SELECT id FROM instances")
            #expect(left.isEmpty)
        }
    }

    @Test func aTermThatIsGivenBackIsTakenAtOnceAndNothingIsWaitedFor() async throws {
        try await ElectionDatabase.with { database in
            let (first, second) = try await pair(database.dsn)
            let umpire = Umpire([first, second])
            let resigning = Task { await first.end() }
            // A lease is 3 s; the bar for the real thing is 1 s.
            let took = try await eventually("the second acts", within: .seconds(2)) { second.acts }
            await resigning.value
            #expect(second.reason == .resigned, "after \(took)")
            try await umpire.sees(2)
            await second.end()
            #expect(umpire.finish().map(\.epoch) == [1, 2])
        }
    }

    @Test func aLeaderWhoseSessionIsEndedStepsDownAndOneLeadsAgain() async throws {
        try await ElectionDatabase.with { database in
            let (first, second) = try await pair(database.dsn)
            let umpire = Umpire([first, second])
            let term = try #require(first.term)
            try await database.execute(
                """
                SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE application_name = '\(PostgresSeat.applicationName(first.id))'
                """)
            try await eventually("the term is over") { !first.elector.mayDispatch(term) }
            try await eventually("one leads") { first.acts || second.acts }
            let found = try await lastElection(database)
            #expect(found.epoch == 2)
            #expect(["regained", "released"].contains(found.reason))
            await first.end()
            await second.end()
            _ = umpire.finish()
        }
    }

    @Test func aLeaderThatStandsStillIsOverthrownAfterItsTrustHasEnded() async throws {
        try await ElectionDatabase.with { database in
            let (first, second) = try await pair(database.dsn)
            let umpire = Umpire([first, second])
            // As the pool's are: to be ended too.
            let pooled = try await PostgresConnection.connect(
                PostgresDSN(database.dsn), applicationName: PostgresStore.applicationName(instance: first.id))
            let term = try #require(first.term)
            first.gate.close()
            let took = try await eventually("the second acts") { second.acts }
            #expect(!first.elector.mayDispatch(term))
            #expect(second.reason == .expired)
            #expect(second.term?.epoch == 2)
            #expect(took > .seconds(2), "the lease before was not waited out")
            #expect(took < .seconds(8))
            try await eventually("its sessions were ended") { pooled.end != nil }
            try await umpire.sees(2)
            first.gate.open()
            try await eventually("the first follows") { first.elector.standing == .following(second.term) }
            await first.end()
            await second.end()
            #expect(umpire.finish().map(\.epoch) == [1, 2])
        }
    }

    @Test func aProcessThatDiesLeavesItsLeaseToBeWaitedOut() async throws {
        try await ElectionDatabase.with { database in
            let (first, second) = try await pair(database.dsn)
            let umpire = Umpire([first, second])
            let term = try #require(first.term)
            let trusting = Task {
                // Asked for as long as another process would go on believing.
                try await eventually("its own window closes") { !first.elector.mayDispatch(term) }
            }
            await first.die()
            try await eventually("the second has the term") { second.term != nil }
            #expect(second.reason == .released)
            #expect(!second.acts)
            try await eventually("the second acts", within: .seconds(8)) { second.acts }
            _ = try await trusting.value
            try await umpire.sees(2)
            await second.end()
            #expect(umpire.finish().map(\.epoch) == [1, 2])
        }
    }

    @Test func aSessionThatItsInstanceHasForsakenIsEnded() async throws {
        try await ElectionDatabase.with { database in
            let zombie = try await PostgresConnection.connect(
                PostgresDSN(database.dsn), applicationName: "muster:gone/1/2")
            try await zombie.query(Self.takeLock)
            let candidate = try Candidate("heir", database.dsn)
            try await eventually("it leads") { candidate.acts }
            try await eventually("the session was ended") { zombie.end != nil }
            await candidate.end()
        }
    }

    @Test func aLockThatAPersonHoldsBarsAllAndIsNamed() async throws {
        try await ElectionDatabase.with { database in
            let person = try await PostgresConnection.connect(PostgresDSN(database.dsn), applicationName: "psql")
            try await person.query(Self.takeLock)
            let candidate = try Candidate("heir", database.dsn)
            try await eventually("it says whose the lock is") {
                guard case .barred(let text) = candidate.elector.standing else { return false }
                return text.contains("\(person.backendPID)") && text.contains("`psql`")
            }
            #expect(person.end == nil)
            await person.close()
            try await eventually("it leads") { candidate.acts }
            await candidate.end()
        }
    }

    @Test func anOpenTransactionOfTheLastLeaderDoesNotKeepTheNextFromLeading() async throws {
        try await ElectionDatabase.with { database in
            let first = try Candidate("first", database.dsn)
            try await eventually("the first leads") { first.acts }
            let pooled = try await PostgresConnection.connect(
                PostgresDSN(database.dsn), applicationName: PostgresStore.applicationName(instance: first.id))
            // A fenced write that stands still, as that of a stopped process does.
            let fenced = Task {
                try await pooled.run(timeout: .seconds(60)) { session in
                    try session.transaction(.readCommitted) {
                        try session.query("SELECT epoch FROM leadership WHERE role = 1 FOR SHARE")
                        try session.query("SELECT pg_sleep(50)")
                    }
                }
            }
            try await eventually("the row is kept") {
                try await database.execute(
                    "SELECT 1 FROM pg_stat_activity WHERE backend_xid IS NOT NULL AND query LIKE '%pg_sleep(50)%'"
                ).count > 0
            }
            await first.die()
            let second = try Candidate("second", database.dsn)
            try await eventually("the second leads") { second.acts }
            await #expect(throws: (any Error).self) { try await fenced.value }
            await pooled.close()
            await second.end()
        }
    }

    @Test func aRoleWithoutRightsOfItsOwnSuffices() async throws {
        try await ElectionDatabase.with { database in
            let role = try await Role.make(database, others: 1)[0]
            let (first, second) = try await pair(role.dsn)
            first.gate.close()
            try await eventually("the second acts") { second.acts }
            #expect(second.reason == .expired)
            await first.end()
            await second.end()
            try await role.drop(database)
        }
    }

    @Test func whoMayNotEndTheLeadersSessionSaysSoAndGoesOnLooking() async throws {
        try await ElectionDatabase.with { database in
            let roles = try await Role.make(database, others: 2)
            let (first, second) = try await pair(roles[0].dsn, secondDSN: roles[1].dsn)
            first.gate.close()
            try await eventually("it says that it may not") {
                guard case .barred(let text) = second.elector.standing else { return false }
                return text.contains("cannot end") && text.contains(first.id)
            }
            #expect(second.term == nil)
            await first.die()
            try await eventually("the second leads") { second.acts }
            await second.end()
            for role in roles { try await role.drop(database) }
        }
    }

    @Test func withoutTablesItIsBarredAndLeadsOnceTheyAreThere() async throws {
        try await ElectionDatabase.with(tables: false) { database in
            let candidate = try Candidate("early", database.dsn)
            try await eventually("it says what is missing") {
                candidate.elector.standing == .barred("the store's tables are not in the database yet")
            }
            try await ElectionDatabase.makeTables(database.dsn)
            try await eventually("it leads") { candidate.acts }
            #expect(candidate.reason == .first)
            await candidate.end()
        }
    }

    @Test func aTermThatTheStoreRefusesIsGivenUpAndStoodForAgain() async throws {
        try await ElectionDatabase.with { database in
            let candidate = try Candidate("only", database.dsn)
            try await eventually("it leads") { candidate.acts }
            let term = try #require(candidate.term)
            candidate.elector.lose(Term(holder: "another", epoch: 9), reason: "not its own")
            #expect(candidate.elector.mayDispatch(term))
            candidate.elector.lose(term, reason: "a newer term exists")
            #expect(!candidate.elector.mayDispatch(term))
            try await eventually("it leads again") { candidate.acts }
            #expect(candidate.term?.epoch == 2)
            #expect(candidate.reason == .regained)
            await candidate.end()
        }
    }

    @Test func overManyFaultsNeverTwoMayAct() async throws {
        try await ElectionDatabase.with { database in
            var generator = SeededGenerator(seed: .random(in: 1...1_000_000))
            var candidates = try (1...3).map { try Candidate("c\($0)", database.dsn, lease: .seconds(2)) }
            let umpire = Umpire(candidates)
            for round in 1...8 {
                try await eventually("round \(round): one acts") { candidates.acting != nil }
                guard let index = candidates.firstIndex(where: \.acts) else { continue }
                let leader = candidates[index]
                let term = leader.term
                switch Int.random(in: 0..<3, using: &generator) {
                case 0:
                    leader.gate.close()
                    try await eventually("round \(round): another acts") {
                        candidates.contains { $0.acts && $0.id != leader.id }
                    }
                    leader.gate.open()
                case 1:
                    try await database.execute(
                        """
                        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                        WHERE application_name = '\(PostgresSeat.applicationName(leader.id))'
                        """)
                    try await eventually("round \(round): the term ends") { leader.term != term }
                default:
                    await leader.end()
                    candidates[index] = try Candidate("r\(round)", database.dsn, lease: .seconds(2))
                    umpire.add(candidates[index])
                }
            }
            for candidate in candidates { await candidate.end() }
            #expect(umpire.finish().count >= 5)
        }
    }

    @Test func theSessionsNameIsTheSameAsTheStores() {
        let id = "a-host-with-a-rather-long-name.example.org/12345/3f2a9c11"
        #expect(PostgresSeat.applicationName(id) == PostgresStore.applicationName(instance: id))
    }
}

/// A role that may use the tables and nothing else.
private struct Role {
    var name: String
    var dsn: String

    static func make(_ database: ElectionDatabase, others count: Int) async throws -> [Role] {
        var roles: [Role] = []
        for _ in 0..<count {
            let name = "r_\(UInt64.random(in: 1 ... .max))"
            try await database.execute(
                "CREATE ROLE \(name) LOGIN", "GRANT ALL ON ALL TABLES IN SCHEMA public TO \(name)")
            roles.append(
                Role(name: name, dsn: database.dsn.replacing("//muster@", with: "//\(name)@", maxReplacements: 1)))
        }
        return roles
    }

    func drop(_ database: ElectionDatabase) async throws {
        try await database.execute("DROP OWNED BY \(name)", "DROP ROLE \(name)")
    }
}
