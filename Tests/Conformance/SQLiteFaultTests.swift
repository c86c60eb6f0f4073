import FleetModel
import Foundation
import Store
import StoreSQLite
import Testing

/// A file system that is full or read-only, and what comes after. Needs a small tmpfs and so root; elsewhere the suite
/// says that it was skipped.
@Suite(.serialized, .enabled(if: geteuid() == 0, "mounting a small tmpfs needs root"))
struct SQLiteFaultTests {
    @Test func `on a full disk nothing is half-written and it recovers by itself`() async throws {
        let disk = try SmallDisk(kilobytes: 2048)
        defer { disk.unmount() }
        let store = try SQLiteStore(directory: disk.path + "/data", now: Rows.start)
        var rows = Rows()
        let term = try await store.acquireTerm(holder: "a", at: rows.now)
        let filler = disk.path + "/filler"
        try disk.fill(filler)

        var committed = 0
        var full: StoreError?
        // What fits into the blocks that the WAL has already is still taken; soon nothing does.
        for _ in 0..<200 where full == nil {
            let (decision, action) = rows.spend(target: "svc-\(committed)")
            full = await refusal {
                try await store.tick(term) { commit in
                    commit.decisions = [decision]
                    commit.newActions = [action]
                }
            }
            if full == nil { committed += 1 }
        }
        guard case .unavailable = full else {
            Issue.record("the disk was never full: \(String(describing: full))")
            return
        }
        #expect(try await store.ledgerHead().sequence == committed)
        #expect(try await store.workingSet().openActions.count == committed)

        try FileManager.default.removeItem(atPath: filler)
        let (decision, action) = rows.spend(target: "after")
        try await store.tick(term) { commit in
            commit.decisions = [decision]
            commit.newActions = [action]
        }
        let head = try await store.ledgerHead()
        #expect(head.sequence == committed + 1)
        #expect(try await LedgerChain.verify(store) == .intact(entries: head.sequence, head: head.hash))
        await store.close()
    }

    @Test func `a data directory on a read-only file system is refused and works once it is writable`() async throws {
        let disk = try SmallDisk(kilobytes: 4096)
        defer { disk.unmount() }
        let directory = disk.path + "/data"
        let first = try SQLiteStore(directory: directory, now: Rows.start)
        _ = try await first.acquireTerm(holder: "a", at: Rows.start)
        await first.close()

        try disk.remount("ro")
        guard case .unavailable(let message) = openingRefusal(directory) else {
            Issue.record("it was opened")
            return
        }
        #expect(message.contains("muster.lock") && message.contains("Read-only"))

        try disk.remount("rw")
        let again = try SQLiteStore(directory: directory, now: Rows.start)
        #expect(try await again.acquireTerm(holder: "a", at: Rows.start).epoch == 2)
        await again.close()
    }
}

/// A tmpfs of a given size.
private struct SmallDisk {
    let path: String

    init(kilobytes: Int) throws {
        path = NSTemporaryDirectory() + "muster-disk-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try SmallDisk.run("/bin/mount", ["-t", "tmpfs", "-o", "size=\(kilobytes)k", "tmpfs", path])
    }

    /// Writes zeros until nothing more fits.
    func fill(_ path: String) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT, 0o600)
        defer { close(descriptor) }
        let block = [UInt8](repeating: 0, count: 4096)
        while write(descriptor, block, block.count) > 0 {}
        try #require(errno == ENOSPC)
    }

    func remount(_ mode: String) throws {
        try SmallDisk.run("/bin/mount", ["-o", "remount,\(mode)", path])
    }

    func unmount() {
        try? SmallDisk.run("/bin/umount", ["-l", path])
        try? FileManager.default.removeItem(atPath: path)
    }

    private static func run(_ program: String, _ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "\(program) \(arguments) failed")
    }
}
