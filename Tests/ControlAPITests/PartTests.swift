import ControlPlane
import FleetModel
import HTTPTypes
import Hummingbird
import NIOCore
import Testing

@testable import ControlAPI

extension Request {
    static func get(host: String) -> Request {
        Request(
            head: HTTPRequest(method: .get, scheme: "http", authority: host, path: "/"),
            body: RequestBody(buffer: ByteBuffer()))
    }
}

@Suite(.timeLimit(.minutes(2))) struct PartTests {
    @Test(
        arguments: [
            ("plain", "plain"), ("action%3A01", "action:01"), ("%C3%A4", "ä"), ("a+b", "a+b"), ("%2F", "/"),
            ("%", nil), ("%4", nil), ("%g0", nil), ("%ff", nil),
        ] as [(String, String?)])
    func percentEncodingIsDecodedStrictly(text: String, expected: String?) {
        #expect(PercentEncoding.decoded(text) == expected)
    }

    @Test(
        arguments: [
            ("taget", "target"), ("Kind", "kind"), ("kindd", "kind"), ("zzzzzz", nil), ("", nil),
        ] as [(String, String?)])
    func aNameCloseToAnAllowedOneIsSuggested(name: String, expected: String?) {
        #expect(Suggestion.nearest(name, in: ["kind", "target", "params", "reason"]) == expected)
    }

    @Test func literalPathsComeBeforeParameters() {
        let matcher = RouteMatcher(RouteTable.all)
        func name(_ method: HTTPRequest.Method, _ path: String) -> String? {
            if case .route(let route, _) = matcher.match(method, path) { route.name } else { nil }
        }
        #expect(name(.post, "/api/fleet/approvals/grant") == "grant_approval")
        #expect(name(.get, "/api/fleet/approvals/action_approval:1") == "get_approval")
        #expect(name(.get, "/api/fleet/approvals/action_approval%3A1") == "get_approval")
        #expect(name(.head, "/api/fleet/plan") == "get_plan")
        #expect(name(.get, "/") == "page")
        #expect(name(.get, "") == "page", "an empty path is the root")
        #expect(name(.get, "/api/fleet/approvals/") == nil)
    }

    @Test func anEventIsOneLineOfData() {
        let event = StreamEvent(name: "action", data: ["detail": "a\nb"])
        #expect(String(buffer: StreamRoute.frame(event)) == "event: action\ndata: {\"detail\":\"a\\nb\"}\n\n")
    }
}
