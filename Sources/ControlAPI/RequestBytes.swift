internal import FleetModel
internal import HTTPTypes
internal import Hummingbird
internal import NIOCore

/// Reading a request's body within its limit.
enum RequestBytes {
    enum Announced {
        case nothing
        case bytes(Int)
        /// Chunked, or a length that is no number.
        case unbounded
    }

    /// What the head says of the body. NIO has already refused contradictory heads.
    static func announced(_ request: Request) -> Announced {
        if request.headers[.transferEncoding] != nil { return .unbounded }
        guard let text = request.headers[.contentLength] else { return .nothing }
        guard let count = Int(text) else { return .unbounded }
        return count > 0 ? .bytes(count) : .nothing
    }

    /// The whole body, empty when there is none.
    ///
    /// Refuses by the head alone where it can: an encoding or a type that is not JSON, a length over the limit. A
    /// body without a length is counted while it comes. Throws `APIError`, or what the connection threw.
    static func read(_ request: Request) async throws -> [UInt8] {
        let announced = announced(request)
        if case .nothing = announced { return [] }
        if let encoding = request.headers[.contentEncoding] {
            throw APIError.unsupportedMediaType(
                "`Content-Encoding: \(encoding.escapedForDisplay(maximumLength: 40))` is not taken; send plain JSON")
        }
        try checkType(request.headers[.contentType])
        if case .bytes(let count) = announced, count > HTTPLimits.bodyBytes {
            throw APIError.payloadTooLarge(limit: HTTPLimits.bodyBytes)
        }
        var bytes: [UInt8] = []
        for try await chunk in request.body {
            guard bytes.count + chunk.readableBytes <= HTTPLimits.bodyBytes else {
                throw APIError.payloadTooLarge(limit: HTTPLimits.bodyBytes)
            }
            bytes.append(contentsOf: chunk.readableBytesView)
        }
        return bytes
    }

    /// `application/json`, alone or with `charset=utf-8`.
    private static func checkType(_ type: String?) throws(APIError) {
        guard let type else {
            throw .unsupportedMediaType("the body has no `Content-Type`; it must be `application/json`")
        }
        let parts = type.split(separator: ";").map { part in
            part.filter { $0 != " " && $0 != "\t" }.lowercased()
        }
        let parameters = parts.dropFirst()
        guard parts.first == "application/json",
            parameters.allSatisfy({ $0 == "charset=utf-8" || $0 == "charset=\"utf-8\"" })
        else {
            throw .unsupportedMediaType(
                "`Content-Type` is `\(type.escapedForDisplay(maximumLength: 80))`; it must be `application/json`")
        }
    }
}
