internal import HTTPTypes
internal import Hummingbird

extension HTTPField.Name {
    static let requestID = HTTPField.Name("X-Request-ID")!
    static let apiKey = HTTPField.Name("X-API-Key")!
    static let idempotencyKey = HTTPField.Name("Idempotency-Key")!
    static let idempotencyReplayed = HTTPField.Name("Idempotency-Replayed")!
    static let secFetchSite = HTTPField.Name("Sec-Fetch-Site")!
    static let host = HTTPField.Name("Host")!
    static let accelBuffering = HTTPField.Name("X-Accel-Buffering")!
    static let referrerPolicy = HTTPField.Name("Referrer-Policy")!
    static let frameOptions = HTTPField.Name("X-Frame-Options")!
}

/// The id that every answer bears.
enum RequestIdentifier {
    /// The request's own `X-Request-ID` where it has one of 1-128 of `[A-Za-z0-9._-]`, else 128 random bits in hex.
    static func of(_ request: Request) -> String {
        if let given = request.headers[.requestID], isValid(given) { return given }
        var generator = SystemRandomNumberGenerator()
        return hex(generator.next()) + hex(generator.next())
    }

    private static func isValid(_ text: String) -> Bool {
        (1...128).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                (0x61...0x7A).contains(byte) || (0x41...0x5A).contains(byte) || (0x30...0x39).contains(byte)
                    || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
            }
    }

    private static func hex(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

/// Who a request says it is from.
enum Credentials {
    /// The caller, nil where identity is on and nothing was shown.
    ///
    /// What is shown must be good, also on open routes and where no identity is configured: a caller who sends a key
    /// believes to be somebody, and must learn that they are not. Several credentials must be of one person.
    static func caller(of request: Request, identity: Identity) throws(APIError) -> Principal? {
        var shown = request.headers[values: .apiKey]
        for value in request.headers[values: .authorization] {
            guard let token = bearer(value) else {
                throw .unauthorized("`Authorization` must be `Bearer KEY`")
            }
            shown.append(token)
        }
        guard let first = shown.first else { return identity.isConfigured ? nil : .local }
        guard let principal = identity.authenticate(first) else { throw .unauthorized("the key is not known") }
        for other in shown.dropFirst() where identity.authenticate(other) != principal {
            throw .unauthorized("the request shows more than one key")
        }
        return principal
    }

    /// The token of `Bearer TOKEN`; the scheme in any case (RFC 9110, section 11.1).
    private static func bearer(_ value: String) -> String? {
        let parts = value.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        let token = parts[1].drop { $0 == " " }
        return token.isEmpty || token.contains(" ") ? nil : String(token)
    }
}
