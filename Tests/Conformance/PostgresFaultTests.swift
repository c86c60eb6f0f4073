import FleetModel
import Foundation
import PostgresClient
import PostgresFixture
import Store
import StorePostgres
import Synchronization
import Testing

/// What happens when the database is away, late, or another one than before: each test has a server to itself.
@Suite(
    .enabled(if: PostgresServer.isInstalled, "no Postgres server is installed"), .serialized, .timeLimit(.minutes(5)))
struct PostgresFaultTests {
    private func withServer(_ body: (PostgresServer) async throws -> Void) async throws {
        let server = try await PostgresServer.start()
        do {
            try await body(server)
        } catch {
            await server.remove()
            throw error
        }
        await server.remove()
    }

    @Test func `a database that is down at start is said at once, and works when it comes`() async throws {
        try await withServer { server in
            try await server.stop()
            let store = try PostgresStore(
                dsn: server.dsn(password: "hunter2"), instance: "host/1/a", logger: .silent)
            for _ in 0..<3 {
                let began = ContinuousClock.now
                guard case .unavailable(let message) = await refusal({ _ = try await store.workingSet() }) else {
                    Issue.record("it was not refused")
                    return
                }
                #expect(message.contains("Connection refused") && !message.contains("hunter2"))
                #expect(began.duration(to: .now) < .seconds(5))
            }
            try await server.start()
            try await poll("the store does not come back") {
                await refusal { _ = try await store.revision() } == nil
            }
            #expect(try await store.schema() == ["001-spine", "002-leadership"])
            await store.close()
        }
    }

    @Test func `a database that is killed under writes loses nothing that was answered`() async throws {
        try await withServer { server in
            let store = try PostgresStore(dsn: server.dsn(), instance: "host/1/a", logger: .silent)
            let term = try await store.acquireTerm(holder: "a", at: Rows.start)
            let isOver = Mutex(false)
            let counts = Mutex((taken: 0, refused: 0))
            let writer = Task {
                var rows = Rows()
                var taken: [String] = []
                while !isOver.withLock({ $0 }) {
                    let (decision, _) = rows.spend(target: "svc-\(taken.count)")
                    do {
                        try await store.tick(term) { $0.decisions = [decision] }
                        taken.append(decision.id)
                        counts.withLock { $0.taken += 1 }
                    } catch StoreError.unavailable {
                        counts.withLock { $0.refused += 1 }
                        try await Task.sleep(for: .milliseconds(5))
                    }
                }
                return taken
            }
            for _ in 0..<3 {
                let before = counts.withLock { $0 }
                try await poll("nothing is written") { counts.withLock { $0.taken } > before.taken + 20 }
                try await server.kill()
                try await poll("nothing is refused") { counts.withLock { $0.refused } > before.refused }
                try await server.start()
            }
            let before = counts.withLock { $0.taken }
            try await poll("nothing is written at last") { counts.withLock { $0.taken } > before }
            isOver.withLock { $0 = true }
            let taken = try await writer.value
            for id in taken { #expect(try await store.decision(id: id) != nil, "\(id) was answered and is lost") }
            guard case .intact = try await LedgerChain.verify(store) else {
                Issue.record("the chain is broken")
                return
            }
            await store.close()
        }
    }

    @Test func `a database that stands still is given up in time, and nobody else waits for it`() async throws {
        try await withServer { server in
            let store = try PostgresStore(
                dsn: server.dsn(), instance: "host/1/a", logger: .silent, allowance: .seconds(1))
            let term = try await store.acquireTerm(holder: "a", at: Rows.start)
            try server.pause()
            let beats = Mutex(0)
            let heart = Task {
                while !Task.isCancelled {
                    beats.withLock { $0 += 1 }
                    try await Task.sleep(for: .milliseconds(10))
                }
            }
            let began = ContinuousClock.now
            // More than the cooperative pool has threads: if one of these held its thread, the heart would stop.
            let refusals = await withTaskGroup(of: StoreError?.self) { group in
                for _ in 0..<12 {
                    group.addTask { await refusal { try await store.tick(term) { _ in } } }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            let waited = began.duration(to: .now)
            heart.cancel()
            for refusal in refusals {
                guard case .unavailable = refusal else {
                    Issue.record("\(String(describing: refusal))")
                    continue
                }
            }
            #expect(waited < .seconds(30))
            #expect(beats.withLock { $0 } > 20)
            try server.resume()
            try await poll("the store does not come back") {
                await refusal { try await store.tick(term) { _ in } } == nil
            }
            await store.close()
        }
    }

    @Test func `a string of hosts skips a closed port and a standby`() async throws {
        try await withServer { server in
            let standby = try await server.standby()
            let hosts = "127.0.0.1:1,127.0.0.1:\(standby.port),127.0.0.1:\(server.port)"
            let dsn = "postgresql://muster@\(hosts)/postgres?target_session_attrs=read-write"
            let store = try PostgresStore(dsn: dsn, instance: "host/1/a", logger: .silent)
            #expect(try await store.acquireTerm(holder: "a", at: Rows.start).epoch == 1)
            await store.close()
            // Also where the string does not ask for it, and then the standby says why not.
            let only = try PostgresStore(dsn: standby.dsn(), instance: "host/1/a", logger: .silent)
            guard case .unavailable(let message) = await refusal({ _ = try await only.revision() }) else {
                Issue.record("a standby was taken")
                return
            }
            #expect(message.contains("read-only"))
            await only.close()
            await standby.remove()
        }
    }

    @Test func `terms of before a promotion are refused after it, and epochs go on far above`() async throws {
        try await withServer { server in
            let standby = try await server.standby()
            let changes = Mutex<[(from: PostgresIdentity, to: PostgresIdentity)]>([])
            let hosts = "127.0.0.1:\(server.port),127.0.0.1:\(standby.port)"
            let store = try PostgresStore(
                dsn: "postgresql://muster@\(hosts)/postgres", instance: "host/1/a", logger: .silent
            ) { from, to in changes.withLock { $0.append((from, to)) } }
            var rows = Rows()
            let term = try await store.acquireTerm(holder: "a", at: rows.now)
            let action = try await store.plan(rows.action(target: "web"), term)
            let reader = try await PostgresConnection.connect(
                PostgresDSN(standby.dsn(parameters: [("target_session_attrs", "any")])), applicationName: "reader")
            try await poll("the standby lags") {
                let rows = try? await reader.query("SELECT 1 FROM actions WHERE id = $1", [.text(action.id)])
                return rows?.isEmpty == false
            }
            await reader.close()
            try await server.kill()
            try await standby.promote()
            try await poll("the store does not come back") { await refusal { _ = try await store.revision() } == nil }
            // The row says the same holder and epoch: only the timeline tells.
            #expect(await refusal { try await store.tick(term) { _ in } } == .staleTerm(current: 1))
            let claim = await refusal {
                _ = try await store.claim(actionID: action.id, commands: [], at: rows.now, term: term)
            }
            #expect(claim == .staleTerm(current: 1))
            let next = try await store.acquireTerm(holder: "a", at: rows.now)
            #expect(next.epoch == 1_000_000)
            try await store.tick(next) { _ in }
            let seen = changes.withLock { $0 }
            #expect(seen.count == 1 && seen.first?.from.timeline == 1 && seen.first?.to.timeline == 2)
            await store.close()
            await standby.remove()
        }
    }

    @Test func `a database that lost its tables is not begun anew by the same process`() async throws {
        try await withServer { server in
            let store = try PostgresStore(dsn: server.dsn(), instance: "host/1/a", logger: .silent)
            _ = try await store.acquireTerm(holder: "a", at: Rows.start)
            try await server.execute("DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
            try await server.stop(immediately: true)
            try await server.start()
            try await poll("the loss is not said") {
                guard case .unavailable(let message) = await refusal({ _ = try await store.revision() }) else {
                    return false
                }
                return message.contains("no tables of Muster any more")
            }
            await store.close()
        }
    }

    @Test(.enabled(if: access("/usr/bin/openssl", X_OK) == 0, "openssl is not installed"))
    func `TLS is verified as the string says`() async throws {
        try await withServer { server in
            let authority = try CertificateAuthority(), other = try CertificateAuthority()
            let pair = try authority.issue(address: "127.0.0.1")
            try server.install("server.crt", pair.certificate)
            try server.install("server.key", pair.key)
            try await server.execute("ALTER SYSTEM SET ssl = on", "SELECT pg_reload_conf()")
            func dsn(_ root: String) -> String {
                server.dsn(parameters: [("sslmode", "verify-full"), ("sslrootcert", root)])
            }
            // The reload takes effect a moment later.
            try await poll("the server does not speak TLS") {
                (try? await PostgresServer.execute(["SELECT 1"], dsn: dsn(authority.path))) != nil
            }
            let rows = try await PostgresServer.execute(
                ["SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"], dsn: dsn(authority.path))
            #expect(rows.first?.bool(0) == true)
            let store = try PostgresStore(dsn: dsn(other.path), instance: "host/1/a", logger: .silent)
            guard case .unavailable(let message) = await refusal({ _ = try await store.revision() }) else {
                Issue.record("a certificate of another authority was taken")
                return
            }
            #expect(message.contains("certificate verify failed"))
            await store.close()
        }
    }
}

/// A certificate authority of a test's own, made by the openssl command.
private struct CertificateAuthority {
    private let directory: TemporaryDirectory

    /// The certificate that a client trusts.
    var path: String { directory.path + "/ca.crt" }

    init() throws {
        directory = try TemporaryDirectory()
        try openssl([
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
            "/CN=muster test", "-keyout", "ca.key", "-out", "ca.crt",
        ])
    }

    func issue(address: String) throws -> (certificate: Data, key: Data) {
        try Data("subjectAltName=IP:\(address)\n".utf8).write(to: URL(fileURLWithPath: directory.path + "/names"))
        try openssl([
            "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=\(address)",
            "-keyout", "server.key", "-out", "server.csr",
        ])
        try openssl([
            "x509", "-req", "-in", "server.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
            "-extfile", "names", "-out", "server.crt",
        ])
        func read(_ name: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: directory.path + name)) }
        return (try read("/server.crt"), try read("/server.key"))
    }

    private func openssl(_ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: directory.path)
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "openssl \(arguments) failed")
    }
}
