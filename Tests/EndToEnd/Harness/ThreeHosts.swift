import Foundation

/// Three dockerds of a test's own and one way to each: `sock` by a socket, `tls` by TCP with certificates that are
/// verified both ways, `ssh` through an `ssh` on PATH that runs what it is told on this machine.
final class ThreeHosts {
    let sock: OwnDaemon
    let tls: OwnDaemon
    let ssh: OwnDaemon
    private let homes: [Scratch]
    private let port: Int

    var all: [OwnDaemon] { [sock, tls, ssh] }
    private var certificates: String { homes[1].path("certificates") }
    private var tools: String { homes[2].path("tools") }

    init() throws {
        homes = try ["sock", "tls", "ssh"].map { try Scratch($0) }
        port = try Muster.freePort()
        sock = OwnDaemon(homes[0])
        let folder = homes[1].path("certificates")
        tls = OwnDaemon(
            homes[1],
            arguments: [
                "--host", "tcp://127.0.0.1:\(port)", "--tlsverify", "--tlscacert", "\(folder)/ca.pem", "--tlscert",
                "\(folder)/server.pem", "--tlskey", "\(folder)/server-key.pem",
            ])
        ssh = OwnDaemon(homes[2])
    }

    /// What stands under `hosts:`, indented by two.
    var registry: String {
        """
          sock: {docker: "\(sock.docker.host)"}
          tls: {docker: "tcp://127.0.0.1:\(port)", tls: {dir: \(certificates)}}
          ssh: {docker: "ssh://ops@edge-1.example"}
        """
    }

    /// A PATH on which `ssh` leads to the third daemon.
    var path: String { "\(tools):\(ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin")" }

    /// How each host is named on docker's command line, to see where an action went.
    var urls: [String: String] {
        ["sock": sock.docker.host, "tls": "tcp://127.0.0.1:\(port)", "ssh": "ssh://ops@edge-1.example"]
    }

    func start() async throws {
        try await makeCertificates()
        try makeSSH()
        for daemon in all {
            try await daemon.start()
            try await TestImage.prepare(on: daemon.docker)
        }
    }

    func end() async {
        for daemon in all { await daemon.end() }
        for home in homes { home.remove() }
    }

    /// `-v -l ops -- edge-1.example docker system dial-stdio`: what stands after the host is run here.
    private func makeSSH() throws {
        try FileManager.default.createDirectory(atPath: tools, withIntermediateDirectories: true)
        try homes[2].write(
            """
            #!/bin/sh
            while [ $# -gt 0 ] && [ "$1" != edge-1.example ]; do shift; done
            [ $# -gt 1 ] || { echo 'ssh: no such host' >&2; exit 255; }
            shift
            # The client says `docker system dial-stdio`, as words or as one text for the other side's shell.
            DOCKER_HOST='\(ssh.docker.host)' exec sh -c "$*"

            """, to: "tools/ssh")
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: "\(tools)/ssh")
    }

    /// An authority, and a certificate signed by it for the daemon and for us.
    private func makeCertificates() async throws {
        try FileManager.default.createDirectory(atPath: certificates, withIntermediateDirectories: true)
        try await Shell.output([
            "sh", "-ec",
            """
            cd "$1"
            openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=muster-test -keyout ca-key.pem -out ca.pem
            sign() { # name, key file, certificate file, extension
                openssl req -newkey rsa:2048 -nodes -subj "/CN=$1" -keyout "$2" -out request.pem
                printf '%s\n' "$4" >extensions
                openssl x509 -req -in request.pem -CA ca.pem -CAkey ca-key.pem -CAcreateserial -days 2 \
                    -extfile extensions -out "$3"
            }
            sign server server-key.pem server.pem 'subjectAltName=IP:127.0.0.1'
            sign client key.pem cert.pem 'extendedKeyUsage=clientAuth'
            """, "sh", certificates,
        ])
    }
}
