import FleetModel
import Testing

@Suite("where a docker daemon is")
struct DockerEndpointTests {
    @Test(
        "URLs that docker takes are taken, and written in one way",
        arguments: [
            ("unix:///run/docker.sock", "unix:///run/docker.sock", nil),
            ("tcp://10.0.0.2:2376", "tcp://10.0.0.2:2376", "10.0.0.2"),
            ("tcp://Edge-1.Example:2376", "tcp://edge-1.example:2376", "edge-1.example"),
            ("TCP://[FE80::1]:2376", "tcp://[fe80::1]:2376", "fe80::1"),
            ("ssh://edge-1", "ssh://edge-1", "edge-1"),
            ("ssh://ops@edge-1.example", "ssh://ops@edge-1.example", "edge-1.example"),
            ("ssh://ops@edge-1.example:2222", "ssh://ops@edge-1.example:2222", "edge-1.example"),
            ("ssh://ops@[::1]:2222", "ssh://ops@[::1]:2222", "::1"),
        ] as [(String, String, String?)])
    func taken(text: String, written: String, host: String?) throws {
        let url = try DockerURL(text)
        #expect(url.description == written)
        #expect(url.host == host)
        #expect(try DockerURL(written) == url)
    }

    @Test(
        "everything else is refused with the reason",
        arguments: [
            ("", "is no URL"), ("edge-1", "is no URL"), ("http://edge-1:2375", "unknown scheme `http`"),
            ("fd://", "unknown scheme"), ("npipe:////./pipe/docker", "unknown scheme"),
            ("unix://run/docker.sock", "absolute path"), ("unix://", "absolute path"), ("unix:///", "absolute path"),
            ("unix:///a\n", "a space or a character"), ("unix:///a b", "a space"), ("unix:///a?b", "`?`"),
            ("unix:///" + String(repeating: "a", count: 107), "longer than 107"),
            ("tcp://edge-1", "no port"), ("tcp://:2376", "names no host"), ("tcp://edge-1:0", "1 to 65535"),
            ("tcp://edge-1:65536", "1 to 65535"), ("tcp://edge-1:+80", "1 to 65535"), ("tcp://edge-1:", "1 to 65535"),
            ("tcp://ops@edge-1:2376", "only `ssh://` takes"), ("tcp://edge-1:2376/", "where only a host and a port"),
            ("tcp://edge-1:2376#x", "where only"), ("tcp://[edge-1]:2376", "no IPv6 address"),
            ("tcp://[::1:2376", "without its"), ("tcp://[::1]x:2376", "after its `]`"),
            ("tcp://::1:2376", "names no host"), ("ssh://", "names no host"),
            ("ssh://-oProxyCommand=x", "no name and no address"), ("ssh://-l@edge-1", "no plain name"),
            ("ssh://ops:secret@edge-1", "password"), ("tcp://ops:secret@edge-1:1", "password"),
            ("ssh://a@b@edge-1", "no plain name"), ("ssh://@edge-1", "no plain name"),
            ("ssh://edge-1/run/docker.sock", "where only"), ("ssh://edgé", "a character that no URL has"),
        ])
    func refused(text: String, reason: String) {
        let error = #expect(throws: MalformedEndpoint.self) { try DockerURL(text) }
        #expect(error?.description.contains(reason) == true, "\(text): \(error?.description ?? "")")
        #expect(error?.description.contains("secret") != true)
    }

    static let rack = DockerEndpoint(
        name: "rack-2", url: try! DockerURL("tcp://10.0.0.2:2376"), tls: DockerTLS(folder: "/etc/muster/rack-2/"))
    static let edge = DockerEndpoint(name: "edge-1", url: try! DockerURL("ssh://ops@edge-1"))

    @Test("its options can be read back from a recorded command", arguments: [edge, rack])
    func roundTrip(endpoint: DockerEndpoint) throws {
        let command = ["docker", "restart", "-t", "10", "--", "id"]
        let split = try DockerEndpoint.split(["docker"] + endpoint.options + command.dropFirst())
        #expect(split.command == command)
        #expect(split.endpoint?.reachesTheSame(as: endpoint) == true)
        #expect(split.endpoint?.tls == endpoint.tls)
    }

    @Test func aCommandWithoutOptionsIsForTheDefaultEndpoint() throws {
        let split = try DockerEndpoint.split(["docker", "stop", "--", "--host"])
        #expect(split.endpoint == nil)
        #expect(split.command == ["docker", "stop", "--", "--host"])
    }

    @Test(
        "what this version never wrote is for no endpoint at all",
        arguments: [
            ["docker", "-H", "unix:///a", "ps"], ["docker", "--host"], ["docker", "--host", "x", "ps"],
            ["docker", "--context", "x", "ps"],
            ["docker", "--host", "tcp://a:1", "--tlsverify", "--tlscacert", "/ca", "ps"],
        ])
    func notOurs(command: [String]) {
        #expect(throws: MalformedEndpoint.self) { try DockerEndpoint.split(command) }
    }

    @Test func tlsFilesOfAFolderHaveDockersOwnNames() {
        #expect(Self.rack.tls?.authority == "/etc/muster/rack-2/ca.pem")
        #expect(
            Self.rack.options == [
                "--host", "tcp://10.0.0.2:2376", "--tlsverify", "--tlscacert", "/etc/muster/rack-2/ca.pem",
                "--tlscert", "/etc/muster/rack-2/cert.pem", "--tlskey", "/etc/muster/rack-2/key.pem",
            ])
    }

    @Test func consentBindsTheHostAndAllThatItStandsFor() {
        let plain = ServiceSpec(name: "web")
        let digests = [
            plain, ServiceSpec(name: "web", endpoint: Self.edge), ServiceSpec(name: "web", endpoint: Self.rack),
            ServiceSpec(
                name: "web", endpoint: DockerEndpoint(name: "edge-1", url: try! DockerURL("ssh://ops@edge-2"))),
            ServiceSpec(name: "web", endpoint: DockerEndpoint(name: "rack-2", url: Self.rack.url)),
        ].map(\.digest)
        #expect(Set(digests).count == digests.count)
        #expect(plain.json["host"] == .null)
        #expect(ServiceSpec(name: "web", endpoint: Self.edge).json["host"]?["name"] == "edge-1")
    }

    @Test func theHostsInUseAreThoseThatDockersServicesName() {
        func inUse(_ services: ServiceSpec...) -> [String?] {
            DesiredState(services: services, hosts: [Self.edge, Self.rack], digest: "d").endpointsInUse.map { $0?.name }
        }
        let edge = ServiceSpec(name: "a", endpoint: Self.edge)
        let rack = ServiceSpec(name: "b", endpoint: Self.rack)
        #expect(inUse() == [nil], "as ever when no host is named")
        #expect(inUse(edge) == ["edge-1"], "the default one is nobody's")
        #expect(inUse(rack, edge, ServiceSpec(name: "c", endpoint: Self.edge)) == ["edge-1", "rack-2"])
        #expect(inUse(edge, ServiceSpec(name: "c")) == [nil, "edge-1"])
        #expect(inUse(ServiceSpec(name: "c", runtime: Runtime.none, endpoint: Self.edge), rack) == ["rack-2"])
    }

    @Test func aStackIsWhereItsParameterSays() {
        let desired = DesiredState(services: [ServiceSpec(name: "shop")], hosts: [Self.edge], digest: "d")
        func entry(_ params: [(String, JSONValue)]) -> ServiceSpec? {
            desired.entry(for: .redeployStack, "shop", JSONObject(params))
        }
        #expect(entry([]) == nil, "a stack is no service, whatever its name")
        #expect(entry([("host", "edge-1")])?.endpoint == Self.edge)
        #expect(entry([("host", "edge-2")]) == nil)
        #expect(desired.entry(for: .restartService, "shop", JSONObject())?.name == "shop")
    }
}
