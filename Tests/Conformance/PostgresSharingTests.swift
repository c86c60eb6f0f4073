import FleetModel
import Glibc
import PostgresClient
import PostgresFixture
import Store
import StorePostgres
import Synchronization
import Testing

/// Several processes on one database: each store here has an instance id and a pool of its own.
@Suite(.enabled(if: TestDatabase.serverDSN != nil, "\(TestDatabase.reason)"), .timeLimit(.minutes(5)))
struct PostgresSharingTests {
    private func withDatabase(_ body: (TestDatabase) async throws -> Void) async throws {
        try await Place.with(.postgres) { place in
            guard case .database(let database) = place else { return }
            try await body(database)
        }
    }

    @Test func `ten stores that start at once make the tables once`() async throws {
        try await withDatabase { database in
            let stores = try (0..<10).map { try PostgresStore(database, instance: "host/\($0)/x", poolSize: 2) }
            let heads = try await withThrowingTaskGroup(of: Int.self) { group in
                for store in stores { group.addTask { try await store.ledgerHead().sequence } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(heads == [Int](repeating: 0, count: 10))
            #expect(try await stores[0].schema() == ["001-spine", "002-leadership", "003-scaling"])
            for store in stores { await store.close() }
        }
    }

    @Test func `tables of a newer Muster are refused untouched`() async throws {
        try await withDatabase { database in
            let first = try PostgresStore(database)
            _ = try await first.revision()
            await first.close()
            try await PostgresServer.execute(
                ["INSERT INTO muster_migrations VALUES (900, '900-from-the-future', now())"], dsn: database.dsn)
            let second = try PostgresStore(database)
            for _ in 0..<2 {
                let refusal = await refusal { _ = try await second.revision() }
                #expect(refusal == .newerSchema(found: "900-from-the-future"))
            }
            await second.close()
        }
    }

    @Test func `a role that owns no more than its schema will do`() async throws {
        let database = try await TestDatabase.make()
        let server = try #require(TestDatabase.serverDSN)
        let schema = try await PostgresServer.execute(["SELECT current_schema()"], dsn: database.dsn)[0].text(0) ?? ""
        try await PostgresServer.execute(
            ["CREATE ROLE \(schema) LOGIN", "ALTER SCHEMA \(schema) OWNER TO \(schema)"], dsn: server)
        let dsn = database.dsn.replacing("//muster@", with: "//\(schema)@")
        let store = try PostgresStore(dsn: dsn, poolSize: 2, instance: "host/1/a", logger: .silent)
        var rows = Rows()
        let term = try await store.acquireTerm(holder: "a", at: rows.now)
        try await store.plan(rows.action(target: "web"), term)
        let identity = try await store.identity()
        #expect(!identity.systemIdentifier.isEmpty && identity.timeline == 1)
        await store.close()
        try await database.drop()
        try await PostgresServer.execute(["DROP ROLE \(schema)"], dsn: server)
    }

    @Test func `what one process writes the other sees, and the revision says so`() async throws {
        try await withDatabase { database in
            let here = try PostgresStore(database, instance: "here"), there = try PostgresStore(database, instance: "t")
            var rows = Rows()
            let term = try await here.acquireTerm(holder: "here", at: rows.now)
            let before = try await there.workingSet()
            #expect(try await there.workingSet().revision == before.revision)
            let approval = try await here.queue(rows.approval(target: "web"), term)
            let after = try await there.workingSet()
            #expect(after.revision > before.revision && after.openApprovals == [approval])
            let topology = try await there.topology()
            #expect(topology.leader == term && topology.elections.map(\.term) == [term])
            await here.close()
            await there.close()
        }
    }

    @Test func `the instances that reported within a day are in the topology`() async throws {
        try await withDatabase { database in
            let store = try PostgresStore(database)
            let term = try await store.acquireTerm(holder: "host/2/b", at: Rows.start)
            try await PostgresServer.execute(
                [
                    """
                    INSERT INTO instances SELECT 'host/' || n || '/' || chr(96 + n), '1.0', 1,
                    (extract(epoch FROM clock_timestamp()) * 1000)::bigint - n * 30000000, 15000, NULL
                    FROM generate_series(1, 3) AS n
                    """
                ], dsn: database.dsn)
            let topology = try await store.topology()
            #expect(topology.instances.map(\.id) == ["host/1/a", "host/2/b"])
            #expect(topology.instances.map(\.isLeader) == [false, true])
            #expect(topology.leader == term)
            try await PostgresServer.execute(["UPDATE leadership SET resigned = true"], dsn: database.dsn)
            #expect(try await store.topology().leader == nil)
            await store.close()
        }
    }

    /// Two processes take terms from each other as fast as they can, while each writes under what it last took. What
    /// was written under an epoch must lie before the taking of the next one, in the order of the store's own commits.
    @Test func `no write of an older term gets in under a race`() async throws {
        try await withDatabase { database in
            let stores = try ["a", "b"].map { try PostgresStore(database, instance: $0) }
            let race = Race()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (index, store) in stores.enumerated() {
                    group.addTask { try await race.run(index, store) }
                }
                try await group.waitForAll()
            }
            #expect(race.newest.withLock { $0 } == 80)
            #expect(race.refused.withLock { $0 } > 0, "the race never happened")
            for store in stores { await store.close() }
        }
    }

    @Test func `a term is not taken while a write under the one before is on its way`() async throws {
        try await withDatabase { database in
            let names = ["old", "new"].map { "\(database.schema)-\($0)" }
            let stores = try names.map { try PostgresStore(database, instance: $0) }
            let term = try await stores[0].acquireTerm(holder: "old", at: Rows.start)
            // Keeps the commit from getting further than its fence.
            let isReleased = Gate(), keeperName = "keeper-\(database.schema)"
            let keeper = try await PostgresConnection.connect(
                PostgresDSN(database.dsn), applicationName: keeperName, timeout: .seconds(30))
            let keeping = Task {
                try await keeper.run(timeout: .seconds(120)) { session in
                    try session.transaction(.readCommitted) {
                        try session.query("SELECT 1 FROM ledger_head FOR UPDATE")
                        while !isReleased.isOpen { usleep(1000) }
                    }
                }
            }
            let watcher = try await PostgresConnection.connect(
                PostgresDSN(database.dsn), applicationName: "watcher", timeout: .seconds(30))
            func waits(_ instance: String, for blocker: String) async throws -> Bool {
                try await !watcher.query(
                    """
                    SELECT 1 FROM pg_stat_activity AS a JOIN pg_stat_activity AS b
                    ON b.pid = ANY (pg_blocking_pids(a.pid)) WHERE a.application_name = $1 AND b.application_name = $2
                    """, [.text(PostgresStore.applicationName(instance: instance)), .text(blocker)]
                ).isEmpty
            }
            try await poll("the head is not locked") {
                try await watcher.query("SELECT 1 FROM ledger_head FOR UPDATE SKIP LOCKED").isEmpty
            }
            let committing = Task { try await stores[0].tick(term) { $0.report = Rows().report("1", at: Rows.start) } }
            try await poll("the commit does not wait") { try await waits(names[0], for: keeperName) }
            let taking = Task { try await stores[1].acquireTerm(holder: "new", at: Rows.start) }
            try await poll("the term is taken over the commit's head") {
                try await waits(names[1], for: PostgresStore.applicationName(instance: names[0]))
            }
            isReleased.open()
            try await keeping.value
            _ = try await committing.value
            #expect(try await taking.value.epoch == term.epoch + 1)
            #expect(try await stores[1].reports(ListQuery()).items.count == 1)
            for store in stores { await store.close() }
            await keeper.close()
            await watcher.close()
        }
    }

    private final class Gate: Sendable {
        private let state = Mutex(false)
        var isOpen: Bool { state.withLock { $0 } }
        func open() { state.withLock { $0 = true } }
    }

    private final class Race: Sendable {
        /// The newest epoch that any taker was answered.
        let newest = Mutex(0)
        let refused = Mutex(0)

        func run(_ index: Int, _ store: PostgresStore) async throws {
            var rows = Rows(seed: UInt64(index + 1))
            for round in 0..<40 {
                let term = try await store.acquireTerm(holder: "\(index)", at: rows.now)
                newest.withLock { $0 = max($0, term.epoch) }
                for write in 0..<3 {
                    let before = newest.withLock { $0 }
                    let action = rows.action(target: "\(index)-\(round)-\(write)")
                    do {
                        try await store.plan(action, term)
                        #expect(before <= term.epoch, "a write of \(term.epoch) began after \(before)")
                        _ = try await store.claim(actionID: action.id, commands: [], at: rows.now, term: term)
                        let end = ActionOutcome(.succeeded, "done")
                        _ = try await store.finish(actionID: action.id, end, at: rows.now, term: term)
                    } catch StoreError.staleTerm(let current) {
                        #expect(current > term.epoch)
                        refused.withLock { $0 += 1 }
                    }
                }
            }
        }
    }

    @Test func `a hold waits for the claims under way, and later claims see it`() async throws {
        try await withDatabase { database in
            let store = try PostgresStore(database)
            var rows = Rows()
            let term = try await store.acquireTerm(holder: "a", at: rows.now)
            let action = try await store.plan(rows.action(target: "web"), term)
            // docs/store.md, Locks.
            let key = "(1297437780 # (SELECT oid FROM pg_namespace WHERE nspname = current_schema())::bigint::integer)"
            // A claim that has looked at the holds and has not committed yet.
            let claimer = try await PostgresConnection.connect(
                PostgresDSN(database.dsn), applicationName: "claimer", timeout: .seconds(30))
            try await claimer.query("SELECT pg_advisory_lock_shared(\(key), 1001)")
            let isPlaced = Mutex(false)
            let hold = Hold(scope: .service("web"), reason: "r", by: "ana", at: rows.now)
            let placing = Task {
                try await store.place(hold)
                isPlaced.withLock { $0 = true }
            }
            try await poll("the hold does not wait") {
                try await claimer.query(
                    "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = 1001 AND NOT granted"
                ).isEmpty == false
            }
            #expect(!isPlaced.withLock { $0 })
            try await claimer.query("SELECT pg_advisory_unlock_shared(\(key), 1001)")
            try await placing.value
            await #expect(throws: StoreError.conflict(hold.asReason)) {
                try await store.claim(
                    actionID: action.id, commands: [], at: rows.now, term: term, unlessHeld: [.fleet, .service("web")])
            }
            #expect(try await store.action(id: action.id)?.state == .planned)
            let other = try await store.claim(
                actionID: action.id, commands: [], at: rows.now, term: term, unlessHeld: [.fleet])
            #expect(other?.state == .executing)
            await claimer.close()
            await store.close()
        }
    }

    @Test func `the pool answers when all its sessions are busy, and goes on afterwards`() async throws {
        var settings = PostgresPool.Settings(
            dsn: try PostgresDSN(try #require(TestDatabase.serverDSN)), applicationName: "muster:pool", size: 2)
        settings.patience = .seconds(5)
        settings.maximumWaiting = 3
        let pool = PostgresPool(settings, prepare: { _ in }, onEvent: { _ in })
        let keeper = try await PostgresConnection.connect(
            settings.dsn, applicationName: "keeper", timeout: .seconds(30))
        let lock = "(\(keeper.backendPID), 2001)"
        try await keeper.query("SELECT pg_advisory_lock\(lock)")
        let busy = (0..<2).map { _ in
            Task {
                try await pool.run(timeout: .seconds(120)) { session in
                    _ = try session.query("SELECT pg_advisory_lock_shared\(lock)")
                }
            }
        }
        try await poll("the sessions are not busy") {
            try await keeper.query(
                "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND classid = $1::bigint::oid AND NOT granted",
                [.bigint(Int64(keeper.backendPID))]
            ).count == 2
        }
        let refusals = await withTaskGroup(of: PostgresError?.self) { group in
            for _ in 0..<6 {
                group.addTask {
                    do {
                        _ = try await pool.run { try $0.query("SELECT 1").count }
                        return nil
                    } catch { return error as? PostgresError }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        let texts = refusals.compactMap { $0?.description }
        #expect(texts.filter { $0.contains("3 requests wait already") }.count == 3)
        #expect(texts.filter { $0.contains("all 2 sessions were busy") }.count == 3)
        try await keeper.query("SELECT pg_advisory_unlock\(lock)")
        for task in busy { try await task.value }
        #expect(try await pool.run { try $0.query("SELECT 1").count } == 1)
        await pool.close()
        await #expect(throws: PostgresError.closed) { try await pool.run { _ in 1 } }
        await keeper.close()
    }
}

/// NOTIFY reaches every session of a database, so these have a server to themselves.
@Suite(
    .enabled(if: PostgresServer.isInstalled, "no Postgres server is installed"), .serialized, .timeLimit(.minutes(3)))
struct PostgresNoticeTests {
    @Test func `each kind of write is told to the others and not to its writer`() async throws {
        let server = try await PostgresServer.start()
        let here = try PostgresStore(dsn: server.dsn(), instance: "host/1/here", logger: .silent)
        let there = try PostgresStore(dsn: server.dsn(), instance: "host/2/there", logger: .silent)
        let heardThere = Heard(there.notices()), heardHere = Heard(here.notices())
        try await heardThere.until("no session is told of", [.change])
        try await heardHere.until("no session is told of", [.change])

        var rows = Rows()
        let term = try await here.acquireTerm(holder: "host/1/here", at: rows.now)
        try await heardThere.until("a term", [.leader])
        let approval = try await here.queue(rows.approval(target: "web"), term)
        try await heardThere.until("a commit", [.change])
        let vote = Vote(by: "ana", decision: .approved, at: rows.now)
        _ = try await here.vote(approvalID: approval.id, vote, allowOwnProposal: false)
        try await heardThere.until("a vote", [.approval])
        let gauge = SignalSample(
            service: "web", signal: "queue_depth", value: 1, unit: "items", aggregation: .fleetTotal,
            source: .pushed(by: "web"), at: rows.now)
        #expect(try await here.keep(gauges: [gauge], at: rows.now) == [true])
        try await heardThere.until("a gauge", [.signal])
        try await here.place(Hold(scope: .fleet, reason: "r", by: "ana", at: rows.now))
        try await heardThere.until("a hold", [.hold])
        try await here.add(
            StoredOverride(id: "o", priority: 1, body: JSONObject(), createdBy: "ana", createdAt: rows.now))
        try await heardThere.until("an override", [.policy])
        try await here.submit(Submission(id: "proposal:1", request: JSONObject(), requestedBy: "ana", at: rows.now))
        try await heardThere.until("a submission", [.proposal])
        #expect(heardHere.taken().isEmpty, "its own notices came back")

        // A session that broke may have missed some.
        try await server.execute(
            """
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE query = 'LISTEN muster' AND application_name = 'muster:host/2/there'
            """)
        try await heardThere.until("a session made anew", [.change])
        _ = try await here.lift(.fleet)
        try await heardThere.until("a lifted hold", [.hold])
        await here.close()
        await there.close()
        #expect(await heardThere.isOver())
        await server.remove()
    }

    /// What a stream of notices has brought.
    private final class Heard: Sendable {
        private let box = Box()
        private let reading: Task<Void, Never>

        init(_ stream: AsyncStream<StoreNotice>) {
            reading = Task { [box] in for await notice in stream { box.notices.withLock { $0.append(notice) } } }
        }

        private final class Box: Sendable {
            let notices = Mutex<[StoreNotice]>([])
        }

        func taken() -> [StoreNotice] {
            box.notices.withLock { notices in
                defer { notices = [] }
                return notices
            }
        }

        /// Waits until `expected` have come since the last call, and nothing else.
        func until(_ what: String, _ expected: [StoreNotice]) async throws {
            try await poll("\(what) was not told") { box.notices.withLock { $0.count >= expected.count } }
            #expect(taken() == expected, "\(what)")
        }

        /// The stream ends with its store.
        func isOver() async -> Bool {
            await reading.value
            return true
        }
    }
}
