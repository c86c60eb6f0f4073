import FleetConfig
import FleetModel
import Testing

@Suite("docker hosts in the registry")
struct HostTests {
    static let text = """
        hosts:
          edge-1: {docker: "ssh://ops@edge-1.example", address: 10.0.0.1}
          rack-2: {docker: "tcp://10.0.0.2:2376", tls: {dir: /etc/muster/rack-2}}
          rack-3:
            docker: "tcp://10.0.0.3:2376"
            tls: {ca: /ca.pem, cert: /cert.pem, key: /key.pem}
          local: {docker: "unix:///run/docker-2.sock"}
        services:
          - {name: a, host: edge-1}
          - {name: b, host: rack-3}
          - name: c
          - {name: d, host: null}
        """

    @Test func areReadWithTheirServices() throws {
        let loaded = try Registry.load(Self.text)
        let desired = loaded.desired
        #expect(loaded.warnings.isEmpty)
        #expect(desired.hosts.map(\.name) == ["edge-1", "local", "rack-2", "rack-3"])
        #expect(desired["a"]?.endpoint?.url.description == "ssh://ops@edge-1.example")
        #expect(desired["a"]?.endpoint?.address == "10.0.0.1")
        #expect(
            desired["b"]?.endpoint?.tls == DockerTLS(authority: "/ca.pem", certificate: "/cert.pem", key: "/key.pem"))
        #expect(desired["b"]?.endpoint?.address == "10.0.0.3", "its ports are where its daemon is")
        #expect(desired["c"]?.endpoint == nil)
        #expect(desired["d"]?.endpoint == nil)
        #expect(desired.host("local")?.address == "127.0.0.1")
        #expect(desired.host("rack-2")?.tls?.key == "/etc/muster/rack-2/key.pem")
    }

    @Test func theOverlayMovesServicesAndHosts() throws {
        let overlay = """
            hosts: {rack-3: {docker: "ssh://rack-3"}, new: {docker: "ssh://new"}}
            services:
              - {name: a, host: null}
              - {name: c, host: new}
              - {name: e, host: local}
            """
        let desired = try Registry.load(Self.text, overlay: overlay).desired
        #expect(desired["a"]?.endpoint == nil)
        #expect(desired["b"]?.endpoint?.url.description == "ssh://rack-3", "the entry is replaced whole")
        #expect(desired["b"]?.endpoint?.tls == nil)
        #expect(desired["c"]?.endpoint?.name == "new")
        #expect(desired["e"]?.endpoint?.name == "local")
        #expect(desired.digest != (try Registry.load(Self.text).desired.digest))
    }

    @Test(
        "each mistake is refused with its place",
        arguments: [
            ("hosts: [a]\n", ["1:8: `hosts` must be a mapping, not a list"]),
            (
                "hosts: {-a: {docker: \"ssh://a\"}}\n",
                [
                    "1:9: `the name of a host` must be 1 to 63 of `a-z`, `0-9`, `.`, `_`, `-` and begin with a letter "
                        + "or digit, not `-a`"
                ]
            ),
            (
                "hosts: {a: {docker: \"ssh://a\"}, a: {docker: \"ssh://b\"}}\n",
                ["1:33: host `a` stands here again; it is first at line 1"]
            ),
            ("hosts: {a: \"ssh://a\"}\n", ["1:12: `a host` must be a mapping, not the string \"ssh://a\""]),
            ("hosts: {a: {}}\n", ["1:12: host `a` needs `docker`, such as `ssh://user@host`"]),
            (
                "hosts: {a: {dokcer: \"ssh://a\", docker: \"ssh://a\"}}\n",
                ["1:13: unknown field `dokcer` in a host; the nearest known one is `docker`"]
            ),
            (
                "hosts: {a: {docker: \"http://a:1\"}}\n",
                [
                    "1:21: `docker` `http://a:1` has the unknown scheme `http`; "
                        + "docker's are `unix:///path`, `tcp://host:port` and `ssh://user@host`"
                ]
            ),
            (
                "hosts: {a: {docker: \"ssh://me:secret@a\"}}\n",
                ["1:21: `docker` has a password in it; use a key"]
            ),
            (
                "hosts: {a: {docker: \"ssh://-oProxyCommand=x\"}}\n",
                [
                    "1:21: `docker` `ssh://-oProxyCommand=x` has a host that is no name and no address: "
                        + "`-oProxyCommand=x`"
                ]
            ),
            (
                "hosts: {a: {docker: \"unix:///a\", tls: {dir: /a}}}\n",
                ["1:39: `tls` is for `tcp://` alone, not for `unix://`"]
            ),
            (
                "hosts: {a: {docker: \"tcp://a:1\", tls: {ca: /a, cert: /b}}}\n",
                ["1:39: `tls` needs `dir`, or `ca`, `cert` and `key`"]
            ),
            (
                "hosts: {a: {docker: \"tcp://a:1\", tls: {dir: /a, key: /b}}}\n",
                ["1:39: `tls` needs `dir`, or `ca`, `cert` and `key`"]
            ),
            (
                "hosts: {a: {docker: \"tcp://a:1\", tls: {dir: a}}}\n",
                ["1:45: `dir` must be an absolute path, not `a`"]
            ),
            (
                "hosts: {a: {docker: \"ssh://a\", address: \"a/b\"}}\n",
                ["1:41: `address` must be a host's name or address, not `a/b`"]
            ),
            (
                "hosts: {a: {docker: \"ssh://x\"}, b: {docker: \"ssh://y\"}, c: {docker: \"SSH://X\"}}\n",
                ["1:57: host `c` is `ssh://x`, and so is `a`; give a docker host one name"]
            ),
        ] as [(String, [String])])
    func mistakes(hosts: String, expected: [String]) {
        #expect(Registry.errors(hosts + "services: []\n") == expected.map { "r.yml:\($0)" })
    }

    @Test func aHostThatIsNotThereIsAMistakeWhereItIsNamed() {
        let hosts = "hosts: {edge-1: {docker: \"ssh://a\"}, broken: {docker: x}}\n"
        let errors = Registry.errors(
            hosts
                + "services:\n  - {name: a, host: edge-2}\n  - {name: b, host: broken}\n  - {name: c, host: \"-x\"}\n",
            overlay: "services:\n  - {name: a, host: nowhere}\n")
        #expect(
            errors == [
                "r.yml:1:55: `docker` `x` is no URL; "
                    + "docker's are `unix:///path`, `tcp://host:port` and `ssh://user@host`",
                "r.yml:3:21: `host` names `edge-2`, which does not stand under `hosts`; the nearest one is `edge-1`",
                "r.yml:5:21: `host` must be 1 to 63 of `a-z`, `0-9`, `.`, `_`, `-` and begin with a letter or digit, "
                    + "not `-x`",
                "o.yml:2:21: `host` names `nowhere`, which does not stand under `hosts`; the nearest one is `broken`",
            ])
    }

    @Test func anOpenDaemonIsWarnedOf() throws {
        let loaded = try Registry.load("hosts: {a: {docker: \"tcp://a:2375\"}}\nservices: []\n")
        #expect(
            loaded.warnings.map(\.description) == [
                "r.yml:1:12: `tcp://` without `tls`: whoever reaches tcp://a:2375 or stands in between rules host `a`"
            ])
    }

    @Test func onePortOnTwoHostsIsNoClash() throws {
        let hosts = "hosts: {a: {docker: \"ssh://a\"}, b: {docker: \"ssh://b\"}}\nservices:\n"
        let services = ["a", "b", "null", "a"].enumerated().map { index, host in
            "  - {name: s\(index), host_port: 80, host: \(host)}\n"
        }
        let loaded = try Registry.load(hosts + services.joined())
        #expect(
            loaded.warnings.map(\.description) == ["r.yml:6:5: `host_port` 80 is also that of `s0` (line 3)"])
    }

    @Test func profilesDoNotHideWhatAHostIs() throws {
        let text = "hosts: {a: {docker: \"ssh://a\"}}\nservices:\n  - {name: s, host: a, profiles: [x]}\n  - name: t\n"
        let desired = try Registry.load(text, profiles: ["x"]).desired
        #expect(desired.services.map { $0.endpoint?.name } == ["a"])
    }
}
