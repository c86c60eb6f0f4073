internal import ControlPlane
internal import FleetModel
internal import HTTPTypes
internal import Hummingbird
internal import Logging
internal import Store

/// `Idempotency-Key`: the same key with the same request is answered once and then replayed.
enum Idempotency {
    /// Runs `operation` at most once for the caller's key, or always where none was sent.
    ///
    /// Keys are each caller's own. The answer is kept in the store, so that a replay survives a restart; an
    /// operation that failed is not kept, so that it can be tried again. The same key with another body is refused.
    static func once(
        _ call: Call, _ operation: @escaping @Sendable () async throws(APIError) -> (status: Int, body: String)
    ) async throws(APIError) -> Response {
        guard let key = try key(of: call.request) else { return response(try await operation()) }
        let storeKey = "\(call.principal.name)/\(key)"
        let fingerprint = Digest.sha256(
            "\(call.request.method.rawValue)\n\(call.request.uri.path)\n\(JSONValue.object(call.body).canonical)")
        let answer = try await call.shared.idempotency.take(storeKey) { () async throws(APIError) -> Response in
            let kept = try await fromStore { () async throws(StoreError) in
                try await call.control.store.idempotentAnswer(key: storeKey)
            }
            if let kept { return try replay(kept, fingerprint: fingerprint) }
            let fresh = try await operation()
            await keep(
                IdempotentAnswer(
                    key: storeKey, fingerprint: fingerprint, status: fresh.status, body: fresh.body, at: call.now),
                call)
            return response(fresh)
        }
        guard let answer else { throw .unavailable("too many requests wait for the same `Idempotency-Key`") }
        return answer
    }

    /// 1-128 visible ASCII characters.
    private static func key(of request: Request) throws(APIError) -> String? {
        let values = request.headers[values: .idempotencyKey]
        guard let key = values.first else { return nil }
        guard values.count == 1, (1...128).contains(key.utf8.count),
            key.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { throw .badRequest("`Idempotency-Key` must be 1 to 128 visible ASCII characters") }
        return key
    }

    private static func replay(_ kept: IdempotentAnswer, fingerprint: String) throws(APIError) -> Response {
        guard kept.fingerprint == fingerprint else {
            throw .unprocessable("this `Idempotency-Key` was used with another request")
        }
        return response((kept.status, kept.body), headers: [.idempotencyReplayed: "true"])
    }

    /// What was done is done and durable: the caller gets its answer even when the copy for a replay cannot be
    /// kept, and the log says that a retry would ask again.
    private static func keep(_ answer: IdempotentAnswer, _ call: Call) async {
        do {
            try await call.control.store.keep(answer)
        } catch {
            call.shared.logger.warning(
                "the answer to an idempotent request could not be kept",
                metadata: [
                    "event": "idempotency_not_kept", "request_id": "\(call.requestID)", "error": "\(error)",
                ])
        }
    }

    private static func response(_ answer: (status: Int, body: String), headers: HTTPFields = [:]) -> Response {
        .jsonText(answer.body.utf8, status: HTTPResponse.Status(code: answer.status), headers: headers)
    }
}
