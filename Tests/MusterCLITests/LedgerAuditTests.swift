import FleetModel
import MusterCLI
import Testing

@Suite("audit verify recomputes the ledger's chain")
struct LedgerAuditTests {
    /// A sound ledger as the API lists it: the newest first.
    static func ledger(_ count: Int) -> [JSONValue] {
        var previous = LedgerEntry.genesis
        var entries: [JSONValue] = []
        for sequence in stride(from: 1, through: count, by: 1) {
            let body: JSONValue = [
                "target": .string("web-\(sequence)"), "id": "d", "checks": ["used": 1, "share": 0.5],
            ]
            let hash = LedgerEntry.hash(sequence: sequence, body: body.canonical, previousHash: previous)
            let entry = LedgerEntry(sequence: sequence, body: body.canonical, previousHash: previous, hash: hash)
            entries.append(entry.json)
            previous = hash
        }
        return entries.reversed()
    }

    static func verify(_ entries: [JSONValue]) -> LedgerAudit.Finding {
        var audit = LedgerAudit()
        audit.add(entries)
        return audit.finding()
    }

    /// The entry with this number, changed.
    static func changed(_ entries: [JSONValue], _ sequence: Int, _ name: String, _ value: JSONValue?) -> [JSONValue] {
        entries.map { entry in
            guard case .object(var object) = entry, object["sequence"]?.integer == sequence else { return entry }
            object[name] = value
            return .object(object)
        }
    }

    @Test("a sound ledger is intact, whatever its length and however its members are ordered")
    func intact() {
        #expect(Self.verify([]) == .intact(entries: 0, head: LedgerEntry.genesis))
        let entries = Self.ledger(5)
        #expect(Self.verify(entries) == .intact(entries: 5, head: entries[0]["hash"]?.string ?? ""))
        let shuffled = entries.map { JSONValue.object(JSONObject(unique: Array($0.object!.members.reversed()))) }
        #expect(Self.verify(shuffled) == Self.verify(entries))
    }

    @Test("a changed entry is named, also the first and the last", arguments: [1, 3, 5])
    func changed(sequence: Int) {
        let entries = Self.changed(Self.ledger(5), sequence, "target", "other")
        guard case .broken(let found, let problem) = Self.verify(entries) else {
            Issue.record("taken for intact")
            return
        }
        #expect(found == sequence && problem.contains("content"))
    }

    @Test("a changed entry whose hash was made to fit breaks the link of the next one")
    func rehashed() {
        var entries = Self.changed(Self.ledger(5), 3, "target", "other")
        guard case .object(var body) = entries[2] else { return }
        let previous = body["prev_hash"]?.string ?? ""
        for name in ["sequence", "hash", "prev_hash"] { body[name] = nil }
        let hash = LedgerEntry.hash(sequence: 3, body: JSONValue.object(body).canonical, previousHash: previous)
        entries = Self.changed(entries, 3, "hash", .string(hash))
        #expect(Self.verify(entries) == .broken(sequence: 4, problem: "its `prev_hash` is not the hash of entry 3"))
    }

    @Test("of several bad entries the first is named")
    func several() {
        let entries = Self.changed(Self.changed(Self.ledger(9), 8, "target", "x"), 2, "target", "y")
        guard case .broken(2, _) = Self.verify(entries) else {
            Issue.record("\(Self.verify(entries))")
            return
        }
    }

    @Test("a missing entry is seen in the middle and at the beginning", arguments: [1, 3])
    func missing(sequence: Int) {
        let entries = Self.ledger(5).filter { $0["sequence"]?.integer != sequence }
        guard case .broken(_, let problem) = Self.verify(entries) else {
            Issue.record("taken for intact")
            return
        }
        #expect(problem.contains("missing"), "\(problem)")
    }

    @Test("an entry without its hashes is bad", arguments: ["hash", "prev_hash", "sequence"])
    func malformed(name: String) {
        guard case .broken = Self.verify(Self.changed(Self.ledger(3), 2, name, nil)) else {
            Issue.record("taken for intact")
            return
        }
    }
}
