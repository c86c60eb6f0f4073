internal import ControlPlane
internal import FleetModel
internal import HTTPTypes
internal import Hummingbird
internal import Logging
internal import NIOCore

/// What Hummingbird hands over with a request: the connection.
struct ConnectionContext: InitializableFromSource, Sendable {
    var channel: any Channel

    init(source: ApplicationRequestContextSource) {
        channel = source.channel
    }
}

/// Takes a request through the contract's checks, in this order: browser guard, credential, route, method, scope,
/// query, body. A request that may not be served is refused before its body is read.
struct FleetResponder: HTTPResponder {
    typealias Context = ConnectionContext

    let control: any FleetControl
    let identity: Identity
    let guardian: BrowserGuard
    let matcher: RouteMatcher
    let shared: SharedState
    let logger: Logger

    /// What became of a request besides its answer: for the log and for the connection.
    private struct Trail {
        var principal: Principal?
        var bodyWasRead = false
    }

    @Sendable func respond(to request: Request, context: ConnectionContext) async throws -> Response {
        let started = ContinuousClock.now
        let requestID = RequestIdentifier.of(request)
        var trail = Trail()
        var response: Response
        do {
            response = try await answer(request, requestID: requestID, trail: &trail)
        } catch let error as APIError {
            response = .json(error.json(requestID: requestID), status: error.status, headers: error.headers)
            log(error, requestID: requestID)
        }
        let isComplete = request.method == .head
        if isComplete { response = response.withoutBody() }
        response.headers[.requestID] = requestID
        response.headers[.xContentTypeOptions] = "nosniff"
        if response.headers[.cacheControl] == nil { response.headers[.cacheControl] = "no-store" }
        if mustClose(request, response, trail) { response = response.closing(context.channel) }
        record(request, response, requestID: requestID, trail: trail, context: context, since: started)
        return response
    }

    private func answer(_ request: Request, requestID: String, trail: inout Trail) async throws -> Response {
        try guardian.check(request, isOpenAccess: !identity.isConfigured)
        let caller = try Credentials.caller(of: request, identity: identity)
        trail.principal = caller
        let (route, parameters) = try find(request)
        let principal = try admit(caller, to: route)
        var call = Call(
            control: control, shared: shared, request: request, requestID: requestID, principal: principal,
            isIdentified: caller != nil, pathParameters: parameters, now: shared.now())
        call.query = try QueryParameters.parse(request.uri.query, allowed: route.query)
        if route.body.schema != nil {
            let bytes = try await RequestBytes.read(request)
            trail.bodyWasRead = true
            call.body = try parse(bytes, rule: route.body)
        }
        return try await route.handler(call)
    }

    private func find(_ request: Request) throws(APIError) -> (Route, [String: String]) {
        switch matcher.match(request.method, request.uri.path) {
        case .route(let route, let parameters): return (route, parameters)
        case .noSuchMethod(let allowed): throw .methodNotAllowed(allowed)
        case .noSuchPath:
            throw .notFound("there is no `\(request.uri.path.escapedForDisplay(maximumLength: 200))`")
        }
    }

    /// The caller as the route sees them; nobody may pass where a scope is asked for.
    private func admit(_ caller: Principal?, to route: Route) throws(APIError) -> Principal {
        guard case .scope(let scope) = route.access else { return caller ?? Principal(name: "anonymous", scopes: []) }
        guard let caller else {
            throw .unauthorized("a key is needed: `Authorization: Bearer KEY` or `X-API-Key: KEY`")
        }
        guard caller.scopes.contains(scope) else {
            throw .forbidden("this needs the scope `\(scope.rawValue)`, which `\(caller.name)` does not have")
        }
        return caller
    }

    private func parse(_ bytes: [UInt8], rule: BodyRule) throws(APIError) -> JSONObject {
        if bytes.isEmpty {
            guard rule.mayBeMissing else { throw .badRequest("a JSON body is needed") }
            return JSONObject()
        }
        let value: JSONValue
        do {
            value = try JSONValue.parse(bytes)
        } catch {
            throw .badRequest("the body is not the JSON that is accepted: \(error)")
        }
        return try rule.checked(value)
    }

    /// True when the rest of the request is not to be waited for: its body is too large, or it was refused unread
    /// and nobody knows how long it is.
    private func mustClose(_ request: Request, _ response: Response, _ trail: Trail) -> Bool {
        if response.status == .contentTooLarge { return true }
        if trail.bodyWasRead { return false }
        switch RequestBytes.announced(request) {
        case .nothing: return false
        case .bytes(let count): return count > HTTPLimits.bodyBytes
        case .unbounded: return true
        }
    }

    private func log(_ error: APIError, requestID: String) {
        guard case .internal(let message, let logged) = error else { return }
        logger.error(
            "a request failed",
            metadata: [
                "event": "request_failed", "request_id": "\(requestID)", "error": "\(message)", "detail": "\(logged)",
            ])
    }

    /// One line per request, without its query, which may hold what a person typed.
    private func record(
        _ request: Request, _ response: Response, requestID: String, trail: Trail, context: ConnectionContext,
        since started: ContinuousClock.Instant
    ) {
        let elapsed = ContinuousClock.now - started
        let microseconds = elapsed.components.seconds * 1_000_000 + elapsed.components.attoseconds / 1_000_000_000_000
        logger.info(
            "request",
            metadata: [
                "event": "request", "request_id": "\(requestID)", "method": "\(request.method.rawValue)",
                "path": "\(request.uri.path.escapedForDisplay(maximumLength: 200))",
                "status": .stringConvertible(response.status.code),
                "duration_ms": .stringConvertible(Double(microseconds) / 1000),
                "client_ip": "\(context.channel.remoteAddress?.ipAddress ?? "-")",
                "actor": "\(trail.principal?.name ?? "-")",
            ])
    }
}

extension Response {
    /// The same head, with the length the body would have had (RFC 9110, HEAD).
    fileprivate func withoutBody() -> Response {
        Response(status: status, headers: headers, body: ResponseBody())
    }

    /// Answers and then gives the connection up. The sending side is closed at once; what still comes in is thrown
    /// away for a second, because closing on unread bytes would reset the connection and lose the answer.
    fileprivate func closing(_ channel: any Channel) -> Response {
        var response = self
        response.headers[.connection] = "close"
        let body = response.body
        response.body = ResponseBody(contentLength: body.contentLength) { writer in
            try await body.write(writer)
            channel.eventLoop.scheduleTask(in: .seconds(1)) { channel.close(promise: nil) }
            try await channel.close(mode: .output)
        }
        return response
    }
}
