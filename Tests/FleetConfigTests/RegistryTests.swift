import FleetConfig
import FleetModel
import Testing

@Suite("Registry and overlay become the desired state")
struct RegistryTests {
    @Test("every field of the contract's example arrives")
    func wholeEntry() throws {
        let text = """
            version: 1
            defaults: {container_port: 8000, image_registry: docker.io/example}
            services:
              - name: postgres
              - name: vector-mcp
                package: vector-mcp
                console_script: vector-serve
                image: example/vector-mcp:latest
                host_port: 8250
                profiles: [enterprise, single-node-prod]
                domain: data
                runtime: container
                desired: stopped
                replicas: 2
                version: "1.4.2"
                probe: {http: /health, interval_s: 20, timeout_s: 4, failures: 5, successes: 1}
                depends_on: [postgres]
                scaling: {min: 1, max: 3, signal: queue_depth, target: 200, scale_up_step: 2, scale_down_step: 1,
                          cooldown_s: 60, deadband: 0.1, scale_up_stabilization_samples: 2, scale_down_stabilization_samples: 4}
            """
        let loaded = try Registry.load(text)
        #expect(loaded.warnings.isEmpty)
        #expect(loaded.desired.services.map(\.name) == ["postgres", "vector-mcp"])
        #expect(
            loaded.desired["vector-mcp"]
                == ServiceSpec(
                    name: "vector-mcp", package: "vector-mcp", consoleScript: "vector-serve",
                    image: "example/vector-mcp:1.4.2", containerPort: 8000, hostPort: 8250,
                    profiles: ["enterprise", "single-node-prod"], domain: "data", runtime: .container,
                    desired: .stopped, replicas: 2, version: "1.4.2",
                    probe: ProbeSpec(
                        check: .http(path: "/health"), intervalSeconds: 20, timeoutSeconds: 4, failures: 5,
                        successes: 1),
                    dependsOn: ["postgres"],
                    scaling: ScalingSpec(
                        minimum: 1, maximum: 3, signal: "queue_depth", target: 200, scaleUpStep: 2, scaleDownStep: 1,
                        cooldownSeconds: 60, deadband: 0.1, scaleUpStabilizationSamples: 2,
                        scaleDownStabilizationSamples: 4),
                    line: 5))
    }

    @Test("an entry of only a name has the documented defaults")
    func bareEntry() throws {
        #expect(try Registry.service("services:\n  - name: a\n") == ServiceSpec(name: "a", line: 2))
    }

    @Test(
        "an image is made whole from the registry, the name and the version",
        arguments: [
            ("services: [{name: a}]", nil, "no image wanted"),
            ("services: [{name: a, version: \"2\"}]", nil, "a version alone names no image"),
            ("services: [{name: a, image: web}]", "web", "as written where there is no default"),
            ("services: [{name: a, image: \"web:1\", version: \"2\"}]", "web:2", "the version is the tag"),
            ("services: [{name: a, image: \"h:5000/x/web:1\", version: \"2\"}]", "h:5000/x/web:2", "a port is no tag"),
            (
                "defaults: {image_registry: r.io/x}\nservices: [{name: a}]", "r.io/x/a",
                "the name in the default registry"
            ),
            (
                "defaults: {image_registry: r.io/x}\nservices: [{name: a, version: v3}]", "r.io/x/a:v3",
                "and its version"
            ),
            (
                "defaults: {image_registry: r.io/x}\nservices: [{name: a, image: \"web:1\"}]", "r.io/x/web:1",
                "a bare name"
            ),
            (
                "defaults: {image_registry: r.io/x}\nservices: [{name: a, image: y/web}]", "y/web",
                "one with a slash stays"
            ),
            (
                "services: [{name: a, image: \"web@sha256:\(String(repeating: "a", count: 64))\", version: \"2\"}]",
                "web:2",
                "a version replaces a digest"
            ),
        ] as [(String, String?, String)])
    func images(text: String, expected: String?, note: String) throws {
        #expect(try Registry.service(text)?.image == expected, "\(note)")
    }

    @Test(
        "plain scalars have the types of YAML 1.2's core schema",
        arguments: [
            ("0x1F", 31), ("0o17", 15), ("017", 17), ("+80", 80), ("\n      80", 80),
        ])
    func integers(text: String, expected: Int) throws {
        #expect(try Registry.service("services:\n  - name: a\n    host_port: \(text)\n")?.hostPort == expected)
    }

    @Test("a service whose name no image can have is a service without one")
    func imagelessName() throws {
        let loaded = try Registry.load("defaults: {image_registry: r.io/x}\nservices: [{name: a..b}, {name: c}]")
        #expect(loaded.desired.services.map(\.image) == [nil, "r.io/x/c"])
    }

    @Test("words that YAML 1.1 took for booleans are strings", arguments: ["yes", "no", "on", "off", "y", "n"])
    func yaml11Booleans(word: String) throws {
        #expect(try Registry.service("services: [{name: a, domain: \(word)}]")?.domain == word)
    }

    @Test("only entries that bear a selected profile are desired")
    func profiles() throws {
        let text = """
            services:
              - {name: a, profiles: [x], depends_on: [b, c]}
              - {name: b, profiles: [y]}
              - {name: c, profiles: [x, y]}
              - {name: d}
            """
        #expect(try Registry.load(text).desired.services.map(\.name) == ["a", "b", "c", "d"])
        let selected = try Registry.load(text, profiles: ["x"])
        #expect(selected.desired.services.map(\.name) == ["a", "c"])
        #expect(selected.totalServices == 4)
        #expect(selected.desired["a"]?.dependsOn == ["c"])
        #expect(
            selected.warnings.map(\.description) == [
                "r.yml:2:43: `b` is outside the selected profiles; `a` does not wait for it"
            ])
    }

    @Test("two services on one host port are only warned about")
    func hostPorts() throws {
        let loaded = try Registry.load("services:\n  - {name: a, host_port: 80}\n  - {name: b, host_port: 80}\n")
        #expect(loaded.warnings.map(\.description) == ["r.yml:3:5: `host_port` 80 is also that of `a` (line 2)"])
    }

    @Test("the digest changes with either file and with the profiles, and with nothing else")
    func digest() throws {
        let text = "services: [{name: a}]"
        let digest = try Registry.load(text).desired.digest
        #expect(try Registry.load(text).desired.digest == digest)
        #expect(try Registry.load(text + " # x").desired.digest != digest)
        #expect(try Registry.load(text, overlay: "version: 1").desired.digest != digest)
        #expect(try Registry.load(text, profiles: ["x"]).desired.digest != digest)
        #expect(
            try Registry.load(text, profiles: ["x", "y"]).desired.digest
                == Registry.load(text, profiles: ["y", "x"]).desired.digest)
    }
}

@Suite("The overlay")
struct OverlayTests {
    static let registry = """
        defaults: {container_port: 8000}
        services:
          - name: a
            image: x/a:1
            host_port: 80
            replicas: 2
            domain: data
            probe: {tcp: true}
            scaling: {max: 3, signal: load, target: 1}
          - name: b
        """

    @Test("overrides the fields it names and no others")
    func overrides() throws {
        let overlay = "services: [{name: a, replicas: 5, desired: stopped, version: \"2\"}]"
        let plain = try #require(try Registry.service(OverlayTests.registry))
        let laid = try #require(try Registry.service(OverlayTests.registry, overlay: overlay))
        var expected = plain
        expected.replicas = 5
        expected.desired = .stopped
        expected.version = "2"
        expected.image = "x/a:2"
        #expect(laid == expected)
    }

    @Test("adds services, which may be depended on from both sides")
    func adds() throws {
        let overlay = "services:\n  - {name: c, depends_on: [a]}\n  - {name: b, depends_on: [c]}\n"
        let loaded = try Registry.load(OverlayTests.registry, overlay: overlay)
        #expect(loaded.desired.services.map(\.name) == ["a", "b", "c"])
        #expect(loaded.desired["c"] == ServiceSpec(name: "c", containerPort: 8000, dependsOn: ["a"], line: 2))
        #expect(loaded.desired["b"]?.dependsOn == ["c"])
    }

    @Test("null disables scaling and clears other fields")
    func clears() throws {
        let overlay = "services: [{name: a, scaling: null, replicas: ~, domain: null, probe: null, host_port: null}]"
        let service = try #require(try Registry.service(OverlayTests.registry, overlay: overlay))
        #expect(service.scaling == nil)
        #expect(service.replicas == nil)
        #expect(service.domain == nil)
        #expect(service.probe == nil)
        #expect(service.hostPort == nil)
        #expect(service.image == "x/a:1")
    }

    @Test("taking the port from under a probe is an error at the probe that is in force")
    func probeLosesPort() {
        let errors = Registry.errors(OverlayTests.registry, overlay: "services: [{name: a, host_port: null}]")
        #expect(errors == ["r.yml:8:12: `probe` needs a `host_port` to ask at"])
    }

    @Test("its defaults replace the registry's")
    func defaults() throws {
        let overlay = "defaults: {container_port: 9}"
        #expect(try Registry.service(OverlayTests.registry, overlay: overlay, "b")?.containerPort == 9)
    }

    @Test("a mistake in it is placed in it")
    func mistakes() {
        let overlay = "services:\n  - {name: a, depends_on: [b]}\n  - {name: b, depends_on: [a]}\n  - {name: a}\n"
        #expect(
            Registry.errors(OverlayTests.registry, overlay: overlay) == [
                "o.yml:3:28: `depends_on` goes round in a circle: `a` -> `b` -> `a`",
                "o.yml:4:12: service `a` stands here again; it is first at line 2",
            ])
    }

    @Test("allow_shrink counts from either file")
    func allowShrink() throws {
        #expect(try Registry.load(OverlayTests.registry).allowShrink == false)
        #expect(try Registry.load(OverlayTests.registry, overlay: "allow_shrink: true").allowShrink)
        #expect(try Registry.load("allow_shrink: true\n" + OverlayTests.registry).allowShrink)
    }
}

@Suite("A scaling block that is wrong")
struct ScalingTests {
    @Test(
        "is dropped alone, with a warning, and never scales",
        arguments: [
            ("{max: 3, signal: load}", "needs a target", "3:14: `scaling` needs `target`"),
            ("{max: 3, target: 1}", "needs a signal", "3:14: `scaling` needs `signal`"),
            ("{signal: load, target: 1}", "needs a max", "3:14: `scaling` needs `max`"),
            ("{min: 4, max: 3, signal: load, target: 1}", "min above max", "3:14: `min` (4) must not exceed `max` (3)"),
            (
                "{max: 100001, signal: load, target: 1}", "max too large",
                "3:20: `max` must be 0 to 100000, not `100001`"
            ),
            ("{max: 3, signal: load, target: 0}", "target 0", "3:45: `target` must be greater than 0"),
            ("{max: 3, signal: load, target: .inf}", "target infinite", "3:45: `target` must be finite, not `.inf`"),
            ("{max: 3, signal: load, target: .nan}", "target no number", "3:45: `target` must be finite, not `.nan`"),
            (
                "{max: 3, signal: load, target: 1, deadband: 1}", "deadband 1",
                "3:58: `deadband` must be at least 0 and less than 1"
            ),
            (
                "{max: 3, signal: load, target: 1, scale_up_step: 0}", "step 0",
                "3:63: `scale_up_step` must be 1 to 100000, not `0`"
            ),
            (
                "{max: 3, signal: load, target: 1, cooldown_s: -1}", "cooldown below 0",
                "3:60: `cooldown_s` must be 0 to 2147483647, not `-1`"
            ),
            (
                "{max: 3, signal: Load, target: 1}", "a signal in capitals",
                "3:31: `signal` must be `a-z`, `0-9` and `_`, beginning with a letter, not `Load`"
            ),
            (
                "{max: 3, signal: load, target: 1, colldown_s: 1}", "unknown field",
                "3:48: unknown field `colldown_s` in `scaling`; the nearest known one is `cooldown_s`"
            ),
            ("[1]", "a list", "3:14: `scaling` must be a mapping, not a list"),
            ("true", "a boolean", "3:14: `scaling` must be a mapping, not the boolean `true`"),
        ])
    func dropped(block: String, note: String, warning: String) throws {
        let text = "services:\n  - name: a\n    scaling: \(block)\n    replicas: 2\n    host_port: 80\n  - name: b\n"
        let loaded = try Registry.load(text)
        #expect(loaded.warnings.map(\.description) == ["r.yml:" + warning], "\(note)")
        let service = try #require(loaded.desired["a"])
        #expect(service.scaling == nil)
        #expect(service.hostPort == 80)
        // With the block gone the registry's number would be enforced: a typo would scale.
        #expect(service.replicasOwner == .nobody)
        #expect(loaded.desired["b"] != nil)
    }

    @Test("in the overlay disables scaling rather than let the registry's block go on")
    func overlay() throws {
        let loaded = try Registry.load(
            OverlayTests.registry, overlay: "services: [{name: a, scaling: {max: lots}}]")
        #expect(loaded.desired["a"]?.scaling == nil)
        #expect(loaded.desired["a"]?.replicas == nil)
        #expect(loaded.warnings.count == 3)
    }

    @Test("still refuses the file when it holds what no file may hold")
    func alias() {
        let text = "services: [{name: a, scaling: {max: *x}}]"
        #expect(Registry.errors(text) == ["r.yml:1:37: aliases (`*name`) are not read; write the value out"])
    }

    @Test("with only what is required has the contract's defaults")
    func defaults() throws {
        let service = try Registry.service("services: [{name: a, scaling: {max: 3, signal: load, target: 0.5}}]")
        #expect(service?.scaling == ScalingSpec(maximum: 3, signal: "load", target: 0.5))
    }
}
