import ActionPolicy
import FleetModel
import Foundation
import Reconciler

/// The figures of the pure core: no IO, one thread, inputs built before the clock starts.
enum PureBenches {
    static let now = WallTime(seconds: 1_795_224_600)

    // MARK: - Plan

    /// A plan of 100,000 services of which 1 in 100 diverges, median of `runs`. The reference is the least that any
    /// plan has to do: find each service's observation by walking both lists once.
    static func plan(runs: Int = 41) -> BenchRow {
        let count = 100_000
        let (desired, snapshot) = fleet(count: count)
        var proposals = 0
        let milliseconds = median(runs) {
            proposals = Reconciler.plan(desired, snapshot, History(), now: now).proposals.count
        }
        var matched = 0
        let reference = median(runs) { matched = walk(desired, snapshot) }
        precondition(proposals == count / 100 && matched == count - count / 400, "the fleet is not the one described")
        return BenchRow(
            name: "plan 100,000 services, 1 % diverging", value: milliseconds, unit: "ms",
            input: "70 % containers, 30 % swarm, versions and replicas wanted; \(proposals) proposals",
            reference: "walking both lists by name", referenceValue: reference, ratio: milliseconds / reference,
            bar: "<= 25 ms")
    }

    private static func walk(_ desired: DesiredState, _ snapshot: Snapshot) -> Int {
        var matched = 0
        var next = 0
        for service in desired.services where next < snapshot.observations.count {
            if snapshot.observations[next].condition == .absent {
                next += 1
            } else if snapshot.observations[next].service == service.name {
                matched += 1
                next += 1
            }
        }
        return matched
    }

    /// Each hundredth service diverges, in turn by being down, drifted, short of replicas or absent.
    static func fleet(count: Int) -> (DesiredState, Snapshot) {
        var services: [ServiceSpec] = []
        var observations: [Observation] = []
        services.reserveCapacity(count)
        observations.reserveCapacity(count)
        for index in 0..<count {
            let number = String(index + 1_000_000).dropFirst()
            let name = "service-\(number)-mcp"
            let fault = index % 100 == 50 ? index / 100 % 4 : -1
            let isSwarm = fault == 2 || (index % 10 >= 7 && fault == -1)
            let image = "docker.io/example/\(name):1.4.2"
            services.append(
                ServiceSpec(
                    name: name, package: name, image: image, containerPort: 8000, hostPort: 8000 + index % 50_000,
                    profiles: ["enterprise"], domain: "domain-\(index % 20)", runtime: isSwarm ? .swarm : .container,
                    replicas: isSwarm ? 3 : 1, version: "1.4.2", dependsOn: [], line: index * 8))
            observations.append(
                Observation(
                    service: name, source: .docker,
                    condition: fault == 0 ? .down(.exited(code: 137)) : fault == 3 ? .absent : .up, at: now,
                    runtime: fault == 3 ? nil : isSwarm ? .swarm : .container,
                    runtimeID: fault == 3 ? nil : "id-\(index)",
                    image: fault == 3 ? nil : fault == 1 ? "docker.io/example/\(name):1.4.1" : image,
                    replicas: isSwarm ? ReplicaCount(running: 3, wanted: fault == 2 ? 2 : 3) : nil, startedAt: now))
        }
        let source = Snapshot.Source(source: .docker, at: now, failure: nil)
        return (
            DesiredState(services: services, digest: "bench"),
            Snapshot(observations: observations, sources: [source], at: now, generation: 1)
        )
    }

    // MARK: - Decisions

    /// Decisions per second on one thread: 50 rules of which the 25th matches, with a window, against a ledger of
    /// 600 spends in the last two hours. The reference is the two dictionary lookups that no ledger does without.
    static func decisions(rounds: Int = 400) -> BenchRow {
        let policy = Policy(defaults: PolicyDefaults(), rules: rules(), digest: "bench")
        let ledger = ledger()
        let proposals = (0..<1000).map { index in
            Proposal(
                kind: .restartService, target: "service-\(index)-mcp", source: .reconciler,
                reason: "exited with code 137")
        }
        var allowed = 0
        let decisionSeconds = seconds {
            for _ in 0..<rounds {
                for proposal in proposals {
                    let verdict = ActionPolicy.decide(proposal, policy: policy, ledger: ledger, hold: nil, now: now)
                    allowed += verdict.kind.allows && verdict.rule.id == "rule-25" ? 1 : 0
                }
            }
        }
        precondition(allowed == rounds * proposals.count, "rule 25 does not decide everything")
        let tree = [ActionKind.restartService: Dictionary(proposals.map { ($0.target, 1) }, uniquingKeysWith: +)]
        var found = 0
        let lookupSeconds = seconds {
            for _ in 0..<rounds {
                for proposal in proposals { found += tree[proposal.kind]?[proposal.target] ?? 0 }
            }
        }
        precondition(found == allowed, "the lookups found something else")
        let perSecond = Double(allowed) / decisionSeconds
        let lookupsPerSecond = Double(found) / lookupSeconds
        return BenchRow(
            name: "decisions, pure, one core", value: perSecond.rounded(), unit: "1/s",
            input: "50 rules, rule 25 matches; 600 spends of 100 targets in the ledger",
            reference: "two dictionary lookups by kind and target", referenceValue: lookupsPerSecond.rounded(),
            ratio: perSecond / lookupsPerSecond, bar: ">= 1000000 1/s")
    }

    /// The shapes that operators write: other kinds, other targets by prefix, suffix and set, other sources.
    private static func rules() -> [PolicyRule] {
        (1...50).map { number in
            let isMatch = number == 25
            let kind = ["scale_service", "restart_service", "deploy_*", "*_service", "*"][number % 5]
            let target = ["staging-*", "db-[0-9]*", "*-canary", "payments-api", "service-?"][number / 5 % 5]
            return PolicyRule(
                id: "rule-\(number)", kind: Glob(isMatch ? "restart_service" : kind)!,
                target: Glob(isMatch ? "service-*" : target)!,
                source: Glob(number % 7 == 0 ? "autoscaler" : "*")!, tier: .autoNotify,
                rateLimit: RateLimit(maximum: 1000, windowSeconds: 3600),
                blastRadius: BlastRadius(maximumTargets: 1000, windowSeconds: 3600),
                window: MaintenanceWindow(
                    startMinute: 0, endMinute: 1440, timeZone: TimeZone(identifier: "UTC")!),
                expires: number % 10 == 0 ? now.adding(seconds: 86_400) : nil, origin: .file(line: number))
        }
    }

    private static func ledger() -> LedgerView {
        let kinds: [ActionKind] = [.restartService, .restartService, .scaleService, .deployService]
        return LedgerView(
            head: 600,
            spends: (0..<600).map { index in
                let key = ActionKey(kind: kinds[index % 4], target: "service-\(index % 100)-mcp")
                return (key: key, at: now.adding(seconds: (index - 600) * 12))
            })
    }

    // MARK: - Clock

    /// Seconds of this thread's processor time: nothing here waits, so it is what one core needs, whatever else runs
    /// on the machine.
    private static func seconds(_ work: () -> Void) -> Double {
        let start = processorTime()
        work()
        return processorTime() - start
    }

    private static func processorTime() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// Milliseconds; the first three runs warm up and do not count.
    static func median(_ runs: Int, _ work: () -> Void) -> Double {
        for _ in 0..<3 { work() }
        return (0..<runs).map { _ in seconds(work) * 1000 }.sorted()[runs / 2]
    }
}
