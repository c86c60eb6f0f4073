import DockerCLI
import FleetConfig
package import FleetModel
import Glibc

/// The docker command line, and each docker host: whether it answers, its version and its clock.
enum DockerFindings {
    /// A host is asked for so long, all of them at once.
    private static let patience = 15

    static func all(_ flags: Flags, _ environment: [String: String], now: WallTime) async -> [Finding] {
        let isNeeded = flags.actuator == .docker || flags.observers.names.contains(.docker)
        guard let executable = DockerCLI.find(inPath: environment["PATH"] ?? "") else {
            let advice = "install the docker command line, or correct PATH"
            let message = "there is no `docker` in PATH"
            return [isNeeded ? .fail("docker", message, do: advice) : .warn("docker", message, do: advice)]
        }
        let hosts = DockerHosts(
            DockerCLI(
                executable: executable, host: flags.dockerHost,
                timeout: .seconds(min(flags.dockerTimeout, patience)), inheriting: environment))
        // What is wrong with the registry has a finding of its own.
        let endpoints = (try? Offline.desiredState(flags))?.endpointsInUse ?? [nil]
        return await withTaskGroup(of: (Int, [Finding]).self) { group in
            for (index, endpoint) in endpoints.enumerated() {
                group.addTask {
                    (index, await findings(endpoint, hosts.cli(for: endpoint), isNeeded: isNeeded, now: now))
                }
            }
            var all = [[Finding]](repeating: [], count: endpoints.count)
            for await (index, findings) in group { all[index] = findings }
            return all.flatMap(\.self)
        }
    }

    private static func findings(
        _ endpoint: DockerEndpoint?, _ cli: DockerCLI, isNeeded: Bool, now: WallTime
    ) async -> [Finding] {
        let check = endpoint.map { "docker \($0.name)" } ?? "docker"
        if let file = endpoint?.tls.flatMap(firstUnreadable) {
            return [.fail(check, "`\(file)` cannot be read", do: "put the file there, readable for this user")]
        }
        let advice: String
        switch endpoint?.url.scheme {
        case nil: advice = "start dockerd, correct DOCKER_HOST, or join the group that may use its socket"
        case .unix: advice = "start its dockerd, or correct `docker` under `hosts` in the registry"
        case .tcp: advice = "start its dockerd, or correct `docker` and `tls` under `hosts` in the registry"
        case .ssh: advice = "try `ssh` to it as this user, without a password; `docker` must be on its PATH"
        }
        switch await cli.run(["info", "--format", "{{.ServerVersion}}\t{{.Swarm.LocalNodeState}}\t{{.SystemTime}}"]) {
        case .failure(let failure):
            return [isNeeded ? .fail(check, "\(failure)", do: advice) : .warn(check, "\(failure)", do: advice)]
        case .success(let output):
            let fields = output.text.split(separator: "\t")
            guard fields.count == 3, !fields[0].isEmpty else {
                return [.fail(check, "`docker info` names no server", do: advice)]
            }
            let swarm = fields[1] == "active" ? "with Swarm" : "without Swarm"
            let place = endpoint?.url.description ?? cli.executable
            return [.ok(check, "dockerd \(fields[0]) answers, \(swarm) (\(place))")]
                + ClockFindings.docker(String(fields[2]), now: now)
        }
    }

    private static func firstUnreadable(_ tls: DockerTLS) -> String? {
        [tls.authority, tls.certificate, tls.key].first { access($0, R_OK) != 0 }
    }
}
