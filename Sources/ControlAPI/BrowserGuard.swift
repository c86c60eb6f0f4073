internal import FleetModel
internal import HTTPTypes
internal import Hummingbird

/// Keeps other web sites from using a person's browser against this API.
///
/// Where no identity is configured, being on this machine is all the authority there is, and a browser on it can be
/// led here by any page: by a name that resolves to 127.0.0.1 (DNS rebinding), or by a form posted across sites.
struct BrowserGuard: Sendable {
    private let names: Set<String>
    /// Listening on all addresses: a `Host` that is an address is taken, since rebinding needs a name.
    private let takesAddresses: Bool

    init(host: String, others: [String] = []) {
        names = Set(([host] + others).map { $0.lowercased() }).union(["localhost", "::1"])
        takesAddresses = ["0.0.0.0", "::", ""].contains(host)
    }

    func check(_ request: Request, isOpenAccess: Bool) throws(APIError) {
        // The first `Host` is the authority; NIO leaves a second one among the fields (RFC 9112, section 3.2).
        guard request.headers[.host] == nil else { throw .badRequest("the request has more than one `Host`") }
        if isOpenAccess, let authority = request.head.authority { try checkHost(authority) }
        if request.method != .get, request.method != .head { try checkOrigin(request) }
    }

    /// A request without a `Host` (HTTP/1.0) comes from no browser.
    private func checkHost(_ authority: String) throws(APIError) {
        let name = BrowserGuard.hostName(authority).lowercased()
        if names.contains(name) || BrowserGuard.isLoopbackAddress(name) { return }
        if takesAddresses, BrowserGuard.isAddress(name) { return }
        throw .forbidden(
            "`Host: \(authority.escapedForDisplay(maximumLength: 100))` is not this server's; without an identity "
                + "configured only loopback names and the configured host are served")
    }

    private func checkOrigin(_ request: Request) throws(APIError) {
        if let site = request.headers[.secFetchSite], site != "same-origin", site != "none" {
            throw .forbidden("a request from another site is not taken")
        }
        for origin in request.headers[values: .origin] {
            let own = request.head.authority?.lowercased()
            let parts = origin.lowercased().split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3, parts[0] == "http:" || parts[0] == "https:", String(parts[2]) == own else {
                throw .forbidden(
                    "`Origin: \(origin.escapedForDisplay(maximumLength: 100))` is not this server's; "
                        + "a request from another site is not taken")
            }
        }
    }

    /// `name` of `name`, `name:port`, `[::1]`, `[::1]:port`.
    static func hostName(_ authority: String) -> String {
        if authority.hasPrefix("["), let end = authority.firstIndex(of: "]") {
            return String(authority[authority.index(after: authority.startIndex)..<end])
        }
        return String(authority.prefix { $0 != ":" })
    }

    private static func isLoopbackAddress(_ name: String) -> Bool {
        octets(name)?.first == 127
    }

    private static func isAddress(_ name: String) -> Bool {
        octets(name) != nil || (name.contains(":") && name.allSatisfy { $0.isHexDigit || $0 == ":" || $0 == "." })
    }

    private static func octets(_ name: String) -> [Int]? {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        let octets = parts.compactMap { part in
            part.utf8.count <= 3 && part.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int(part) : nil
        }
        return parts.count == 4 && octets.count == 4 && octets.allSatisfy { $0 < 256 } ? octets : nil
    }
}
