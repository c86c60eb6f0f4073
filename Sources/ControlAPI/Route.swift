internal import ControlPlane
internal import FleetModel
internal import HTTPTypes
internal import Hummingbird

/// Who may use a route.
enum Access: Hashable, Sendable {
    /// Everybody: the health routes, metrics, the API's description.
    case everyone
    /// Everybody, but what it shows depends on who asks: the page.
    case page
    case scope(Scope)
}

/// One route of the contract: what serves it, guards it and describes it. `RouteTable` is the only list of them.
struct Route: Sendable {
    typealias Handler = @Sendable (Call) async throws(APIError) -> Response

    var method: HTTPRequest.Method
    /// Segments in braces are parameters: `/api/fleet/approvals/{id}`.
    var path: String
    var access: Access
    /// The operation's id in the API's description.
    var name: String
    var summary: String
    var query: [QueryParameter] = []
    var body: BodyRule = .none
    var answer: AnswerRule
    var handler: Handler

    init(
        _ method: HTTPRequest.Method, _ path: String, _ access: Access, name: String, summary: String,
        query: [QueryParameter] = [], body: BodyRule = .none, answer: AnswerRule, handler: @escaping Handler
    ) {
        self.method = method
        self.path = path
        self.access = access
        self.name = name
        self.summary = summary
        self.query = query
        self.body = body
        self.answer = answer
        self.handler = handler
    }
}

/// What a route answers when it succeeds, for the API's description.
struct AnswerRule: Sendable {
    var status: Int
    var contentType: String
    /// A name of `Schemas.all`; nil for what is no JSON.
    var schema: String?

    static func json(_ schema: String, status: Int = 200) -> AnswerRule {
        AnswerRule(status: status, contentType: "application/json", schema: schema)
    }

    static func text(_ contentType: String) -> AnswerRule {
        AnswerRule(status: 200, contentType: contentType, schema: nil)
    }
}

/// One request on its way to its handler: authenticated, its parameters and body checked against the route.
struct Call: Sendable {
    var control: any FleetControl
    var shared: SharedState
    var request: Request
    var requestID: String
    var principal: Principal
    /// False only for a caller of the page or an open route who showed no credential while identity is on.
    var isIdentified: Bool
    var pathParameters: [String: String] = [:]
    var query: [String: String] = [:]
    var body = JSONObject()
    var now: WallTime

    func pathParameter(_ name: String) -> String { pathParameters[name] ?? "" }
}

extension Response {
    /// Writes the value's bytes as they are; nothing in between.
    static func json(_ value: JSONValue, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]) -> Response {
        jsonText(value.bytes(sorted: false), status: status, headers: headers)
    }

    static func jsonText(
        _ bytes: some Sequence<UInt8>, status: HTTPResponse.Status, headers: HTTPFields = [:]
    ) -> Response {
        var headers = headers
        headers[.contentType] = "application/json"
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    static func text(_ text: String, contentType: String, headers: HTTPFields = [:]) -> Response {
        var headers = headers
        headers[.contentType] = contentType
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }
}
