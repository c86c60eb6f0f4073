import FleetModel
import Foundation
import Testing

/// A Swarm service that follows what a real Prometheus says of it.
@Suite(
    "a Swarm service follows its load as Prometheus measures it, and nothing else",
    .enabled(if: Docker.swarm != nil && Prometheus.executable != nil, Comment(rawValue: Docker.skipReason)))
struct ScalingScenarios {
    private static let rules = """
          - {kind: scale_service, target: "*", source: autoscaler, tier: auto,
             rate_limit: {max: 1000, window_s: 60}, blast_radius: {max_targets: 10, window_s: 60}}
        """

    /// One service of `replicas` with a daemon and a Prometheus of its own.
    private struct Stage {
        let name: String
        let muster: Muster
        let docker: Docker
        let exporter: LoadExporter
        let prometheus: Prometheus

        func load(_ value: Double) { exporter.expose("load{service=\"\(name)\"} \(value)") }

        func replicas() async throws -> Int {
            Int(try await docker("service", "inspect", "--format", "{{.Spec.Mode.Replicated.Replicas}}", name)) ?? -1
        }

        func reaches(_ count: Int) async throws {
            try await eventually("\(count) replicas", within: 60) { try await replicas() == count ? true : nil }
        }

        /// `word` is what the evaluation ended with.
        func verdict(_ word: String, _ part: String = "") async throws {
            try await eventually("the evaluation says \(word) \(part)", within: 45) { () -> Bool? in
                let service = try await muster.get("/api/fleet/services/\(name)").body
                let reason = service["replicas_reason"]?.string ?? ""
                let isSo = service["scaling"]?["verdict"]?.string == word && (part.isEmpty || reason.contains(part))
                guard isSo else { throw HarnessError("\(service["scaling"]?.text ?? "-"): \(reason)") }
                return true
            }
        }

        /// The scalings so far, oldest first.
        func scalings() async throws -> [JSONValue] {
            try await muster.list("actions", "?kind=scale_service").reversed()
        }
    }

    private func stage(_ note: String, replicas: Int, _ body: (Stage) async throws -> Void) async throws {
        try await scenario(note, on: Docker.swarm) { scratch, docker in
            let name = scratch.prefix
            let exporter = try LoadExporter()
            defer { exporter.stop() }
            let prometheus = try Prometheus(scratch, scraping: exporter)
            defer { prometheus.kill9() }
            try scratch.write(
                """
                version: 1
                signals:
                  load: {query: 'load{service="{service}"}', aggregation: fleet_total, unit: items, max_age_s: 10}
                services: []

                """, to: "overlay.yml")
            let scaling =
                "{min: 1, max: 4, signal: load, target: 100, cooldown_s: 2, deadband: 0.1, "
                + "scale_up_stabilization_samples: 2, scale_down_stabilization_samples: 2}"
            let muster = try Muster(
                scratch,
                registry: "  - {name: \(name), runtime: swarm, image: \(TestImage.repository):1, scaling: \(scaling)}",
                rules: Self.rules, docker: docker,
                flags: [
                    "FLEET_DESIRED_STATE_PATH": scratch.path("overlay.yml"), "FLEET_AUTOSCALER_INTERVAL": "1",
                    "SCALING_PROMETHEUS_URL": prometheus.url,
                ])
            try await docker(
                "service", "create", "--detach", "--no-resolve-image", "--name", name, "--replicas", String(replicas),
                "--update-monitor", "1s", "--stop-signal", "SIGKILL", "\(TestImage.repository):1")
            let stage = Stage(name: name, muster: muster, docker: docker, exporter: exporter, prometheus: prometheus)
            let result: Result<Void, any Error>
            do {
                stage.load(100 * Double(replicas))
                try await prometheus.start()
                try await withRunning(muster) { try await body(stage) }
                result = .success(())
            } catch { result = .failure(error) }
            _ = try? await docker("service", "rm", name)
            try result.get()
        }
    }

    @Test("up by steps, down again, still on noise, nothing without Prometheus", .timeLimit(.minutes(8)))
    func follows() async throws {
        try await stage("scale-follow", replicas: 1) { stage in
            try await stage.verdict("within_deadband")
            stage.load(390)
            try await stage.reaches(4)
            try await calm(stage)
            stage.load(20)
            try await stage.reaches(1)
            try await stage.verdict("at_target")
            let scalings = try await stage.scalings()
            let steps = scalings.map {
                "\($0["params"]?["from_replicas"]?.integer ?? 0)->\($0["params"]?["replicas"]?.integer ?? 0)"
            }
            #expect(steps == ["1->2", "2->3", "3->4", "4->3", "3->2", "2->1"], "\(scalings.map(\.text))")
            for (earlier, later) in zip(scalings, scalings.dropFirst()) {
                let ended = WallTime(rfc3339: earlier["finished_at"]?.string ?? "")
                let planned = WallTime(rfc3339: later["planned_at"]?.string ?? "")
                let gap = try #require(planned).milliseconds - (try #require(ended)).milliseconds
                #expect(gap >= 2000, "the cooldown lies between two scalings: \(gap) ms")
            }
            #expect(scalings.allSatisfy { $0["state"]?.string == "succeeded" && $0["source"]?.string == "autoscaler" })
            let points = try await stage.muster.get("/api/fleet/services/\(stage.name)/scaling?limit=1000").body
            let seen = Set((points["points"]?.array ?? []).compactMap { $0["current"]?.integer })
            #expect(seen == [1, 2, 3, 4], "the history has every step")
        }
    }

    /// A sine of 20 % with noise around the target: it leaves the deadband in both directions, never for long.
    private func calm(_ stage: Stage) async throws {
        let before = try await stage.scalings().count
        for step in 0..<30 {
            let noise = Double((step * 7919) % 11 - 5) / 100
            stage.load(400 * (1 + 0.2 * sin(Double(step) * 2.1) + noise))
            try await Task.sleep(for: .milliseconds(400))
        }
        #expect(try await stage.scalings().count == before, "no flapping")
        #expect(try await stage.replicas() == 4)
    }

    @Test("a pushed gauge scales at once, whatever the interval is", .timeLimit(.minutes(4)))
    func followsAPush() async throws {
        try await scenario("scale-push", on: Docker.swarm) { scratch, docker in
            let name = scratch.prefix
            let muster = try Muster(
                scratch,
                registry: "  - {name: \(name), runtime: swarm, image: \(TestImage.repository):1, "
                    + "scaling: {max: 3, signal: queue_depth, target: 100}}",
                rules: Self.rules, docker: docker,
                flags: ["FLEET_AUTOSCALER_INTERVAL": "3600", "FLEET_RECONCILER_INTERVAL": "3600"])
            try await docker(
                "service", "create", "--detach", "--no-resolve-image", "--name", name, "--replicas", "1",
                "--update-monitor", "1s", "--stop-signal", "SIGKILL", "\(TestImage.repository):1")
            let result: Result<Void, any Error>
            do {
                try await withRunning(muster) {
                    try await eventually("the service is seen") { () -> Bool? in
                        let service = try await muster.get("/api/fleet/services/\(name)").body
                        return service["observed"]?["condition"]?.string == "up" ? true : nil
                    }
                    let pushed = ContinuousClock.now
                    let answer = try await muster.post(
                        "/api/fleet/signals",
                        ["service": .string(name), "signal": "queue_depth", "value": 250])
                    #expect(answer.status == 200, "\(answer.body.text)")
                    let action = try await eventually("a scaling is planned", within: 20) {
                        try await muster.list("actions", "?kind=scale_service").first
                    }
                    #expect(ContinuousClock.now - pushed < .seconds(10), "an hour is not waited for")
                    #expect(action["params"]?["replicas"]?.integer == 2)
                }
                result = .success(())
            } catch { result = .failure(error) }
            _ = try? await docker("service", "rm", name)
            try result.get()
        }
    }

    struct Fault: Sendable, CustomTestStringConvertible {
        var note: String
        var part: String
        var lines: @Sendable (String) -> [String]
        var testDescription: String { note }
    }

    static let faults: [Fault] = [
        Fault(note: "empty", part: "the source has no value") { _ in [] },
        Fault(note: "two series", part: "2 series") { name in
            ["load{service=\"\(name)\",queue=\"a\"} 900", "load{service=\"\(name)\",queue=\"b\"} 900"]
        },
        Fault(note: "NaN", part: "not a number") { name in ["load{service=\"\(name)\"} NaN"] },
        Fault(note: "infinite", part: "infinite") { name in ["load{service=\"\(name)\"} +Inf"] },
    ]

    @Test("what is no value scales nothing, and the reason says what it was", .timeLimit(.minutes(8)))
    func refusesBadValues() async throws {
        try await stage("scale-faults", replicas: 2) { stage in
            try await stage.verdict("within_deadband")
            for fault in Self.faults {
                stage.exporter.expose(fault.lines(stage.name).joined(separator: "\n"))
                try await stage.verdict("no_data", fault.part)
                try await stage.muster.letTick(3)
                #expect(try await stage.replicas() == 2, "\(fault.note)")
            }
            #expect(try await stage.scalings().isEmpty)
            stage.load(350)
            try await stage.reaches(4)
        }
    }

    @Test("Prometheus killed mid-way, or stalled for 30 s, scales nothing", .timeLimit(.minutes(8)))
    func survivesAnOutage() async throws {
        try await stage("scale-outage", replicas: 1) { stage in
            stage.load(390)
            try await stage.reaches(2)
            stage.prometheus.kill9()
            try await stage.verdict("no_data", "cannot connect")
            let stuck = try await stage.replicas()
            try await stage.muster.letTick(5)
            #expect(try await stage.replicas() == stuck, "mid-way is where it stays")

            try await stage.prometheus.start()
            try await stage.reaches(4)
            stage.load(20)
            stage.prometheus.signal(SIGSTOP)
            let stalled = ContinuousClock.now
            try await stage.verdict("no_data", "did not answer within")
            let count = try await stage.scalings().count
            let left = Duration.seconds(30) - (ContinuousClock.now - stalled)
            // The stall is the condition: it has to last, not to be waited for.
            try await Task.sleep(for: max(left, .zero))
            #expect(try await stage.scalings().count == count, "nothing is scaled down on missing data")
            stage.prometheus.signal(SIGCONT)
            try await stage.reaches(1)
        }
    }
}
