import FleetConfig
import FleetModel
import Testing

@Suite("signals:")
struct SignalsSectionTests {
    @Test("definitions join the built-in ones, and the overlay's win")
    func definitions() throws {
        let loaded = try Registry.load(
            """
            signals:
              requests: {query: 'sum(rate(x{service="{service}"}[1m]))', aggregation: fleet_total, unit: requests/s}
              jobs: {aggregation: per_replica, unit: jobs, max_age_s: 30}
            services: [{name: a, scaling: {max: 3, signal: jobs, target: 1}}]
            """,
            overlay: "signals: {requests: {aggregation: per_replica, unit: r, query: up}}\nservices: []")
        #expect(loaded.warnings.isEmpty)
        #expect(loaded.desired.signals.names == ["consumer_lag", "cpu", "jobs", "queue_depth", "requests"])
        #expect(
            loaded.desired.signals["jobs"]
                == SignalDefinition(name: "jobs", aggregation: .perReplica, unit: "jobs", maximumAgeSeconds: 30))
        #expect(loaded.desired.signals["requests"]?.query == "up")
    }

    @Test(
        "what is wrong in one refuses the file",
        arguments: [
            ("{x: {unit: a}}", "1:11: signal `x` needs `aggregation`"),
            ("{x: {aggregation: fleet_total}}", "1:11: signal `x` needs `unit`"),
            ("{X: {aggregation: fleet_total, unit: a}}", "beginning with a letter, not `X`"),
            ("{x: {aggregation: mean, unit: a}}", "must be one of `fleet_total`, `per_replica`, not `mean`"),
            ("{x: {aggregation: fleet_total, unit: a, max_age_s: 0}}", "must be 1 to 86400, not `0`"),
            ("{x: {aggregation: fleet_total, unit: a, quer: up}}", "unknown field `quer`"),
            ("{x: {aggregation: fleet_total, unit: a, query: 'x{{service}}'}}", "outside a quoted string"),
            ("{x: {aggregation: fleet_total, unit: a, query: 'x{a=\"'}}", "has a string that does not end"),
            (
                "{x: {aggregation: fleet_total, unit: a}, x: {aggregation: fleet_total, unit: b}}",
                "signal `x` stands here again"
            ),
            ("[x]", "must be a mapping of names to definitions"), ("{x: 7}", "must be a mapping"),
        ])
    func refused(section: String, message: String) {
        let errors = Registry.errors("signals: \(section)\nservices: []")
        #expect(errors.contains { $0.contains(message) }, "\(errors)")
    }

    @Test("a signal that nobody defines is warned of, where the block stands")
    func undefined() throws {
        let loaded = try Registry.load("services:\n  - name: a\n    scaling: {max: 3, signal: nothing, target: 1}\n")
        #expect(loaded.warnings.count == 1)
        #expect(loaded.warnings.first?.description.hasPrefix("r.yml:3:14: no signal `nothing` is defined") == true)
        #expect(loaded.desired["a"]?.scaling != nil)
    }
}

@Suite("The times of a scaling block")
struct ScalingTimesTests {
    @Test("paused, fallback and schedule are read")
    func read() throws {
        let service = try Registry.service(
            """
            services:
              - name: a
                scaling:
                  min: 1
                  max: 5
                  signal: cpu
                  target: 60
                  paused: {replicas: 2, until: 2026-01-31T06:00:00Z}
                  fallback: {replicas: 3, after_s: 120}
                  schedule:
                    - {window: "06:00-22:00", min: 2}
                    - {window: {days: [sat], tz: Europe/Berlin}, min: 3}
            """)
        let scaling = try #require(service?.scaling)
        #expect(scaling.pause == ScalingPause(replicas: 2, until: WallTime(rfc3339: "2026-01-31T06:00:00Z")))
        #expect(scaling.fallback == ScalingFallback(replicas: 3, afterSeconds: 120))
        #expect(scaling.schedule.map(\.minimum) == [2, 3])
        #expect(scaling.schedule.first?.window.description == "06:00-22:00 UTC")
    }

    @Test(
        "what is wrong in them drops the block alone",
        arguments: [
            ("paused: true", "`paused` must be a mapping"), ("paused: {until: soon}", "`until`"),
            ("paused: {replicas: 9}", "`paused.replicas` must be within `min` (1) to `max` (5), not 9"),
            ("fallback: {after_s: 5}", "`fallback` needs `replicas`"),
            ("fallback: {replicas: 6}", "`fallback.replicas` must be within"),
            ("fallback: {replicas: 2, after_s: 0}", "`after_s` must be 1 to 604800"),
            ("schedule: {window: \"06:00-22:00\", min: 2}", "`schedule` must be a list"),
            ("schedule: [{min: 2}]", "needs `window`"), ("schedule: [{window: \"06:00-22:00\"}]", "needs `min`"),
            ("schedule: [{window: \"6-22\", min: 2}]", "must be hours such as"),
            ("schedule: [{window: \"06:00-22:00\", min: 6}]", "`schedule.min` must be within"),
        ])
    func dropped(field: String, warning: String) throws {
        let text = "services: [{name: a, scaling: {max: 5, signal: cpu, target: 60, \(field)}, host_port: 80}]"
        let loaded = try Registry.load(text)
        #expect(loaded.warnings.contains { $0.description.contains(warning) }, "\(loaded.warnings)")
        #expect(loaded.desired["a"]?.scaling == nil)
        #expect(loaded.desired["a"]?.hostPort == 80)
    }
}

@Suite("How Prometheus is reached")
struct PrometheusFlagTests {
    private func errors(_ environment: [String: String]) -> [String] {
        do {
            _ = try Flags.load(environment: environment, home: "/nowhere")
            return []
        } catch { return error.errors.map(\.description) }
    }

    @Test("a secret is neither in the URL nor shown")
    func secrets() throws {
        let flags = try Flags.load(
            environment: [
                "SCALING_PROMETHEUS_URL": "https://prometheus:9090/sub/", "SCALING_PROMETHEUS_TOKEN": "s3cret",
            ], home: "/nowhere")
        #expect(flags.scalingPrometheusURL == "https://prometheus:9090/sub")
        #expect(!"\(flags)".contains("s3cret"))
        #expect(!flags.nonDefaults.contains { $0.shown.contains("s3cret") })
        #expect(flags.notYetAvailable.isEmpty)
        for url in ["http://user:pw@prometheus:9090", "http://prometheus/?token=x", "http://prometheus/#x"] {
            #expect(errors(["SCALING_PROMETHEUS_URL": url]).count == 1, "\(url)")
        }
    }

    @Test(
        "what contradicts itself or would do nothing is refused",
        arguments: [
            (["SCALING_PROMETHEUS_TOKEN": "a"], "SCALING_PROMETHEUS_URL"),
            (
                ["SCALING_PROMETHEUS_TOKEN": "a", "SCALING_PROMETHEUS_TOKEN_FILE": "/b"],
                "SCALING_PROMETHEUS_TOKEN_FILE"
            ),
            (["SCALING_PROMETHEUS_USER": "a"], "SCALING_PROMETHEUS_USER"),
            (["SCALING_PROMETHEUS_PASSWORD": "a"], "SCALING_PROMETHEUS_USER"),
            (
                ["SCALING_PROMETHEUS_USER": "a", "SCALING_PROMETHEUS_PASSWORD": "b", "SCALING_PROMETHEUS_TOKEN": "c"],
                "SCALING_PROMETHEUS_USER"
            ),
            (["SCALING_PROMETHEUS_CERT_FILE": "/c"], "SCALING_PROMETHEUS_KEY_FILE"),
        ])
    func contradictions(environment: [String: String], flag: String) {
        var environment = environment
        if flag != "SCALING_PROMETHEUS_URL" { environment["SCALING_PROMETHEUS_URL"] = "http://p:9090" }
        #expect(errors(environment).contains { $0.contains(flag) }, "\(errors(environment))")
    }
}
