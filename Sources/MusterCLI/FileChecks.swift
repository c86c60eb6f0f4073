import ActionPolicy
import FleetConfig
package import FleetModel
import Foundation

/// Checking files on this machine, without a daemon. Every answer is JSON, and text made of it.
package enum FileChecks {
    /// What a check found: `status` is `ok` or `error`; with it the errors, each with its place, and warnings.
    package struct Answer: Sendable {
        package var json: JSONValue
        /// For standard output.
        package var lines: [String] = []
        /// `file:line:column: message`, for standard error.
        package var problems: [String] = []
        package var isFailure = false
    }

    package static func policy(_ path: String) -> Answer {
        do {
            let policy = try Policy.read(try YAMLFile.load(path))
            let count = policy.rules.count
            return Answer(
                json: [
                    "status": "ok", "file": .string(path), "rules": .integer(count), "digest": .string(policy.digest),
                ],
                lines: ["\(path.escapedForDisplay()): ok, \(count) \(count == 1 ? "rule" : "rules")"])
        } catch {
            return failure(error, of: path)
        }
    }

    /// The registry with its overlay, as the daemon would read them with every profile selected.
    package static func registry(_ path: String, overlay: String?) -> Answer {
        do {
            let loaded = try LoadedDesiredState.read(
                registry: try YAMLFile.load(path), overlay: try overlay.map(load))
            let services = loaded.desired.services
            let domains = Set(services.compactMap(\.domain)).count
            let hosts = loaded.desired.hosts
            return Answer(
                json: [
                    "status": "ok", "file": .string(path), "overlay": JSONValue(overlay),
                    "services": .integer(services.count), "domains": .integer(domains),
                    "hosts": .array(hosts.map { host($0, services) }),
                    "scaled": .array(services.compactMap(scaled)),
                    "digest": .string(loaded.desired.digest), "warnings": .array(loaded.warnings.map(json)),
                ],
                lines: ["\(path.escapedForDisplay()): ok, \(services.count) services, \(domains) domains"]
                    + hosts.map { "host \($0.name): \($0.url), \(count(of: $0, services)) services" }
                    + services.compactMap(scaling),
                problems: loaded.warnings.map { "warning: \($0)" })
        } catch {
            return failure(error, of: path)
        }
    }

    private static func host(_ endpoint: DockerEndpoint, _ services: [ServiceSpec]) -> JSONValue {
        var object = endpoint.json.object ?? JSONObject()
        object["services"] = .integer(count(of: endpoint, services))
        return .object(object)
    }

    private static func count(of endpoint: DockerEndpoint, _ services: [ServiceSpec]) -> Int {
        services.count { $0.endpoint == endpoint }
    }

    private static func scaled(_ spec: ServiceSpec) -> JSONValue? {
        spec.scaling.map { ["name": .string(spec.name), "scaling": $0.json] }
    }

    /// `api: 1-4 by `queue_depth`, target 200`
    private static func scaling(_ spec: ServiceSpec) -> String? {
        guard let scaling = spec.scaling else { return nil }
        var line = "  \(spec.name): \(scaling.minimum)-\(scaling.maximum) replicas by `\(scaling.signal)`, "
        let isWhole = scaling.target == scaling.target.rounded() && scaling.target < 1e15
        line += "target \(isWhole ? String(Int(scaling.target)) : String(scaling.target))"
        if scaling.pause != nil { line += ", paused" }
        if let fallback = scaling.fallback {
            line += ", \(fallback.replicas) after \(fallback.afterSeconds) s without it"
        }
        for entry in scaling.schedule { line += ", at least \(entry.minimum) \(entry.window)" }
        return line
    }

    /// Runs the cases of each file against `policyPath`, or against the policy that the file itself names.
    package static func policyTests(_ paths: [String], policyPath: String?) -> Answer {
        var answer = Answer(json: .null)
        var files: [JSONValue] = []
        var passed = 0
        var failed = 0
        for path in paths {
            do {
                let results = try run(path, policyPath: policyPath)
                passed += results.count { $0.passed }
                failed += results.count { !$0.passed }
                answer.lines += results.filter { !$0.passed }.map { "\(path):\($0.test.line): \($0.test.name): \($0)" }
                files.append(["file": .string(path), "cases": .array(results.map(json))])
            } catch {
                let refused = failure(error, of: path)
                answer.problems += refused.problems
                answer.isFailure = true
                files.append(refused.json)
            }
        }
        answer.isFailure = answer.isFailure || failed > 0
        answer.lines = answer.lines.map { $0.escapedForDisplay() } + ["\(passed) passed, \(failed) failed"]
        answer.json = [
            "status": answer.isFailure ? "error" : "ok", "passed": .integer(passed), "failed": .integer(failed),
            "files": .array(files),
        ]
        return answer
    }

    private static func run(_ path: String, policyPath: String?) throws(ConfigErrors) -> [PolicyTestResult] {
        let file = try PolicyTestFile.read(try YAMLFile.load(path))
        let beside = file.policyPath.map { URL(fileURLWithPath: $0, relativeTo: URL(fileURLWithPath: path)).path }
        guard let policyPath = policyPath ?? beside else {
            let message = "names no `policy`; say which one is tested with `--policy`"
            throw ConfigErrors([ConfigError(file: path, line: 1, column: 1, message: message)])
        }
        return PolicyTest.run(file.cases, policy: try Policy.read(try YAMLFile.load(policyPath)))
    }

    private static func load(_ path: String) throws(ConfigErrors) -> YAMLFile {
        try YAMLFile.load(path)
    }

    private static func failure(_ errors: ConfigErrors, of path: String) -> Answer {
        Answer(
            json: [
                "status": "error", "file": .string(path), "errors": .array(errors.errors.map(json)),
                "omitted": .integer(errors.omitted),
            ],
            problems: errors.description.split(separator: "\n").map(String.init), isFailure: true)
    }

    private static func json(_ error: ConfigError) -> JSONValue {
        [
            "file": .string(error.file), "line": .integer(error.line), "column": .integer(error.column),
            "message": .string(error.message),
        ]
    }

    private static func json(_ result: PolicyTestResult) -> JSONValue {
        [
            "name": .string(result.test.name), "line": .integer(result.test.line), "passed": .bool(result.passed),
            "expected": .string(result.test.expectedDecision.rawValue),
            "decision": .string(result.verdict.kind.rawValue), "rule": .string(result.verdict.rule.id),
            "message": .string(result.description),
        ]
    }
}
