import DockerCLI
package import FleetModel

/// Docker's answer of one pass. Each half stands or fails by itself.
package struct DockerAnswer: Sendable {
    package enum Swarm: Sendable {
        case services([SwarmRecord])
        /// The daemon is in no Swarm.
        case inactive
        case failed(String)
    }

    package var containers: Result<[ContainerRecord], ReadFailure>
    package var swarm: Swarm

    package init(containers: Result<[ContainerRecord], ReadFailure>, swarm: Swarm) {
        self.containers = containers
        self.swarm = swarm
    }
}

/// Why one half of docker's answer cannot be used.
package struct ReadFailure: Error, Equatable, Sendable {
    package var message: String

    package init(_ message: String) {
        self.message = message
    }
}

/// Lays the answer of one docker host over the registry. Pure.
package enum DockerMapping {
    /// One observation for each registry service that this host's docker may run, sorted as the registry is; and what
    /// failed. What runs there under the name of another host's service is nothing to either.
    package static func report(
        _ answer: DockerAnswer, desired: DesiredState, endpoint: DockerEndpoint? = nil, at now: WallTime
    ) -> ObservationReport {
        let here = HostServices(desired: desired, endpoint: endpoint)
        let containers = (try? answer.containers.get()).map { ContainerClaims($0, here) }
        let swarm: SwarmClaims?
        if case .services(let services) = answer.swarm {
            swarm = SwarmClaims(services, here)
        } else {
            swarm = nil
        }
        var needsSwarm = false
        var observations: [Observation] = []
        if endpoint == nil { observations.reserveCapacity(desired.services.count) }
        for (index, service) in desired.services.enumerated()
        where service.runtime != Runtime.none && service.endpoint == endpoint {
            if service.runtime == .swarm { needsSwarm = true }
            let finding = Finding(
                container: service.runtime == .swarm ? .nothing : containers?.claim(index) ?? .failed,
                service: service.runtime == .container ? .nothing : swarm?.claim(index) ?? .failed)
            observations.append(observation(of: service, finding, answer, now: now))
        }
        return ObservationReport(
            source: .docker, host: endpoint?.name, at: now, observations: observations,
            failure: failure(answer, needsSwarm: needsSwarm))
    }

    private struct Finding {
        var container: Claim<ContainerRecord>
        var service: Claim<SwarmRecord>
    }

    private static func observation(
        of service: ServiceSpec, _ finding: Finding, _ answer: DockerAnswer, now: WallTime
    ) -> Observation {
        switch (finding.container, finding.service) {
        case (.one(let container), .nothing), (.one(let container), .failed):
            return observation(of: service.name, container, now: now)
        case (.nothing, .one(let record)), (.failed, .one(let record)):
            return observation(of: service.name, record, now: now)
        case (.one, .one): return unknown(service.name, .ambiguous(2), now)
        case (.several(let count), let other): return unknown(service.name, .ambiguous(count + other.count), now)
        case (let other, .several(let count)): return unknown(service.name, .ambiguous(count + other.count), now)
        case (.failed, _), (_, .failed):
            if let message = failureMessage(of: service, finding, answer) {
                return unknown(service.name, .sourceFailed(.docker, message.of(service.endpoint)), now)
            }
            return unknown(service.name, .notFound, now)
        case (.nothing, .nothing):
            guard let runtime = service.runtime else { return unknown(service.name, .notFound, now) }
            return Observation(
                service: service.name, source: .docker, condition: .absent, at: now, runtime: runtime)
        }
    }

    /// Why nothing can be said of the service; nil when all that concerns it did answer: a daemon without a Swarm
    /// has no Swarm services, which only matters to those declared to be one.
    private static func failureMessage(
        of service: ServiceSpec, _ finding: Finding, _ answer: DockerAnswer
    ) -> String? {
        if case .failed = finding.container, case .failure(let failure) = answer.containers { return failure.message }
        switch answer.swarm {
        case .failed(let message): return message
        case .inactive: return service.runtime == .swarm ? noSwarm : nil
        case .services: return nil
        }
    }

    private static let noSwarm = "this docker host is not part of a Swarm"

    private static func failure(_ answer: DockerAnswer, needsSwarm: Bool) -> String? {
        var messages: [String] = []
        if case .failure(let failure) = answer.containers { messages.append("containers: \(failure.message)") }
        switch answer.swarm {
        case .failed(let message): messages.append("Swarm services: \(message)")
        case .inactive where needsSwarm: messages.append("Swarm services: \(noSwarm)")
        case .inactive, .services: break
        }
        return messages.isEmpty ? nil : messages.joined(separator: "; ")
    }

    private static func unknown(_ service: String, _ cause: UnknownCause, _ now: WallTime) -> Observation {
        Observation(service: service, source: .docker, condition: .unknown(cause), at: now)
    }

    private static func observation(of service: String, _ container: ContainerRecord, now: WallTime) -> Observation {
        Observation(
            service: service, source: .docker, condition: DockerConditions.of(container, now: now), at: now,
            runtime: .container, runtimeID: container.id,
            runtimeName: container.name == service ? nil : container.name, image: container.image,
            startedAt: container.startedAt, restartCount: container.restartCount, stack: container.stack)
    }

    private static func observation(of service: String, _ record: SwarmRecord, now: WallTime) -> Observation {
        Observation(
            service: service, source: .docker, condition: DockerConditions.of(record, now: now), at: now,
            runtime: .swarm, runtimeID: record.id, runtimeName: record.name == service ? nil : record.name,
            image: record.image, replicas: record.replicas, stack: record.stack, specVersion: record.specVersion)
    }
}

extension String {
    /// A failure's message, with the host that it is about where it has a name.
    func of(_ endpoint: DockerEndpoint?) -> String {
        endpoint.map { "host `\($0.name)`: \(self)" } ?? self
    }
}

/// The services of one endpoint among all of the registry's.
struct HostServices {
    let desired: DesiredState
    let endpoint: DockerEndpoint?

    /// The service's position in the registry; nil for a name that is none, or a service of another host.
    func index(of name: String) -> Int? {
        desired.index(of: name).flatMap { desired.services[$0].endpoint == endpoint ? $0 : nil }
    }

    func name(_ index: Int) -> String { desired.services[index].name }
}

/// Which of docker's things runs a service.
enum Claim<Record: Sendable>: Sendable {
    case nothing
    case one(Record)
    case several(Int)
    /// That half of the answer is missing.
    case failed

    var count: Int {
        switch self {
        case .nothing, .failed: 0
        case .one: 1
        case .several(let count): count
        }
    }
}

/// Containers by the registry service (its index) that they claim to run: by their own name, else by the label
/// `muster.service`, else by compose's.
struct ContainerClaims {
    private var byService: [Int: [ContainerRecord]] = [:]
    private let here: HostServices

    init(_ containers: [ContainerRecord], _ here: HostServices) {
        self.here = here
        for container in containers
        where container.swarmServiceID == nil && !container.isComposeOneOff
            && !container.name.hasSuffix(DockerNames.keptSuffix) && !container.name.hasSuffix(DockerNames.nextSuffix)
        {
            let names = [container.name, container.serviceLabel, container.composeService]
            if let index = names.lazy.compactMap({ $0.flatMap(here.index(of:)) }).first {
                byService[index, default: []].append(container)
            }
        }
    }

    /// The container of the service's own name wins; else the only one that is not gone.
    func claim(_ index: Int) -> Claim<ContainerRecord> {
        guard let claims = byService[index] else { return .nothing }
        let name = here.name(index)
        if let exact = claims.first(where: { $0.name == name }) { return .one(exact) }
        if claims.count == 1 { return .one(claims[0]) }
        let present = claims.filter { !$0.isGone }
        return present.count == 1 ? .one(present[0]) : .several(claims.count)
    }
}

extension ContainerRecord {
    fileprivate var isGone: Bool {
        switch state {
        case .exited, .dead, .created, .removing: true
        case .running, .paused, .restarting: false
        }
    }
}

/// Swarm services by the registry service that they claim to be: by name, else by the label `muster.service`, else by
/// the part of the name after the stack's. The strongest kind of claim decides; two of that kind are ambiguous.
struct SwarmClaims {
    private var byService: [Int: [(strength: Int, record: SwarmRecord)]] = [:]

    init(_ services: [SwarmRecord], _ here: HostServices) {
        for record in services {
            let names = [record.name, record.serviceLabel, record.nameInStack]
            for (strength, name) in names.enumerated() {
                guard let name, let index = here.index(of: name) else { continue }
                byService[index, default: []].append((strength, record))
                break
            }
        }
    }

    func claim(_ index: Int) -> Claim<SwarmRecord> {
        guard let claims = byService[index], let strongest = claims.map(\.strength).min() else { return .nothing }
        let best = claims.filter { $0.strength == strongest }
        return best.count == 1 ? .one(best[0].record) : .several(best.count)
    }
}
