import ControlPlane
import FleetModel

/// Registry and policy as they stand on disk; every process reads the same files, each in its own time.
struct SimFiles {
    private(set) var desired: LoadedFile<DesiredState>
    private(set) var policy: LoadedFile<Policy>
    /// Every policy that ever was in force, by its digest.
    private(set) var policies: [String: Policy] = [:]

    init(_ variant: Int) {
        desired = LoadedFile(value: SimFiles.desired(variant))
        policy = LoadedFile(value: SimFiles.policy(0))
        policies[policy.value.digest] = policy.value
    }

    mutating func write(registry variant: Int) { desired = LoadedFile(value: SimFiles.desired(variant)) }

    mutating func write(policy variant: Int) {
        policy = LoadedFile(value: SimFiles.policy(variant))
        policies[policy.value.digest] = policy.value
    }

    /// The last good one stays in use.
    mutating func garble(_ isGarbled: Bool) { desired.failure = isGarbled ? "line 1: garbled" : nil }

    private static func desired(_ variant: Int) -> DesiredState {
        let isNew = variant & 1 == 1
        let isStopped = variant & 2 == 2
        return DesiredState(
            services: [
                ServiceSpec(
                    name: "api", image: "example/api:\(isNew ? 2 : 1)", domain: "core", runtime: .container,
                    version: isNew ? "2" : "1"),
                ServiceSpec(name: "db", image: "example/db:1", domain: "core", runtime: .container),
                ServiceSpec(
                    name: "job", image: "example/job:1", runtime: .container, desired: isStopped ? .stopped : .running),
                ServiceSpec(
                    name: "web", image: "example/web:1", runtime: .swarm, replicas: isNew ? 3 : 2, dependsOn: ["api"]),
            ], digest: "registry-\(variant)")
    }

    private static func policy(_ variant: Int) -> Policy {
        func rule(
            _ id: String, _ kind: ActionKind, _ tier: Tier, approvals: Int = 1, rate: Int = 2, blast: Int = 2
        ) -> PolicyRule {
            PolicyRule(
                id: id, kind: Glob(kind.rawValue)!, tier: tier, rateLimit: RateLimit(maximum: rate, windowSeconds: 30),
                blastRadius: BlastRadius(maximumTargets: blast, windowSeconds: 20), approvals: approvals,
                origin: .file(line: 1))
        }
        var rules = [
            rule("restart", .restartService, variant == 1 ? .approvalRequired : .auto, blast: variant == 2 ? 1 : 2),
            rule("scale", .scaleService, .autoNotify), rule("deploy", .deployService, .approvalRequired, approvals: 2),
            rule("stop", .stopService, variant == 3 ? .forbidden : .approvalRequired),
        ]
        if variant == 2 { rules[1] = rule("scale", .scaleService, .auto, rate: 1) }
        return Policy(defaults: PolicyDefaults(), rules: rules, digest: "policy-\(variant)")
    }
}
