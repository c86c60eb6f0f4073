package import FleetModel
internal import Leadership
internal import Store

/// `GET /readyz`: each dependency by itself, and for each failing one what is wrong.
extension ControlPlane {
    package func readiness() async -> (status: ReadinessStatus, body: JSONValue) {
        let store = await storeCheck()
        let checks: [(String, Check)] = [
            ("store", store),
            ("registry", desired.failure.map { .failing("last good in use: \($0)") } ?? .ok),
            ("policy", policyFile.failure.map { .failing("last good in use: \($0)") } ?? .ok),
            ("observers", observersCheck()), ("actuator", actuatorCheck()), ("loop", loopCheck()),
            ("leadership", leadershipCheck()),
        ]
        let status: ReadinessStatus =
            if case .failing = store {
                .notReady
            } else if checks.contains(where: { if case .failing = $0.1 { true } else { false } }) {
                .degraded
            } else {
                .ready
            }
        let body: JSONValue = [
            "status": .string(status.rawValue), "version": .string(parts.version),
            "checks": .object(JSONObject(checks.map { ($0.0, $0.1.json) })),
        ]
        return (status, body)
    }

    private enum Check {
        case ok
        case failing(String)

        var json: JSONValue {
            switch self {
            case .ok: ["ok": true]
            case .failing(let message): ["ok": false, "message": .string(message)]
            }
        }
    }

    /// A follower of a leader is as ready as the leader: it serves everything.
    private func leadershipCheck() -> Check {
        switch parts.candidacy.standing {
        case .leading, .following(.some): .ok
        case .following(nil): .failing("no instance leads; nothing is decided or carried out until one does")
        case .barred(let reason): .failing("this process cannot lead, and knows of no leader: \(reason)")
        }
    }

    private func storeCheck() async -> Check {
        do {
            _ = try await store.revision()
            return .ok
        } catch { return .failing(error.description) }
    }

    private func observersCheck() -> Check {
        if snapshot.sources.isEmpty { return .failing("nothing was observed yet") }
        let failures = snapshot.sources.compactMap { source in
            source.failure.map { "\(source.title): \($0)" }
        }
        return failures.isEmpty ? .ok : .failing(failures.joined(separator: "; "))
    }

    /// The docker actuator needs the same docker hosts that the observer asks.
    private func actuatorCheck() -> Check {
        guard !parts.settings.isDryRun else { return .ok }
        let failures = snapshot.sources.filter { $0.source == .docker }.compactMap { source in
            source.failure.map { "\(source.title): \($0)" }
        }
        return failures.isEmpty ? .ok : .failing(failures.joined(separator: "; "))
    }

    /// Three intervals without a good tick: the loop is stuck or its store refuses.
    private func loopCheck() -> Check {
        if let failure = tickFailure { return .failing("the last tick failed: \(failure)") }
        guard let last = lastTick?.lastSuccess else { return .ok }
        let age = now().seconds(since: last)
        let bound = 3 * parts.settings.intervalSeconds
        return age > bound ? .failing("no tick has succeeded for \(age) s") : .ok
    }
}
