import FleetModel
import Foundation
import GRDB
import Store
import StoreSQLite
import Testing

@Suite struct SQLiteOwnershipTests {
    @Test func `a second owner is refused and told who has it`() async throws {
        let directory = try TemporaryDirectory()
        let store = try SQLiteStore(directory: directory.path, now: Rows.start)
        guard case .locked(let holder) = openingRefusal(directory.path) else {
            Issue.record("it was opened twice")
            return
        }
        #expect(holder.hasPrefix("process \(getpid()) on "))
        #expect(holder.hasSuffix(", since 2027-01-15T08:00:00.123Z"))
        await store.close()
        let next = try SQLiteStore(directory: directory.path, now: Rows.start)
        await next.close()
    }

    @Test func `a lock file left behind by a dead process means nothing`() async throws {
        let directory = try TemporaryDirectory()
        try Data("process 1 on elsewhere, since yesterday and a much longer text than the next one\n".utf8)
            .write(to: URL(fileURLWithPath: directory.path + "/muster.lock"))
        let store = try SQLiteStore(directory: directory.path, now: Rows.start)
        let text = try String(contentsOfFile: directory.path + "/muster.lock", encoding: .utf8)
        #expect(text.hasPrefix("process \(getpid()) on ") && text.hasSuffix(".123Z\n"))
        await store.close()
    }

    @Test func `a child process does not inherit the lock`() async throws {
        let directory = try TemporaryDirectory()
        let store = try SQLiteStore(directory: directory.path, now: Rows.start)
        let child = Process()
        child.executableURL = URL(fileURLWithPath: "/bin/sleep")
        child.arguments = ["30"]
        try child.run()
        defer {
            child.terminate()
            child.waitUntilExit()
        }
        await store.close()
        let next = try SQLiteStore(directory: directory.path, now: Rows.start)
        #expect(child.isRunning)
        await next.close()
    }

    @Test func `only the owner can read what is kept`() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/made/deep/data"
        let store = try SQLiteStore(directory: path, now: Rows.start)
        _ = try await store.acquireTerm(holder: "a", at: Rows.start)
        func mode(_ path: String) throws -> Int? {
            try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        }
        #expect(try mode(path) == 0o700)
        for file in ["muster.sqlite", "muster.sqlite-wal", "muster.sqlite-shm", "muster.lock"] {
            #expect(try mode(path + "/" + file) == 0o600, "\(file)")
        }
        await store.close()
    }

    @Test func `the writer syncs every commit, waits for others and checks references`() async throws {
        let directory = try TemporaryDirectory()
        let store = try SQLiteStore(directory: directory.path, now: Rows.start)
        #expect(
            try await store.durability() == [
                "journal_mode": "wal", "synchronous": "2", "busy_timeout": "5000", "foreign_keys": "1",
            ])
        await store.close()
    }

    @Test func `migrations are listed and those of a newer Muster refused untouched`() async throws {
        let directory = try TemporaryDirectory()
        let store = try SQLiteStore(directory: directory.path, now: Rows.start)
        #expect(try await store.schema() == ["001-spine", "002-submissions", "003-scaling"])
        await store.close()
        try await edit(directory, "INSERT INTO grdb_migrations (identifier) VALUES ('900-from-the-future')")
        for _ in 0..<2 {
            #expect(openingRefusal(directory.path) == .newerSchema(found: "900-from-the-future"))
        }
        try await edit(directory, "DELETE FROM grdb_migrations WHERE identifier = '900-from-the-future'")
        let again = try SQLiteStore(directory: directory.path, now: Rows.start)
        await again.close()
    }

    @Test func `a file that is no database is refused, not replaced`() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/muster.sqlite"
        let garbage = Data((0..<10_000).map { UInt8(truncatingIfNeeded: $0 &* 31) })
        try garbage.write(to: URL(fileURLWithPath: path))
        guard case .corrupt = openingRefusal(directory.path) else {
            Issue.record("it was opened")
            return
        }
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == garbage)
    }
}

/// Why a store cannot be opened; nil when it can.
func openingRefusal(_ directory: String) -> StoreError? {
    do {
        _ = try SQLiteStore(directory: directory, now: Rows.start)
        return nil
    } catch {
        return error
    }
}

/// Changes the file behind the store's back; the store must be closed.
func edit(_ directory: TemporaryDirectory, _ sql: String) async throws {
    let queue = try DatabaseQueue(path: directory.path + "/muster.sqlite")
    try await queue.writeWithoutTransaction { db in try db.execute(sql: sql) }
    try queue.close()
}
