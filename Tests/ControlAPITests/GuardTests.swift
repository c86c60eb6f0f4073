import FleetModel
import Testing

@testable import ControlAPI

@Suite(.timeLimit(.minutes(2))) struct GuardTests {
    @Test func withoutIdentityOnlyLocalNamesAreServed() async throws {
        try await Daemon.run { daemon in
            let cases: [(host: String, status: Int)] = [
                ("127.0.0.1", 200), ("localhost:9000", 200), ("LOCALHOST", 200), ("127.8.8.8:1", 200),
                ("[::1]:9000", 200),
                ("rebind.example", 403), ("localhost.example:9000", 403), ("127.0.0.1.example", 403),
                ("10.0.0.1", 403), ("127.0.0.1.", 403), ("", 403),
            ]
            for (host, status) in cases {
                for path in ["/api/fleet/plan", "/", "/livez"] {
                    let answer = try await daemon.wire.send("GET", path, headers: [("Host", host)])
                    #expect(answer.status == status, "\(path) of `\(host)`")
                }
            }
        }
    }

    @Test func withIdentityAnyNameIsServed() async throws {
        try await Daemon.run(identity: Daemon.roles()) { daemon in
            let answer = try await daemon.wire.send(
                "GET", "/api/fleet/plan", headers: [("Host", "muster.example"), ("X-API-Key", "key-viewer")])
            #expect(answer.status == 200)
        }
    }

    @Test func otherSitesMayNotPost() async throws {
        try await Daemon.run { daemon in
            let own = "127.0.0.1:\(daemon.wire.port)"
            let cases: [(headers: [(String, String)], allowed: Bool)] = [
                ([], true), ([("Origin", "http://\(own)")], true), ([("Origin", "https://\(own)")], true),
                ([("Sec-Fetch-Site", "same-origin")], true), ([("Sec-Fetch-Site", "none")], true),
                ([("Origin", "https://evil.example")], false), ([("Origin", "null")], false),
                ([("Origin", "http://127.0.0.1:1")], false), ([("Sec-Fetch-Site", "cross-site")], false),
                ([("Sec-Fetch-Site", "same-site")], false),
            ]
            for (headers, allowed) in cases {
                let answer = try await daemon.wire.send(
                    "POST", "/api/fleet/resume", headers: headers, body: #"{"scope":"fleet"}"#)
                #expect(answer.status == (allowed ? 404 : 403), "\(headers): \(answer.text)")
            }
        }
    }

    @Test func aServerOnAllAddressesTakesAddressesButNoNames() throws {
        let guardian = BrowserGuard(host: "0.0.0.0", others: ["muster"])
        for (host, isTaken) in [
            ("192.168.1.4:9000", true), ("[fe80::1]", true), ("muster:9000", true), ("evil.example", false),
        ] {
            #expect(taken(host, by: guardian) == isTaken, "\(host)")
        }
    }

    private func taken(_ host: String, by guardian: BrowserGuard) -> Bool {
        do {
            try guardian.check(.get(host: host), isOpenAccess: true)
            return true
        } catch { return false }
    }
}
