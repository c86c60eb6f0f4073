import FleetModel
import Reconciler
import Testing

/// The contract's divergence table and its edges, one row a case.
@Suite struct DivergenceTableTests {
    struct Row: CustomTestStringConvertible, Sendable {
        var note: String
        var spec: ServiceSpec
        var seen: Observation?
        /// `kind params`, or the outcome's word and text.
        var expected: String

        init(_ note: String, _ spec: ServiceSpec, _ seen: Observation?, _ expected: String) {
            self.note = note
            self.spec = spec
            self.seen = seen
            self.expected = expected
        }

        var testDescription: String { note }
    }

    static let running: [Row] = [
        Row("up as wanted", service(), container(.up), "in_sync"),
        Row("exited", service(), container(.down(.exited(code: 137))), "restart_service {}"),
        Row("unhealthy", service(), container(.down(.unhealthy)), "restart_service {}"),
        Row("paused", service(), container(.down(.paused)), "restart_service {}"),
        Row("restarting", service(), container(.down(.restarting(code: 1))), "restart_service {}"),
        Row("out of memory", service(), container(.down(.outOfMemory(code: 137))), "restart_service {}"),
        Row("created, never started", service(), container(.down(.created)), "restart_service {}"),
        Row("an alert says down", service(), container(.down(.event("x"))), "restart_service {}"),
        Row("no task runs", service(), swarm(.down(.noTaskRunning(wanted: 2)), wanted: 2), "restart_service {}"),
        Row(
            "down and drifted: first it has to run", service(version: "1.4.2"),
            container(.down(.dead), image: "example/api:1.4.1"), "restart_service {}"),
        Row(
            "down by probe alone: nothing to restart", service(), probed(.down(.probeFailed("refused"))),
            "blocked: down (probe failed: refused), and nothing that docker runs stands behind it"),
        Row(
            "`runtime: none` is never acted on", service(runtime: Runtime.none), probed(.down(.probeFailed("refused"))),
            "blocked: down (probe failed: refused), and nothing that docker runs stands behind it"),
        Row(
            "down, and run by what the registry does not say", service(runtime: .swarm),
            container(.down(.exited(code: 1))),
            "blocked: the registry says `runtime: swarm`, docker shows a container"),
        Row(
            "absent container", service(runtime: .container), absent(),
            #"deploy_service {"create":true,"image":"example/api:1.4.2"}"#),
        Row(
            "absent Swarm service", service(runtime: .swarm, replicas: 3), absent(),
            #"deploy_service {"create":true,"image":"example/api:1.4.2","replicas":3}"#),
        Row(
            "absent Swarm service, autoscaled: created within its bounds",
            service(runtime: .swarm, scaling: (2, 5)), absent(),
            #"deploy_service {"create":true,"image":"example/api:1.4.2","replicas":2}"#),
        Row(
            "absent without an image", service(image: nil, runtime: .container), absent(),
            "blocked: absent, and the registry names no `image` to create it from"),
        Row(
            "absent is no evidence without a declared runtime", service(), absent(),
            "unknown: docker does not know it and the registry names no `runtime`"),
        Row(
            "absent is no evidence for `runtime: none`", service(runtime: Runtime.none), absent(),
            "unknown: docker does not know it and the registry names no `runtime`"),
    ]

    static let replicas: [Row] = [
        Row(
            "too few replicas", service(replicas: 3), swarm(.up, wanted: 1),
            #"scale_service {"replicas":3,"from_replicas":1}"#),
        Row(
            "too many replicas", service(replicas: 1), swarm(.up, wanted: 4),
            #"scale_service {"replicas":1,"from_replicas":4}"#),
        Row("replicas as wanted, one task missing", service(replicas: 3), swarm(.up, running: 2, wanted: 3), "in_sync"),
        Row("nobody says how many", service(), swarm(.up, wanted: 7), "in_sync"),
        Row("within the autoscaler's bounds", service(replicas: 1, scaling: (1, 5)), swarm(.up, wanted: 4), "in_sync"),
        Row(
            "below them", service(replicas: 9, scaling: (2, 5)), swarm(.up, wanted: 1),
            #"scale_service {"replicas":2,"from_replicas":1}"#),
        Row(
            "above them", service(scaling: (2, 5)), swarm(.up, wanted: 9),
            #"scale_service {"replicas":5,"from_replicas":9}"#),
        Row(
            "scaled to zero by hand", service(replicas: 2), swarm(.down(.scaledToZero), running: 0, wanted: 0),
            #"scale_service {"replicas":2,"from_replicas":0}"#),
        Row(
            "scaled to zero, autoscaled", service(scaling: (1, 3)), swarm(.down(.scaledToZero), running: 0, wanted: 0),
            #"scale_service {"replicas":1,"from_replicas":0}"#),
        Row(
            "scaled to zero within the bounds", service(scaling: (0, 3)),
            swarm(.down(.scaledToZero), running: 0, wanted: 0), "in_sync"),
        Row(
            "zero wanted and zero there", service(replicas: 0), swarm(.down(.scaledToZero), running: 0, wanted: 0),
            "in_sync"),
        Row(
            "scaled to zero, nobody says how many", service(), swarm(.down(.scaledToZero), running: 0, wanted: 0),
            "blocked: scaled to 0 by hand, and the registry does not say how many `replicas` it wants"),
        Row(
            "zero wanted, tasks fail: none is restarted of which none is wanted", service(replicas: 0),
            swarm(.down(.noTaskRunning(wanted: 2)), running: 0, wanted: 2),
            #"scale_service {"replicas":0,"from_replicas":2}"#),
        Row("one replica of a container", service(replicas: 1), container(.up), "in_sync"),
        Row("autoscaled container within its bounds", service(scaling: (1, 3)), container(.up), "in_sync"),
        Row(
            "two replicas of a container", service(replicas: 2), container(.up),
            "blocked: wants 2 replicas, but a plain container is always one; run it as a Swarm service"),
        Row(
            "no replica of a container", service(replicas: 0), container(.up),
            "blocked: wants 0 replicas, but a plain container is always one; run it as a Swarm service"),
        Row(
            "no replica of a container that is down", service(replicas: 0), container(.down(.exited(code: 0))),
            "blocked: wants 0 replicas, but a plain container is always one; run it as a Swarm service"),
        Row(
            "replicas of what the registry does not mean", service(runtime: .container, replicas: 2),
            swarm(.up, wanted: 1), "blocked: the registry says `runtime: container`, docker shows a swarm"),
    ]

    static let versions: [Row] = [
        Row("the tag wanted", service(version: "1.4.2"), container(.up), "in_sync"),
        Row(
            "another registry's prefix, the same tag", service(image: "docker.io/example/api:1.4.2", version: "1.4.2"),
            container(.up), "in_sync"),
        Row(
            "the tag wanted, pinned", service(version: "1.4.2"),
            swarm(.up, image: "example/api:1.4.2@sha256:" + String(repeating: "a", count: 64)), "in_sync"),
        Row(
            "drifted", service(version: "1.4.2"), container(.up, image: "example/api:1.4.1"),
            #"deploy_service {"image":"example/api:1.4.2","from_image":"example/api:1.4.1"}"#),
        Row(
            "drifted and pinned", service(version: "1.4.2"),
            swarm(.up, image: "example/api:1.4.1@sha256:" + String(repeating: "a", count: 64)),
            #"deploy_service {"image":"example/api:1.4.2","from_image":"example/api:1.4.1"}"#),
        Row(
            "a tag that ends in the one wanted", service(version: "1.4.2"), container(.up, image: "example/api:11.4.2"),
            #"deploy_service {"image":"example/api:1.4.2","from_image":"example/api:11.4.2"}"#),
        Row("no tag means latest", service(version: "latest"), container(.up, image: "example/api"), "in_sync"),
        Row(
            "latest is not the version wanted", service(version: "1.4.2"), container(.up, image: "example/api"),
            #"deploy_service {"image":"example/api:1.4.2","from_image":"example/api"}"#),
        Row(
            "the registry's image without the version gets it", service(image: "example/api", version: "1.4.2"),
            container(.up, image: "example/api:1"),
            #"deploy_service {"image":"example/api:1.4.2","from_image":"example/api:1"}"#),
        Row(
            "no image in the registry: the one that runs, at the version wanted",
            service(image: nil, version: "1.4.2"), container(.up, image: "other/api:1"),
            #"deploy_service {"image":"other/api:1.4.2","from_image":"other/api:1"}"#),
        Row(
            "version and replicas: the version first", service(replicas: 3, version: "1.4.2"),
            swarm(.up, image: "example/api:1.4.1", wanted: 1),
            #"deploy_service {"image":"example/api:1.4.2","from_image":"example/api:1.4.1"}"#),
        Row("any version", service(), container(.up, image: "example/api:0.1"), "in_sync"),
        Row(
            "pinned by digest alone", service(version: "1.4.2"),
            container(.up, image: "example/api@sha256:" + String(repeating: "a", count: 64)),
            "blocked: its image `example/api@sha256:\(String(repeating: "a", count: 64))` has no tag to compare "
                + "`version` with"),
        Row(
            "an image id", service(version: "1.4.2"),
            container(.up, image: "sha256:" + String(repeating: "a", count: 64)),
            "blocked: its image `sha256:\(String(repeating: "a", count: 64))` has no tag to compare `version` with"),
        Row(
            "an unreadable image does not keep replicas from being mended", service(replicas: 2, version: "1.4.2"),
            swarm(.up, image: "example/api@sha256:" + String(repeating: "a", count: 64), wanted: 1),
            #"scale_service {"replicas":2,"from_replicas":1}"#),
        Row("up by probe alone: no image was seen", service(version: "1.4.2"), probed(.up), "in_sync"),
        Row(
            "drifted, and run by what the registry does not say", service(runtime: .swarm, version: "1.4.2"),
            container(.up, image: "example/api:1"),
            "blocked: the registry says `runtime: swarm`, docker shows a container"),
    ]

    static let stopped: [Row] = [
        Row("up", service(desired: .stopped), container(.up), "stop_service {}"),
        Row("up in Swarm", service(desired: .stopped), swarm(.up), "stop_service {}"),
        Row("exited", service(desired: .stopped), container(.down(.exited(code: 0))), "in_sync"),
        Row("dead", service(desired: .stopped), container(.down(.dead)), "in_sync"),
        Row("created", service(desired: .stopped), container(.down(.created)), "in_sync"),
        Row("out of memory", service(desired: .stopped), container(.down(.outOfMemory(code: 137))), "in_sync"),
        Row("scaled to zero", service(desired: .stopped), swarm(.down(.scaledToZero), wanted: 0), "in_sync"),
        Row("absent", service(runtime: .container, desired: .stopped), absent(), "in_sync"),
        Row("paused still holds its memory", service(desired: .stopped), container(.down(.paused)), "stop_service {}"),
        Row(
            "restarting comes back by itself", service(desired: .stopped), container(.down(.restarting(code: 1))),
            "stop_service {}"),
        Row("unhealthy runs", service(desired: .stopped), container(.down(.unhealthy)), "stop_service {}"),
        Row(
            "tasks are tried over and over", service(desired: .stopped), swarm(.down(.noTaskRunning(wanted: 1))),
            "stop_service {}"),
        Row("no answer, nothing behind it", service(desired: .stopped), probed(.down(.probeFailed("x"))), "in_sync"),
        Row(
            "no answer, but its container is there", service(desired: .stopped), container(.down(.probeFailed("x"))),
            "stop_service {}"),
        Row(
            "up by probe alone: nothing to stop", service(desired: .stopped), probed(.up),
            "blocked: up although it is to be stopped, and nothing that docker runs stands behind it"),
        Row(
            "up, and run by what the registry does not say", service(runtime: .swarm, desired: .stopped),
            container(.up), "blocked: the registry says `runtime: swarm`, docker shows a container"),
    ]

    static let unknown: [Row] = [
        Row("not observed", service(), nil, "unknown: no observer covers it"),
        Row("not observed, to be stopped", service(desired: .stopped), nil, "unknown: no observer covers it"),
        Row(
            "its source failed", service(), container(.unknown(.sourceFailed(.docker, "timed out"))),
            "unknown: docker observer failed: timed out"),
        Row(
            "starting, to be stopped", service(desired: .stopped), container(.unknown(.starting)),
            "unknown: started, its health is not known yet"),
        Row(
            "updating, with drifted replicas and version", service(replicas: 3, version: "9"),
            swarm(.unknown(.updating)), "unknown: an update is under way"),
        Row("stale", service(), container(.unknown(.stale)), "unknown: the last evidence is too old"),
        Row(
            "ambiguous", service(), container(.unknown(.ambiguous(2))),
            "unknown: 2 containers or services claim the name"),
    ]

    @Test(
        "each row gives its proposal or its reason for none",
        arguments: running + replicas + versions + stopped + unknown)
    func row(_ row: Row) {
        let plan = Reconciler.plan(desired([row.spec]), snapshot([row.seen].compactMap { $0 }), History(), now: now)
        #expect(Self.text(plan) == row.expected)
        #expect(plan.proposals.allSatisfy { $0.source == .reconciler && $0.target == "api" && !$0.reason.isEmpty })
        #expect(plan.underway.isEmpty)
    }

    /// The only service's proposal or outcome in words.
    static func text(_ plan: Plan) -> String {
        guard plan.outcomes.count == 1 else { return "\(plan.outcomes.count) outcomes" }
        switch plan.outcomes[0] {
        case .proposed(let index):
            let proposal = plan.proposals[index]
            return "\(proposal.kind) \(JSONValue.object(proposal.params).text)"
        case .inSync: return "in_sync"
        case let outcome: return "\(outcome.word): \(outcome)"
        }
    }

    @Test(
        "a proposal says why in one sentence",
        arguments: [
            (service(), container(.down(.exited(code: 137))), "exited with code 137, seen at 2026-11-21T01:30:00Z"),
            (
                service(version: "1.4.2"), container(.up, image: "example/api:1.4.1"),
                "runs example/api:1.4.1, the registry wants 1.4.2"
            ),
            (service(replicas: 3), swarm(.up, wanted: 1), "has 1 replicas, the registry wants 3"),
            (service(scaling: (2, 5)), swarm(.up, wanted: 9), "has 9 replicas, `scaling` allows no more than 5"),
            (service(scaling: (2, 5)), swarm(.up, wanted: 1), "has 1 replicas, `scaling` allows no fewer than 2"),
            (
                service(runtime: .container), absent(),
                "docker does not know it, seen at 2026-11-21T01:30:00Z; it is to be created from example/api:1.4.2"
            ),
            (service(desired: .stopped), container(.up), "up, the registry wants it stopped"),
            (
                service(desired: .stopped), container(.down(.paused)),
                "paused, seen at 2026-11-21T01:30:00Z, but the registry wants it stopped"
            ),
        ])
    func reason(_ spec: ServiceSpec, _ seen: Observation, _ reason: String) {
        let plan = Reconciler.plan(desired([spec]), snapshot([seen]), History(), now: now)
        #expect(plan.proposals.map(\.reason) == [reason])
    }

    @Test("a proposal binds the wish and the evidence it was made from")
    func consent() {
        let spec = service()
        let seen = container(.down(.exited(code: 1)))
        let plan = Reconciler.plan(desired([spec]), snapshot([seen]), History(), now: now)
        #expect(plan.proposals.map(\.desiredDigest) == [spec.digest])
        #expect(plan.proposals.map(\.evidence) == [seen.evidence])
    }
}
