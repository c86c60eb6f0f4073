internal import ControlPlane
internal import FleetModel
internal import HTTPTypes
internal import Store

/// Every way a request can fail; each case is one code and status of the contract.
enum APIError: Error, Equatable, Sendable {
    case badRequest(String)
    case unauthorized(String)
    case forbidden(String)
    case notFound(String)
    /// The methods that the path has.
    case methodNotAllowed([HTTPRequest.Method])
    /// `details` stand beside the message in the answer.
    case conflict(String, details: JSONObject = JSONObject())
    case payloadTooLarge(limit: Int)
    case unsupportedMediaType(String)
    case unprocessable(String)
    case unavailable(String)
    /// `logged` is for the log alone: it may name internals.
    case `internal`(String, logged: String)
}

extension APIError {
    var code: String {
        switch self {
        case .badRequest: "bad_request"
        case .unauthorized: "unauthorized"
        case .forbidden: "forbidden"
        case .notFound: "not_found"
        case .methodNotAllowed: "method_not_allowed"
        case .conflict: "conflict"
        case .payloadTooLarge: "payload_too_large"
        case .unsupportedMediaType: "unsupported_media_type"
        case .unprocessable: "unprocessable"
        case .unavailable: "unavailable"
        case .internal: "internal"
        }
    }

    var status: HTTPResponse.Status {
        switch self {
        case .badRequest: .badRequest
        case .unauthorized: .unauthorized
        case .forbidden: .forbidden
        case .notFound: .notFound
        case .methodNotAllowed: .methodNotAllowed
        case .conflict: .conflict
        case .payloadTooLarge: .contentTooLarge
        case .unsupportedMediaType: .unsupportedMediaType
        case .unprocessable: .unprocessableContent
        case .unavailable: .serviceUnavailable
        case .internal: .internalServerError
        }
    }

    var message: String {
        switch self {
        case .badRequest(let text), .unauthorized(let text), .forbidden(let text), .notFound(let text),
            .conflict(let text, _), .unsupportedMediaType(let text), .unprocessable(let text),
            .unavailable(let text), .internal(let text, _):
            text
        case .methodNotAllowed(let methods):
            "this path has " + methods.map { "`\($0.rawValue)`" }.joined(separator: ", ") + " only"
        case .payloadTooLarge(let limit): "the body is larger than \(limit) bytes"
        }
    }

    /// The headers that the status calls for (RFC 9110: 401, 405 and 503).
    var headers: HTTPFields {
        switch self {
        case .unauthorized: [.wwwAuthenticate: "Bearer realm=\"muster\""]
        case .methodNotAllowed(let methods): [.allow: methods.map(\.rawValue).joined(separator: ", ")]
        case .unavailable: [.retryAfter: "5"]
        default: [:]
        }
    }

    /// The contract's error object.
    func json(requestID: String) -> JSONValue {
        var object = JSONObject(unique: [
            ("status", "error"), ("error", .string(code)), ("message", .string(message.escapedForDisplay())),
            ("request_id", .string(requestID)),
        ])
        if case .conflict(_, let details) = self {
            for member in details.members { object[member.name] = member.value }
        }
        return .object(object)
    }
}

extension APIError {
    init(_ error: StoreError) {
        switch error {
        case .unavailable: self = .unavailable("the store is not available; nothing was written")
        case .locked: self = .unavailable("the store is in use by another process")
        case .staleTerm, .ledgerMoved: self = .unavailable("another instance has taken the lead; try again")
        case .conflict(let text): self = .conflict(text)
        case .badRequest(let text): self = .badRequest(text)
        case .corrupt(let text):
            self = .internal("what is stored cannot be read; the log says more", logged: text)
        case .newerSchema(let found):
            self = .internal("the store was written by a newer Muster", logged: "migration \(found)")
        }
    }

    init(_ error: ControlError) {
        switch error {
        case .badRequest(let text): self = .badRequest(text)
        case .forbidden(let text): self = .forbidden(text)
        case .notFound(let text): self = .notFound(text)
        case .conflict(let text): self = .conflict(text)
        case .unprocessable(let text): self = .unprocessable(text)
        case .unavailable(let text): self = .unavailable(text)
        case .internal(let text): self = .internal("it failed inside; the log says more", logged: text)
        }
    }
}

/// Runs a read or write of the store; its errors become the contract's.
func fromStore<Value>(_ operation: () async throws(StoreError) -> Value) async throws(APIError) -> Value {
    do {
        return try await operation()
    } catch {
        throw APIError(error)
    }
}

/// Asks the control plane; its errors become the contract's.
func fromControl<Value>(_ operation: () async throws(ControlError) -> Value) async throws(APIError) -> Value {
    do {
        return try await operation()
    } catch {
        throw APIError(error)
    }
}
