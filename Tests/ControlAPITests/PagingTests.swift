import FleetModel
import Testing

@testable import ControlAPI

@Suite(.timeLimit(.minutes(2))) struct PagingTests {
    private static let fleet = (0..<23).map { number in
        ServiceSpec(name: "svc-\(number)", image: "example/s:1", runtime: .container, line: number + 1)
    }

    /// Walks a list page by page and gives the ids in the order met.
    private func walk(_ daemon: Daemon, _ path: String, _ name: String, id: String, limit: Int) async throws -> [String]
    {
        var ids: [String] = []
        var cursor: String?
        repeat {
            let separator = path.contains("?") ? "&" : "?"
            let next = cursor.map { "&cursor=\($0)" } ?? ""
            let answer = try await daemon.wire.send("GET", "\(path)\(separator)limit=\(limit)\(next)")
            #expect(answer.status == 200, "\(answer.text)")
            let items = try #require(answer.json[name]?.array)
            #expect(items.count <= limit)
            ids += items.compactMap { $0[id]?.string }
            cursor = answer.json["next_cursor"]?.string
            #expect(cursor != nil || answer.json["next_cursor"]?.isNull == true, "the end is a null cursor")
        } while cursor != nil && ids.count < 1000
        return ids
    }

    @Test func aWalkSeesEachServiceOnceInNameOrder() async throws {
        try await Daemon.run(services: PagingTests.fleet + Daemon.services) { daemon in
            let names = (PagingTests.fleet + Daemon.services).map(\.name).sorted()
            for limit in [1, 7, 26, 1000] {
                let seen = try await walk(daemon, "/api/fleet/services", "services", id: "name", limit: limit)
                #expect(seen == names, "pages of \(limit)")
            }
        }
    }

    @Test func aWalkSeesEachRecordOnceNewestFirst() async throws {
        try await Daemon.run { daemon in
            for target in ["api", "db"] {
                let answer = try await daemon.wire.send(
                    "POST", "/api/fleet/actions",
                    body: #"{"kind":"restart_service","target":"\#(target)","reason":"r"}"#)
                #expect(answer.status == 202, "\(answer.text)")
            }
            for (path, name) in [("approvals", "approvals"), ("decisions", "decisions")] {
                let whole = try await walk(daemon, "/api/fleet/\(path)", name, id: "id", limit: 1000)
                #expect(whole.count >= 3)
                #expect(Set(whole).count == whole.count)
                #expect(try await walk(daemon, "/api/fleet/\(path)", name, id: "id", limit: 1) == whole)
                #expect(try await walk(daemon, "/api/fleet/\(path)", name, id: "id", limit: 2) == whole)
            }
        }
    }

    @Test func filtersNarrowAList() async throws {
        try await Daemon.run { daemon in
            _ = try await daemon.wire.send(
                "POST", "/api/fleet/actions", body: #"{"kind":"stop_service","target":"api","reason":"r"}"#)
            let cases: [(query: String, targets: [String])] = [
                ("status=pending&kind=restart_service", ["web"]), ("target=api", ["api"]), ("status=denied", []),
                ("since=2999-01-01T00:00:00Z", []), ("since=2020-01-01T00:00:00%2B02:00&target=web", ["web"]),
                ("since=2020-01-01T00:00:00+02:00&target=web", ["web"]),
            ]
            for (query, targets) in cases {
                let answer = try await daemon.wire.send("GET", "/api/fleet/approvals?\(query)")
                #expect(answer.json["approvals"]?.array?.compactMap { $0["target"]?.string } == targets, "\(query)")
            }
        }
    }
}
