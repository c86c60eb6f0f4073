import Foundation
import PostgresClient
import PostgresFixture
import Testing

/// The client alone: one session, what it says when it fails, and that nobody else waits for it.
@Suite(.enabled(if: TestDatabase.serverDSN != nil, "\(TestDatabase.reason)"), .timeLimit(.minutes(3)))
struct PostgresConnectionTests {
    private func connect(
        _ dsn: String? = nil, name: String = "muster:test", timeout: Duration = .seconds(20)
    ) async throws -> PostgresConnection {
        try await PostgresConnection.connect(
            PostgresDSN(dsn ?? TestDatabase.serverDSN ?? ""), applicationName: name, timeout: timeout)
    }

    @Test func `values go there and back byte for byte`() async throws {
        let connection = try await connect()
        let texts: [String?] = ["", "plain", "two\nlines", "quote\" ' \\ {a,b}", "ünï 🚢", nil, "NULL"]
        let numbers: [Int64?] = [0, -1, .max, .min, nil]
        for text in texts {
            let rows = try await connection.query("SELECT $1::text AS t", [.text(text)])
            #expect(rows[0].text("t") == text)
        }
        for number in numbers {
            #expect(try await connection.query("SELECT $1::bigint AS n", [.bigint(number)])[0].integer("n") == number)
        }
        for flag in [true, false, nil] as [Bool?] {
            #expect(try await connection.query("SELECT $1::bool AS b", [.bool(flag)])[0].bool("b") == flag)
        }
        let rows = try await connection.query(
            "SELECT * FROM unnest($1::text[], $2::bigint[], $3::bool[]) AS u(t, n, b)",
            [.texts(texts), .bigints(numbers), .bools([true, nil])])
        #expect(rows.map { $0.text("t") } == texts)
        #expect(rows.map { $0.integer("n") } == numbers + [nil, nil])
        #expect(rows.map { $0.bool("b") } == [true] + [Bool?](repeating: nil, count: 6))
        #expect(try await connection.query("SELECT unnest($1::text[])", [.texts([])]).isEmpty)
        await connection.close()
    }

    @Test func `a failed statement leaves the session usable and nothing prepared wrongly`() async throws {
        let connection = try await connect()
        for _ in 0..<3 {
            await #expect(throws: PostgresError.self) { try await connection.query("SELECT nonsense") }
            let rows = try await connection.run { session in
                try? session.transaction(.readCommitted) {
                    session.later("SELECT 1")
                    session.later("SELECT 1 / 0")
                    _ = try session.query("SELECT 3")
                }
                return try session.batch([PostgresStatement("SELECT 4 AS n"), PostgresStatement("SELECT 5 AS n")])
            }
            #expect(rows.map { $0[0].integer("n") } == [4, 5])
        }
        do {
            try await connection.query("SELECT 'x'::bigint")
            Issue.record("it was answered")
        } catch {
            guard case .server(let refusal) = error else { throw error }
            #expect(refusal.sqlState == "22P02" && !error.endsSession)
        }
        await connection.close()
    }

    @Test func `a deadline breaks the session off, says so, and the statement is cancelled`() async throws {
        let connection = try await connect(name: "muster:late")
        let watcher = try await connect()
        do {
            try await connection.query("SELECT pg_sleep(60)", timeout: .milliseconds(200))
            Issue.record("it was answered")
        } catch {
            #expect(error == .timedOut("it was given 200 ms", mayHaveHappened: true))
            #expect(error.endsSession && error.isWorthRetrying)
        }
        #expect(await connection.ended() == .timedOut("it was given 200 ms", mayHaveHappened: true))
        try await poll("the statement goes on") {
            try await watcher.query(
                "SELECT 1 FROM pg_stat_activity WHERE pid = $1", [.bigint(Int64(connection.backendPID))]
            ).isEmpty
        }
        await watcher.close()
    }

    @Test func `only a loss under the commit leaves in doubt whether it happened`() async throws {
        let database = try await TestDatabase.make()
        let connection = try await connect(database.dsn)
        try await connection.run { session in
            try session.script(
                """
                CREATE TABLE slow (seconds double precision);
                CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN PERFORM pg_sleep(new.seconds); RETURN new; END $$;
                CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON slow DEFERRABLE INITIALLY DEFERRED
                FOR EACH ROW EXECUTE FUNCTION wait()
                """)
        }
        for (sql, isInDoubt) in [("INSERT INTO slow VALUES (30)", true), ("SELECT pg_sleep(30)", false)] {
            let late = try await connect(database.dsn)
            await #expect(throws: PostgresError.timedOut("it was given 300 ms", mayHaveHappened: isInDoubt)) {
                try await late.run(timeout: .milliseconds(300)) { session in
                    try session.transaction(.readCommitted) { _ = try session.query(sql) }
                }
            }
        }
        #expect(try await connection.query("SELECT 1 FROM slow").isEmpty)
        await connection.close()
        try await database.drop()
    }

    @Test func `a session ended by the server is known without asking, and closing breaks off`() async throws {
        let victim = try await connect(name: "muster:victim")
        let other = try await connect()
        try await other.query("SELECT pg_terminate_backend($1::integer)", [.bigint(Int64(victim.backendPID))])
        guard case .lost = await victim.ended() else {
            Issue.record("it ended otherwise: \(String(describing: victim.end))")
            return
        }
        let sleeping = Task { try await other.query("SELECT pg_sleep(60)", timeout: .seconds(100)) }
        try await Task.sleep(for: .milliseconds(50))
        await other.close()
        await #expect(throws: PostgresError.closed) { try await sleeping.value }
        await #expect(throws: PostgresError.closed) { try await other.query("SELECT 1") }
    }

    @Test func `notifications arrive in order and end with the session`() async throws {
        let listener = try await connect()
        let sender = try await connect()
        let channel = "c\(listener.backendPID)"
        try await listener.query("LISTEN \(channel)")
        for number in 1...3 {
            try await sender.query("SELECT pg_notify($1, $2)", [.text(channel), .text("\(number)")])
        }
        var heard: [String] = []
        for await notification in listener.notifications {
            heard.append(notification.payload)
            if heard.count == 3 { await listener.close() }
        }
        #expect(heard == ["1", "2", "3"])
        await sender.close()
    }

    @Test func `a session is set to durable commits and keeps no zone of the role`() async throws {
        let database = try await TestDatabase.make()
        let connection = try await connect(database.dsn + "%20-csynchronous_commit%3Doff")
        #expect(try await connection.query("SHOW synchronous_commit")[0].text(0) == "on")
        #expect(try await connection.query("SHOW application_name")[0].text(0) == "muster:test")
        await connection.close()
        try await database.drop()
    }

    struct BadDSN: Sendable, CustomTestStringConvertible {
        var note: String
        var text: String
        var testDescription: String { note }
    }

    static let badDSNs: [BadDSN] = [
        BadDSN(note: "no scheme of Postgres", text: "mysql://u:hunter2@h/db"),
        BadDSN(note: "a bare @ in the password", text: "postgresql://u:x@hunter2@127.0.0.1/db"),
        BadDSN(note: "a bare / in the password", text: "postgresql://u:x/hunter2@127.0.0.1/db"),
        BadDSN(note: "a bare / after digits", text: "postgresql://u:55/hunter2@127.0.0.1/db"),
        BadDSN(note: "a bare % in the password", text: "postgresql://u:hunter2%zz@127.0.0.1/db"),
        BadDSN(note: "an unknown parameter", text: "postgresql://u:p@127.0.0.1/db?hunter2=1"),
        BadDSN(note: "more ports than hosts", text: "postgresql://u:hunter2@a:1,b:2/db?port=1,2,3"),
    ]

    @Test(arguments: badDSNs)
    func `a connection string that cannot be meant so is refused without quoting it`(bad: BadDSN) {
        do {
            _ = try PostgresDSN(bad.text)
            Issue.record("it was taken")
        } catch {
            guard case .badDSN = error else {
                Issue.record("\(error)")
                return
            }
            #expect(!error.description.contains("hunter2") && !error.isWorthRetrying)
        }
    }

    @Test func `a server that cannot be reached is said with its place and never with the password`() async throws {
        do {
            _ = try await connect("postgresql://u:hunter2@127.0.0.1:1,[::1]:1/db?sslpassword=hunter2")
            Issue.record("it connected")
        } catch let error as PostgresError {
            #expect(error.isWorthRetrying && error.description.contains("127.0.0.1"))
            #expect(!error.description.contains("hunter2"))
        }
        let dsn = try PostgresDSN("postgresql://u:hunter2@127.0.0.1:1,example:5433/db")
        #expect(dsn.place == "127.0.0.1:1,example:5433/db")
    }
}

/// Waits until `isSo`, which is asked again every 20 ms, at most a minute.
func poll(_ problem: String, _ isSo: () async throws -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(60)
    while try await !isSo() {
        guard ContinuousClock.now < deadline else {
            Issue.record("after a minute: \(problem)")
            return
        }
        try await Task.sleep(for: .milliseconds(20))
    }
}
