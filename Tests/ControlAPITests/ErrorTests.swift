import FleetModel
import HTTPTypes
import Store
import StoreSQLite
import Testing

@testable import ControlAPI

struct BadRequest: Sendable, CustomTestStringConvertible {
    var note: String
    var method = "POST"
    var path: String
    var body: String?
    var type: String? = "application/json"
    var headers: [(String, String)] = []
    var status: Int
    var code: String
    /// What the message must say.
    var says = ""

    var testDescription: String { note }

    init(
        _ note: String, _ method: String = "POST", _ path: String, body: String? = nil,
        type: String? = "application/json", headers: [(String, String)] = [], _ status: Int, _ code: String,
        says: String = ""
    ) {
        self.note = note
        self.method = method
        self.path = path
        self.body = body
        self.type = type
        self.headers = headers
        self.status = status
        self.code = code
        self.says = says
    }

    private static let actions = "/api/fleet/actions"
    private static let good = #"{"kind":"restart_service","target":"api","reason":"r"}"#

    static let all: [BadRequest] = [
        BadRequest("unknown path", "GET", "/api/fleet/nothing", 404, "not_found"),
        BadRequest("trailing slash", "GET", "/api/fleet/services/", 404, "not_found"),
        BadRequest("bad escape in a path", "GET", "/api/fleet/services/%zz", 404, "not_found"),
        BadRequest("unknown service", "GET", "/api/fleet/services/nope", 404, "not_found", says: "`nope`"),
        BadRequest("unknown approval", "GET", "/api/fleet/approvals/action_approval:0", 404, "not_found"),
        BadRequest("unknown action", "GET", "/api/fleet/actions/action:0", 404, "not_found"),
        BadRequest("unknown decision", "GET", "/api/fleet/decisions/action_decision:0", 404, "not_found"),
        BadRequest("vote on nothing", "POST", "/api/fleet/approvals/action_approval:0/approve", 404, "not_found"),
        BadRequest("override that is not there", "DELETE", "/api/fleet/policy/overrides/x", 404, "not_found"),
        BadRequest("a later issue's route", "GET", "/api/fleet/watches", 404, "not_found"),
        BadRequest(
            "resume of what is not held", "POST", "/api/fleet/resume", body: #"{"scope":"fleet"}"#, 404, "not_found"),
        BadRequest("method of a list", "DELETE", "/api/fleet/services", 405, "method_not_allowed", says: "`GET`"),
        BadRequest("GET of a fixed path beside an id", "GET", "/api/fleet/approvals/grant", 405, "method_not_allowed"),
        BadRequest("OPTIONS", "OPTIONS", "/livez", 405, "method_not_allowed"),
        BadRequest("no body", "POST", actions, 400, "bad_request"),
        BadRequest("empty body", "POST", actions, body: "", 400, "bad_request"),
        BadRequest("no JSON", "POST", actions, body: "{", 400, "bad_request", says: "ends too early"),
        BadRequest("an array", "POST", actions, body: "[]", 400, "bad_request", says: "object"),
        BadRequest("trailing garbage", "POST", actions, body: good + "x", 400, "bad_request"),
        BadRequest("duplicate names", "POST", actions, body: #"{"kind":"a","kind":"b"}"#, 400, "bad_request"),
        BadRequest("NaN", "POST", actions, body: #"{"params":{"n":NaN}}"#, 400, "bad_request"),
        BadRequest("1e999", "POST", actions, body: #"{"params":{"n":1e999}}"#, 400, "bad_request"),
        BadRequest("beyond 2^53", "POST", actions, body: #"{"params":{"n":9007199254740993}}"#, 400, "bad_request"),
        BadRequest(
            "33 levels", "POST", actions,
            body: String(repeating: "[", count: 33) + String(repeating: "]", count: 33), 400, "bad_request",
            says: "too deep"),
        BadRequest(
            "unknown field", "POST", actions, body: #"{"kind":"restart_service","taget":"api","reason":"r"}"#, 400,
            "bad_request", says: "did you mean `target`?"),
        BadRequest("missing field", "POST", actions, body: #"{"kind":"restart_service"}"#, 422, "unprocessable"),
        BadRequest(
            "wrong type", "POST", actions, body: #"{"kind":1,"target":"api","reason":"r"}"#, 422, "unprocessable",
            says: "`kind`"),
        BadRequest(
            "bad kind", "POST", actions, body: #"{"kind":"Restart Service","target":"api","reason":"r"}"#, 422,
            "unprocessable"),
        BadRequest(
            "kind of no actuator", "POST", actions, body: #"{"kind":"reboot_host","target":"api","reason":"r"}"#, 422,
            "unprocessable"),
        BadRequest(
            "target that docker would read as an option", "POST", actions,
            body: #"{"kind":"restart_service","target":"--help","reason":"r"}"#, 422, "unprocessable"),
        BadRequest(
            "target outside the registry", "POST", actions,
            body: #"{"kind":"restart_service","target":"nope","reason":"r"}"#, 422, "unprocessable"),
        BadRequest(
            "params that are no object", "POST", actions,
            body: #"{"kind":"restart_service","target":"api","params":[],"reason":"r"}"#, 422, "unprocessable"),
        BadRequest(
            "a stop dressed up as a kill", "POST", actions,
            body: #"{"kind":"stop_service","target":"api","params":{"kill":"fleet"},"reason":"r"}"#, 422,
            "unprocessable"),
        BadRequest(
            "bad time", "POST", "/api/fleet/pause", body: #"{"scope":"fleet","reason":"r","until":"soon"}"#, 422,
            "unprocessable", says: "`soon`"),
        BadRequest(
            "past time", "POST", "/api/fleet/pause",
            body: #"{"scope":"fleet","reason":"r","until":"2020-01-01T00:00:00Z"}"#, 422, "unprocessable"),
        BadRequest(
            "bad scope", "POST", "/api/fleet/pause", body: #"{"scope":"all","reason":"r"}"#, 422, "unprocessable"),
        BadRequest("no reason", "POST", "/api/fleet/kill", body: #"{"scope":"fleet"}"#, 422, "unprocessable"),
        BadRequest(
            "bad decision", "POST", "/api/fleet/approvals/grant", body: #"{"job_id":"x","decision":"maybe"}"#, 422,
            "unprocessable", says: "`approved`, `denied`"),
        BadRequest(
            "form", "POST", actions, body: good, type: "application/x-www-form-urlencoded", 415,
            "unsupported_media_type"),
        BadRequest("no type", "POST", actions, body: good, type: nil, 415, "unsupported_media_type"),
        BadRequest(
            "other charset", "POST", actions, body: good, type: "application/json; charset=latin1", 415,
            "unsupported_media_type"),
        BadRequest(
            "encoded", "POST", actions, body: good, headers: [("Content-Encoding", "gzip")], 415,
            "unsupported_media_type"),
        BadRequest("limit 0", "GET", "/api/fleet/actions?limit=0", 400, "bad_request"),
        BadRequest("limit 1001", "GET", "/api/fleet/services?limit=1001", 400, "bad_request", says: "1 to 1000"),
        BadRequest("limit in words", "GET", "/api/fleet/decisions?limit=ten", 400, "bad_request"),
        BadRequest("cursor of nobody", "GET", "/api/fleet/decisions?cursor=zzz", 400, "bad_request"),
        BadRequest("unknown parameter", "GET", "/api/fleet/actions?kindd=x", 400, "bad_request", says: "`kind`"),
        BadRequest("parameter where none is", "GET", "/api/fleet/plan?x=1", 400, "bad_request"),
        BadRequest("parameter twice", "GET", "/api/fleet/actions?kind=a&kind=b", 400, "bad_request"),
        BadRequest("parameter without value", "GET", "/api/fleet/actions?kind=", 400, "bad_request"),
        BadRequest("bad state", "GET", "/api/fleet/actions?state=running", 400, "bad_request", says: "`executing`"),
        BadRequest("bad status", "GET", "/api/fleet/approvals?status=open", 400, "bad_request"),
        BadRequest("bad since", "GET", "/api/fleet/actions?since=yesterday", 400, "bad_request"),
        BadRequest("bad escape in a query", "GET", "/api/fleet/actions?kind=%ff", 400, "bad_request"),
        BadRequest(
            "idempotency key with a space", "POST", actions, body: good, headers: [("Idempotency-Key", "a b")], 400,
            "bad_request"),
        BadRequest(
            "credential where none is configured", "GET", "/livez", headers: [("X-API-Key", "k")], 401, "unauthorized"),
    ]
}

@Suite(.timeLimit(.minutes(2))) struct ErrorTests {
    /// One daemon takes them all: a bad request must leave nothing behind that changes the next answer.
    @Test func everyMistakeHasItsAnswer() async throws {
        try await Daemon.run { daemon in
            for bad in BadRequest.all {
                let answer = try await daemon.wire.send(
                    bad.method, bad.path, headers: bad.headers, body: bad.body, type: bad.type)
                #expect(answer.status == bad.status, "\(bad.note): \(answer.text)")
                #expect(answer.code == bad.code, "\(bad.note): \(answer.text)")
                #expect(answer.json["status"]?.string == "error", "\(bad.note)")
                #expect(answer.json["request_id"]?.string == answer.headers["x-request-id"], "\(bad.note)")
                #expect(answer.json["message"]?.string?.contains(bad.says) == true, "\(bad.note): \(answer.text)")
                if bad.status == 405 { #expect(answer.headers["allow"] != nil, "\(bad.note)") }
                if bad.status == 401 { #expect(answer.headers["www-authenticate"]?.hasPrefix("Bearer") == true) }
            }
            #expect(try await daemon.wire.send("GET", "/livez").status == 200)
        }
    }

    @Test func aVoteOnWhatIsDecidedSaysWhatItIsNow() async throws {
        try await Daemon.run { daemon in
            let id = try await daemon.pendingApproval()
            let path = "/api/fleet/approvals/\(id)"
            let denied = try await daemon.wire.send("POST", "\(path)/deny", body: #"{"note":"no"}"#)
            #expect(denied.json["status"]?.string == "success")
            #expect(denied.json["result"]?["approval_status"]?.string == "denied")
            #expect(denied.json["result"]?["decision"]?.string == "denied")
            let again = try await daemon.wire.send("POST", "\(path)/deny")
            #expect(again.status == 200, "the same vote twice counts once and is no error")
            let late = try await daemon.wire.send(
                "POST", "/api/fleet/approvals/grant", body: #"{"job_id":"\#(id)","decision":"approved"}"#)
            #expect(late.status == 409)
            #expect(late.code == "conflict")
            #expect(late.json["approval_status"]?.string == "denied")
            #expect(late.json["message"]?.string?.contains("denied") == true)
        }
    }

    @Test func aStoreThatIsGoneIsUnavailableAndSaysWhenToComeBack() async throws {
        try await Daemon.run { daemon in
            let id = try await daemon.pendingApproval()
            await daemon.store.close()
            for (method, path) in [
                ("GET", "/api/fleet/actions"), ("GET", "/api/fleet/approvals"), ("GET", "/api/fleet/decisions"),
                ("POST", "/api/fleet/approvals/\(id)/approve"),
            ] {
                let answer = try await daemon.wire.send(method, path)
                #expect(answer.status == 503, "\(path): \(answer.text)")
                #expect(answer.code == "unavailable")
                #expect(answer.headers["retry-after"] != nil)
            }
            let ready = try await daemon.wire.send("GET", "/readyz")
            #expect(ready.status == 503)
            #expect(ready.json["status"]?.string == "not_ready")
            #expect(try await daemon.wire.send("GET", "/livez").status == 200)
        }
    }

    @Test func theInsidesOfAFailureStayInside() {
        let error = APIError(StoreError.corrupt("table actions, rowid 7"))
        #expect(error.status.code == 500)
        #expect(!error.json(requestID: "r").text.contains("rowid 7"))
    }
}
