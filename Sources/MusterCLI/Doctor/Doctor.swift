import FleetConfig
package import FleetModel

/// Looks at everything the daemon needs, from where the command runs, and says what to do. Changes nothing.
package struct Doctor: Sendable {
    private let environment: [String: String]
    private let url: String?
    private let now: WallTime

    /// `url` is what `--url` says.
    package init(environment: [String: String], url: String?, now: WallTime) {
        self.environment = environment
        self.url = url
        self.now = now
    }

    /// In the order in which a start-up would stumble over them.
    package func examine() async -> [Finding] {
        let flags: Flags
        do {
            flags = try Flags.load(environment: environment, home: environment["HOME"] ?? "/")
        } catch {
            return error.errors.map {
                .fail("configuration", "\($0)", do: "correct the value; the rest is looked at after that")
            }
        }
        let daemon = await daemonFindings(flags)
        return configurationFindings(flags) + FileFindings.all(flags)
            + (await stateFindings(flags, isDaemonReachable: daemon.isReachable)) + daemon.findings
            + [ClockFindings.own(now: now)] + (await DockerFindings.all(flags, environment, now: now))
            + (await PrometheusFindings.all(flags))
    }

    /// Where state is kept: the database when there is one, else the data directory.
    private func stateFindings(_ flags: Flags, isDaemonReachable: Bool) async -> [Finding] {
        guard let uri = flags.stateDatabaseURI else {
            return DirectoryFindings.all(flags.dataDirectory, isDaemonReachable: isDaemonReachable)
        }
        return await PostgresFindings.all(uri, poolSize: flags.stateDatabasePoolSize, now: now)
    }

    private func configurationFindings(_ flags: Flags) -> [Finding] {
        let blocking = flags.notYetAvailable.map {
            Finding.fail("configuration", $0, do: "the daemon does not start with it")
        }
        guard blocking.isEmpty else { return blocking }
        let set = flags.nonDefaults.map { "\($0.name)=\($0.shown) (\($0.source))" }
        let summary = set.isEmpty ? "all defaults" : set.joined(separator: ", ")
        var findings = [Finding.ok("configuration", summary)]
        if !flags.hasIdentity, flags.isLoopback {
            findings.append(.ok("identity", "none configured; whoever reaches \(flags.host) may do everything"))
        } else if !flags.hasIdentity {
            findings.append(
                .warn(
                    "identity", "none configured, and \(flags.host) is reachable from elsewhere",
                    do: "set API_KEYS, or listen on 127.0.0.1"))
        }
        return findings
    }

    // MARK: - The daemon and its port

    private func daemonFindings(_ flags: Flags) async -> (findings: [Finding], isReachable: Bool) {
        let host = flags.host.contains(":") && !flags.host.hasPrefix("[") ? "[\(flags.host)]" : flags.host
        let local = "http://\(host == "0.0.0.0" ? "127.0.0.1" : host == "[::]" ? "[::1]" : host):\(flags.port)"
        let address = [url, environment["MUSTER_URL"]].compactMap { $0 }.first { !$0.isEmpty } ?? local
        do {
            let client = try APIClient(url: address, environment: environment)
            let answer = try await client.answer("/readyz").body
            guard let status = answer["status"]?.string else {
                return ([inUse(by: "something that answers with other JSON")], false)
            }
            return ([readiness(status, answer["checks"])], true)
        } catch .noDaemon {
            let advice = "nothing to do before the first start; else start it with `muster serve`"
            return ([.warn("daemon", "nothing listens at \(APIClient.origin(of: address))", do: advice)], false)
        } catch .garbled {
            return ([inUse(by: "something that is not Muster")], false)
        } catch {
            return ([.fail("daemon", "\(error)", do: "check MUSTER_URL and what listens there")], false)
        }
    }

    private func inUse(by what: String) -> Finding {
        .fail("daemon", "its port is in use by \(what)", do: "end that process, or set PORT to another one")
    }

    private func readiness(_ status: String, _ checks: JSONValue?) -> Finding {
        let failing = (checks?.object?.members ?? []).filter { $0.value["ok"]?.bool != true }
        let text = failing.map { "\($0.name): \($0.value["message"]?.string ?? "not ok")" }.joined(separator: "; ")
        switch status {
        case "ready": return .ok("daemon", "it runs and is ready")
        case "degraded": return .warn("daemon", "it runs, degraded: \(text)", do: "mend what is named; it goes on")
        default: return .fail("daemon", "it runs but is not ready: \(text)", do: "mend what is named")
        }
    }

    // MARK: - What it talks to
}
