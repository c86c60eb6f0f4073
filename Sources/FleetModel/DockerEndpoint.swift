/// The files with which a `tcp://` endpoint is spoken to: its authority, and the certificate and key that it knows us by.
package struct DockerTLS: Hashable, Sendable {
    /// Absolute paths. Whether the files are there is not known here.
    package var authority: String
    package var certificate: String
    package var key: String

    package init(authority: String, certificate: String, key: String) {
        self.authority = authority
        self.certificate = certificate
        self.key = key
    }

    /// The three files by the names that docker itself gives them in `DOCKER_CERT_PATH`.
    package init(folder: String) {
        let folder = folder.hasSuffix("/") && folder.utf8.count > 1 ? String(folder.dropLast()) : folder
        self.init(authority: "\(folder)/ca.pem", certificate: "\(folder)/cert.pem", key: "\(folder)/key.pem")
    }
}

/// A Docker daemon that the registry names under `hosts:`. A service without one is on the default endpoint, which
/// is what `DOCKER_HOST` or the docker CLI's own default says.
///
/// A reference, since a large fleet has few hosts and each of its services has one; equal by value.
package final class DockerEndpoint: Sendable {
    /// As under `hosts:`.
    package let name: String
    package let url: DockerURL
    /// Only with `tcp://`.
    package let tls: DockerTLS?
    /// Where the ports that containers publish are reached from here: a name or an address, IPv6 without brackets.
    package let address: String

    /// `address` is what the registry says; without it the URL's host, for a socket this machine.
    package init(name: String, url: DockerURL, tls: DockerTLS? = nil, address: String? = nil) {
        self.name = name
        self.url = url
        self.tls = tls
        self.address = address ?? url.host ?? DockerEndpoint.loopback
    }

    /// Where the ports of the default endpoint are probed.
    package static let loopback = "127.0.0.1"

    package var json: JSONValue {
        [
            "name": .string(name), "docker": .string(url.description),
            "tls": tls.map {
                ["ca": .string($0.authority), "cert": .string($0.certificate), "key": .string($0.key)]
            } ?? .null,
            "address": .string(address),
        ]
    }

    // MARK: - On a command line

    /// The docker CLI's global options for this endpoint; they stand before the command.
    package var options: [String] {
        var options = ["--host", url.description]
        if let tls {
            options += [
                "--tlsverify", "--tlscacert", tls.authority, "--tlscert", tls.certificate, "--tlskey", tls.key,
            ]
        }
        return options
    }
}

extension DockerEndpoint: Hashable {
    package static func == (one: DockerEndpoint, other: DockerEndpoint) -> Bool {
        one === other
            || one.name == other.name && one.url == other.url && one.tls == other.tls && one.address == other.address
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(name)
        hasher.combine(url)
    }

    /// Whether commands for both go the same way to the same daemon, whatever they are called.
    package func reachesTheSame(as other: DockerEndpoint) -> Bool {
        self === other || url == other.url && tls == other.tls
    }
}

extension DockerEndpoint? {
    /// As it is written for people: the name, or what the default one is called.
    package var shown: String { map { "host `\($0.name)`" } ?? "the default docker host" }
}
