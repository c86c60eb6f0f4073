import FleetModel
import Store
import StoreSQLite
import Testing

@testable import ControlAPI

@Suite(.timeLimit(.minutes(2))) struct IdempotencyTests {
    private static let restart = #"{"kind":"restart_service","target":"api","reason":"it leaks"}"#

    private func propose(_ daemon: Daemon, _ body: String, key: String, as person: String? = nil) async throws
        -> Wire.Answer
    {
        let credential = person.map { [("X-API-Key", "key-\($0)")] } ?? []
        return try await daemon.wire.send(
            "POST", "/api/fleet/actions", headers: [("Idempotency-Key", key)] + credential, body: body)
    }

    private func decisions(_ daemon: Daemon) async throws -> Int {
        try await daemon.store.decisions(ListQuery(target: "api")).items.count
    }

    @Test func theSameKeyAndRequestAreAnsweredAlikeAndDoneOnce() async throws {
        try await Daemon.run { daemon in
            let first = try await propose(daemon, Self.restart, key: "k1")
            #expect(first.status == 202, "\(first.text)")
            let respaced = #"{ "target": "api", "kind": "restart_service", "reason": "it leaks" }"#
            let second = try await propose(daemon, respaced, key: "k1")
            #expect(second.status == 202)
            #expect(second.text == first.text)
            #expect(second.headers["idempotency-replayed"] == "true")
            #expect(first.headers["idempotency-replayed"] == nil)
            #expect(try await decisions(daemon) == 1)
        }
    }

    @Test func theSameKeyWithAnotherBodyIsRefused() async throws {
        try await Daemon.run { daemon in
            _ = try await propose(daemon, Self.restart, key: "k1")
            let other = try await propose(daemon, #"{"kind":"stop_service","target":"api","reason":"x"}"#, key: "k1")
            #expect(other.status == 422)
            #expect(other.code == "unprocessable")
            #expect(try await decisions(daemon) == 1)
        }
    }

    @Test func aCrowdWithOneKeyGetsOneAnswer() async throws {
        try await Daemon.run { daemon in
            let answers = try await withThrowingTaskGroup(of: Wire.Answer.self) { group in
                for _ in 0..<16 { group.addTask { try await propose(daemon, Self.restart, key: "crowd") } }
                return try await group.reduce(into: [Wire.Answer]()) { $0.append($1) }
            }
            #expect(Set(answers.map(\.status)) == [202])
            #expect(Set(answers.map(\.text)).count == 1)
            #expect(answers.count { $0.headers["idempotency-replayed"] == nil } == 1)
            #expect(try await decisions(daemon) == 1)
        }
    }

    @Test func keysAreEachCallersOwn() async throws {
        try await Daemon.run(identity: Daemon.roles()) { daemon in
            let one = try await propose(daemon, Self.restart, key: "k", as: "operator")
            #expect(one.status == 202, "\(one.text)")
            let other = try await propose(
                daemon, #"{"kind":"stop_service","target":"db","reason":"x"}"#, key: "k", as: "admin")
            #expect(other.status == 202, "another caller's key is another key: \(other.text)")
        }
    }

    @Test func aFailureIsNotKept() async throws {
        try await Daemon.run { daemon in
            let bad = try await propose(daemon, #"{"kind":"restart_service","target":"nope","reason":"r"}"#, key: "k")
            #expect(bad.status == 422)
            #expect(try await propose(daemon, Self.restart, key: "k").status == 202)
        }
    }

    @Test func tooManyWaitersAreTurnedAway() async throws {
        let turns = KeyedTurns(maximumWaiting: 1)
        let (gate, opener) = AsyncStream.makeStream(of: Void.self)
        let (entered, inside) = AsyncStream.makeStream(of: Void.self)
        try await withThrowingTaskGroup(of: Int?.self) { group in
            for number in 0..<3 {
                group.addTask {
                    try await turns.take("k") { () async throws(APIError) -> Int in
                        inside.yield()
                        for await _ in gate { break }
                        return number
                    }
                }
            }
            for await _ in entered { break }
            // One works and waits for the gate, one waits its turn; the third must be turned away while they do.
            let third = try await group.next()
            #expect(third == .some(nil))
            opener.finish()
            let rest = try await group.reduce(into: [Int?]()) { $0.append($1) }
            #expect(rest.count == 2)
            #expect(rest.allSatisfy { $0 != nil })
        }
        let later = try await turns.take("k") { () async throws(APIError) -> Int in 7 }
        #expect(later == 7, "the key is free again")
    }
}
