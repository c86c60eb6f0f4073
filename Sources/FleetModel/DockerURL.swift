/// Why a text names no Docker endpoint, in words that go on from the text itself: "has no port".
package struct MalformedEndpoint: Error, Equatable, Sendable, CustomStringConvertible {
    package var description: String

    init(_ description: String) {
        self.description = description
    }
}

/// Where a Docker daemon listens, as `DOCKER_HOST` has it: `unix:///path`, `tcp://host:port`, `ssh://[user@]host[:port]`.
///
/// Stricter than docker: what is not needed to reach a daemon is refused, above all what could be read as an option by
/// the programs that it is handed to (`ssh` gets the host and the user as arguments), and passwords, which would be
/// logged.
package struct DockerURL: Hashable, Sendable, CustomStringConvertible {
    package enum Scheme: String, Sendable, CaseIterable {
        case unix, tcp, ssh
    }

    package let scheme: Scheme
    /// Without the brackets of an IPv6 address; nil for a socket.
    package let host: String?
    /// With the host in small letters, so that equal endpoints are equal texts.
    package let description: String

    package init(_ text: String) throws(MalformedEndpoint) {
        guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw MalformedEndpoint("has a space or a character that no URL has")
        }
        guard let separator = text.firstRange(of: "://") else {
            throw MalformedEndpoint("is no URL; \(DockerURL.known)")
        }
        let word = text[..<separator.lowerBound]
        guard let scheme = Scheme(rawValue: word.lowercased()) else {
            throw MalformedEndpoint("has the unknown scheme `\(word)`; \(DockerURL.known)")
        }
        self.scheme = scheme
        let rest = text[separator.upperBound...]
        guard scheme != .unix else {
            try DockerURL.checkSocket(rest)
            host = nil
            description = "unix://\(rest)"
            return
        }
        if let odd = rest.first(where: { "/?#".contains($0) }) {
            throw MalformedEndpoint("has a `\(odd)` where only a host and a port belong")
        }
        let user = try DockerURL.user(of: rest, scheme)
        let place = rest.lastIndex(of: "@").map { rest[rest.index(after: $0)...] } ?? rest
        let (host, port) = try DockerURL.hostAndPort(place)
        if port == nil, scheme == .tcp {
            throw MalformedEndpoint("has no port; docker's own are 2376 with TLS and 2375 without")
        }
        self.host = host
        let written = host.contains(":") ? "[\(host)]" : host
        description =
            "\(scheme.rawValue)://\(user.map { "\($0)@" } ?? "")\(written)\(port.map { ":\($0)" } ?? "")"
    }

    private static let known = "docker's are `unix:///path`, `tcp://host:port` and `ssh://user@host`"

    /// 107 bytes is what a socket's address has room for (unix(7)).
    private static func checkSocket(_ path: Substring) throws(MalformedEndpoint) {
        guard path.hasPrefix("/"), path.utf8.count > 1 else {
            throw MalformedEndpoint("needs the absolute path of a socket: `unix:///run/docker.sock`")
        }
        guard path.utf8.count <= 107 else { throw MalformedEndpoint("has a path longer than 107 bytes") }
        if let odd = path.first(where: { "?#%".contains($0) }) {
            throw MalformedEndpoint("has a `\(odd)` in its path")
        }
    }

    private static func user(of rest: Substring, _ scheme: Scheme) throws(MalformedEndpoint) -> Substring? {
        guard let end = rest.lastIndex(of: "@") else { return nil }
        let user = rest[..<end]
        // Not shown: it may be a secret.
        guard !user.contains(":") else { throw MalformedEndpoint("has a password in it; use a key") }
        guard scheme == .ssh else { throw MalformedEndpoint("has a user, which only `ssh://` takes") }
        guard isWord(user) else { throw MalformedEndpoint("has a user that is no plain name") }
        return user
    }

    private static func hostAndPort(_ place: Substring) throws(MalformedEndpoint) -> (host: String, port: Int?) {
        var host = place
        var digits: Substring?
        if place.hasPrefix("[") {
            guard let end = place.firstIndex(of: "]") else { throw MalformedEndpoint("has a `[` without its `]`") }
            host = place[place.index(after: place.startIndex)..<end]
            let rest = place[place.index(after: end)...]
            guard rest.isEmpty || rest.hasPrefix(":") else { throw MalformedEndpoint("has `\(rest)` after its `]`") }
            digits = rest.isEmpty ? nil : rest.dropFirst()
            guard host.contains(":"), host.allSatisfy({ $0.isHexDigit || $0 == ":" || $0 == "." }) else {
                throw MalformedEndpoint("has no IPv6 address in its brackets")
            }
        } else {
            if let colon = place.firstIndex(of: ":") {
                host = place[..<colon]
                digits = place[place.index(after: colon)...]
            }
            guard isWord(host) else {
                throw MalformedEndpoint(
                    host.isEmpty ? "names no host" : "has a host that is no name and no address: `\(host)`")
            }
        }
        guard let digits else { return (host.lowercased(), nil) }
        guard let port = Int(digits), (1...65535).contains(port), digits.allSatisfy(\.isNumber) else {
            throw MalformedEndpoint("has a port that is not 1 to 65535: `\(digits)`")
        }
        return (host.lowercased(), port)
    }

    /// Letters, digits, `.`, `_` and `-`, a letter or digit first: never an option.
    private static func isWord(_ text: Substring) -> Bool { Names.isTarget(String(text)) }
}

// MARK: - Reading back

extension DockerEndpoint {
    /// Takes `options` off a recorded command, `docker --host URL … restart …`: what is left, and the endpoint that
    /// they name; nil for a command without them, which is for the default endpoint. A recorded endpoint has its URL
    /// for a name. Throws where they are not what `options` writes: such a command is for no endpoint that is known.
    package static func split(
        _ command: [String]
    ) throws(MalformedEndpoint) -> (endpoint: DockerEndpoint?, command: [String]) {
        guard command.count > 1, command[1].hasPrefix("-") else { return (nil, command) }
        guard command[1] == "--host", command.count > 2 else {
            throw MalformedEndpoint("a recorded command begins with `\(command[1].escapedForDisplay())`")
        }
        let url = try DockerURL(command[2])
        var rest = command.dropFirst(3)
        var tls: DockerTLS?
        if rest.first == "--tlsverify" {
            let words = Array(rest.prefix(7))
            guard words.count == 7, words[1] == "--tlscacert", words[3] == "--tlscert", words[5] == "--tlskey" else {
                throw MalformedEndpoint("a recorded command has incomplete TLS options")
            }
            tls = DockerTLS(authority: words[2], certificate: words[4], key: words[6])
            rest = rest.dropFirst(7)
        }
        return (DockerEndpoint(name: url.description, url: url, tls: tls), [command[0]] + rest)
    }
}
