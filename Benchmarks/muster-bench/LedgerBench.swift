import FleetModel
import Foundation
import GRDBSQLite
import Store
import StoreSQLite

/// Decisions committed to the SQLite ledger in ticks of 500, each durable before the next begins.
///
/// The reference is what SQLite itself does in the same run on the same file system with the same settings: rows of
/// the same bytes into a table with no index, in transactions of 500, prepared once, nothing hashed or encoded.
func benchLedger() async throws -> BenchRow {
    let ticks = 60
    let perTick = 500
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent("muster-bench-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: directory) }
    let decisions = (0..<ticks * perTick).map(sampleDecision)

    let start = WallTime(seconds: 1_800_000_000)
    let store = try SQLiteStore(directory: directory.path, now: start)
    let term = try await store.acquireTerm(holder: "bench", at: start)
    var head = 0
    var began = ContinuousClock.now
    for tick in 0..<ticks {
        var commit = TickCommit(ledgerHead: head, at: start)
        commit.decisions = Array(decisions[tick * perTick..<(tick + 1) * perTick])
        head = try await store.commit(commit, term: term)
    }
    let rate = Double(decisions.count) / began.duration(to: .now).inSeconds
    await store.close()

    let bodies = decisions.map { JSONValue.object($0.json).canonical }
    began = .now
    try insertBare(bodies, perTransaction: perTick, path: directory.path + "/bare.sqlite")
    let bareRate = Double(bodies.count) / began.duration(to: .now).inSeconds

    let bytes = bodies.reduce(0) { $0 + $1.utf8.count } / bodies.count
    return BenchRow(
        name: "decisions committed to the SQLite ledger", value: rate, unit: "1/s",
        input: "\(ticks) ticks of \(perTick), \(bytes) bytes each, synchronous=FULL",
        reference: "bare SQLite inserts of the same bytes", referenceValue: bareRate, ratio: rate / bareRate,
        bar: "at least 20000 1/s")
}

/// A decision of the size that a fleet makes, the same for an index in every run.
func sampleDecision(_ index: Int) -> Decision {
    let time = WallTime(milliseconds: 1_800_000_000_000 + Int64(index))
    let digits = String(index)
    let suffix = String(repeating: "0", count: 20 - digits.count) + digits
    let proposal = Proposal(
        kind: .restartService, target: "service-\(index % 2000)", source: .reconciler,
        reason: "it is down: container exited with code 137 41 s ago", desiredDigest: Digest.sha256("\(index % 2000)"),
        evidence: "docker: exited 137 at 2027-01-15T07:59:19Z")
    let checks = DecisionChecks(
        rateUsed: 1, rateLimit: RateLimit(maximum: 3, windowSeconds: 3600), blastUsed: 2,
        blastRadius: BlastRadius(maximumTargets: 3, windowSeconds: 3600))
    let verdict = Verdict(
        kind: .allowNotify, reason: .tier(.autoNotify), tier: .autoNotify,
        rule: RuleReference(id: "heal-staging", origin: .file(line: 12)), checks: checks, earliest: time)
    return Decision(
        id: "action_decision:01hmcz\(suffix)", at: time, proposal: proposal, verdict: verdict,
        policyDigest: Digest.sha256("policy"), actionID: "action:01hmcz\(suffix)", epoch: 1, dryRun: false)
}

private struct BareSQLiteError: Error {
    var step: String
    var result: Int32
}

private func insertBare(_ bodies: [String], perTransaction: Int, path: String) throws {
    func check(_ step: String, _ result: Int32) throws {
        guard [SQLITE_OK, SQLITE_DONE].contains(result) else { throw BareSQLiteError(step: step, result: result) }
    }
    var connection: OpaquePointer?
    try check("open", sqlite3_open(path, &connection))
    defer { sqlite3_close(connection) }
    func run(_ sql: String) throws { try check(sql, sqlite3_exec(connection, sql, nil, nil, nil)) }
    try run("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000")
    try run("CREATE TABLE rows (sequence INTEGER PRIMARY KEY, body TEXT NOT NULL)")
    var insert: OpaquePointer?
    try check("prepare", sqlite3_prepare_v2(connection, "INSERT INTO rows (body) VALUES (?)", -1, &insert, nil))
    defer { sqlite3_finalize(insert) }
    for start in stride(from: 0, to: bodies.count, by: perTransaction) {
        try run("BEGIN IMMEDIATE")
        for body in bodies[start..<min(start + perTransaction, bodies.count)] {
            var body = body
            try body.withUTF8 { text in
                // The text outlives the step, so SQLite need not copy it (a nil destructor is SQLITE_STATIC).
                try check(
                    "bind",
                    text.withMemoryRebound(to: CChar.self) { characters in
                        sqlite3_bind_text(insert, 1, characters.baseAddress, Int32(characters.count), nil)
                    })
                try check("step", sqlite3_step(insert))
            }
            try check("reset", sqlite3_reset(insert))
        }
        try run("COMMIT")
    }
}

extension Duration {
    var inSeconds: Double {
        Double(components.seconds) + Double(components.attoseconds) * 1e-18
    }
}
