import FleetModel
import HTTPTypes
import StoreSQLite
import Testing

@testable import ControlAPI

@Suite(.timeLimit(.minutes(2))) struct IdentityTests {
    /// Every route by every role, from the table itself. Requests carry no body, so nothing is ever done: what a
    /// caller may not do is 401 or 403, and everything else is none of the two.
    @Test func everyRouteAsksForItsScopeAndNoMore() async throws {
        try await Daemon.run(identity: Daemon.roles()) { daemon in
            for route in RouteTable.all where route.name != "stream" {
                let path = route.path.replacing("{id}", with: "x").replacing("{name}", with: "api")
                func ask(_ key: String?) async throws -> Wire.Answer {
                    try await daemon.wire.send(
                        route.method.rawValue, path, headers: key.map { [("Authorization", "Bearer \($0)")] } ?? [])
                }
                let wrong = try await ask("key-nobody")
                #expect(wrong.status == 401, "\(route.name) with a wrong key")
                let none = try await ask(nil)
                guard case .scope(let scope) = route.access else {
                    #expect(none.status == 200, "\(route.name) is open: \(none.text)")
                    continue
                }
                #expect(none.status == 401, "\(route.name) without a key")
                #expect(none.headers["www-authenticate"]?.hasPrefix("Bearer") == true)
                for role in Role.allCases {
                    let answer = try await ask("key-\(role.rawValue)")
                    if role.scopes.contains(scope) {
                        #expect(![401, 403].contains(answer.status), "\(route.name) as \(role): \(answer.text)")
                    } else {
                        #expect(answer.status == 403, "\(route.name) as \(role): \(answer.text)")
                        #expect(answer.json["message"]?.string?.contains(scope.rawValue) == true)
                    }
                }
            }
        }
    }

    /// Contract, "Scopes by role".
    @Test func rolesHaveTheContractsScopes() {
        #expect(Role.viewer.scopes == [.fleetRead])
        #expect(Role.reviewer.scopes == [.fleetRead, .approvalsWrite])
        #expect(Role.operator.scopes == [.fleetRead, .approvalsWrite, .actionsWrite, .policyWrite])
        #expect(Role.service.scopes == [.fleetRead, .eventsWrite])
        #expect(Role.admin.scopes == Set(Scope.allCases))
    }

    @Test func credentialsComeInTwoHeadersAndMustAgree() async throws {
        try await Daemon.run(identity: Daemon.roles()) { daemon in
            let cases: [(headers: [(String, String)], status: Int, note: String)] = [
                ([("X-API-Key", "key-viewer")], 200, "its own header"),
                ([("Authorization", "bearer key-viewer")], 200, "the scheme in any case"),
                ([("Authorization", "Basic a2V5")], 401, "another scheme"),
                ([("Authorization", "Bearer")], 401, "no token"),
                ([("Authorization", "Bearer key-viewer x")], 401, "two tokens"),
                ([("X-API-Key", "key-viewer"), ("Authorization", "Bearer key-viewer")], 200, "the same twice"),
                ([("X-API-Key", "key-viewer"), ("Authorization", "Bearer key-admin")], 401, "two people"),
                ([("X-API-Key", "key-viewer"), ("X-API-Key", "key-nobody")], 401, "one good, one bad"),
                ([("X-API-Key", "")], 401, "an empty key"),
            ]
            for (headers, status, note) in cases {
                let answer = try await daemon.wire.send("GET", "/api/fleet/actions", headers: headers)
                #expect(answer.status == status, "\(note): \(answer.text)")
            }
        }
    }

    @Test func thePersonOfAVoteIsTheEntrysName() async throws {
        try await Daemon.run(identity: Daemon.roles()) { daemon in
            let id = try await daemon.pendingApproval()
            let answer = try await daemon.wire.send(
                "POST", "/api/fleet/approvals/\(id)/approve", headers: [("X-API-Key", "key-reviewer")],
                body: #"{"note":"seen \u001b[31m it"}"#)
            #expect(answer.status == 200, "\(answer.text)")
            let stored = try await daemon.store.approval(id: id)
            let approval = try #require(stored)
            #expect(approval.votes.map(\.by) == ["reviewer"])
            #expect(approval.votes.first?.note == "seen \\u{1b}[31m it", "control characters are stored escaped")
        }
    }

    @Test func aBadCredentialIsRefusedBeforeItsBodyIsRead() async throws {
        try await Daemon.run(identity: Daemon.roles()) { daemon in
            // The body is announced and never sent: whoever waits for it does not answer.
            let answer = try await daemon.wire.raw(
                "POST /api/fleet/actions HTTP/1.1\r\nHost: x\r\nX-API-Key: no\r\nContent-Type: application/json\r\n"
                    + "Content-Length: 1000000\r\n\r\n")
            #expect(answer.status == 401)
            #expect(answer.headers["connection"] == "close")
        }
    }

    @Test(arguments: [
        ([("", "k", ["viewer"])], IdentityError.emptyName(index: 0)),
        ([("ann", "", ["viewer"])], .emptyKey(name: "ann")),
        ([("ann", "k", [])], .noGrant(name: "ann")),
        ([("ann", "k", ["vieer"])], .unknownGrant(name: "ann", grant: "vieer")),
        ([("ann", "k", ["viewer"]), ("bob", "k", ["admin"])], .sharedKey(first: "ann", second: "bob")),
    ])
    func keysThatMakeNoIdentityAreRefused(keys: [(String, String, [String])], expected: IdentityError) {
        #expect(throws: expected) {
            try Identity(keys: keys.map { Identity.Key(name: $0.0, key: $0.1, grants: $0.2) })
        }
    }

    @Test func aKeyGrantsRolesAndSingleScopesTogether() throws {
        let identity = try Identity(
            keys: [Identity.Key(name: "bot", key: "k", grants: ["viewer", "actions:write"])])
        #expect(identity.authenticate("k") == Principal(name: "bot", scopes: [.fleetRead, .actionsWrite]))
        #expect(identity.authenticate("K") == nil)
        #expect(Identity.none.authenticate("k") == nil)
    }
}
