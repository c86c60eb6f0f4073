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

/// Lays docker's answer over the registry. Pure.
package enum DockerMapping {
    /// One observation for each registry service that docker may run, sorted as the registry is; and what failed.
    package static func report(_ answer: DockerAnswer, desired: DesiredState, at now: WallTime) -> ObservationReport {
        let containers = (try? answer.containers.get()).map { ContainerClaims($0, desired: desired) }
        let swarm: SwarmClaims?
        if case .services(let services) = answer.swarm {
            swarm = SwarmClaims(services, desired: desired)
        } else {
            swarm = nil
        }
        var needsSwarm = false
        var observations: [Observation] = []
        observations.reserveCapacity(desired.services.count)
        for (index, service) in desired.services.enumerated() where service.runtime != Runtime.none {
            if service.runtime == .swarm { needsSwarm = true }
            let finding = Finding(
                container: service.runtime == .swarm ? .nothing : containers?.claim(index) ?? .failed,
                service: service.runtime == .container ? .nothing : swarm?.claim(index) ?? .failed)
            observations.append(observation(of: service, finding, answer, now: now))
        }
        return ObservationReport(
            source: .docker, at: now, observations: observations, failure: failure(answer, needsSwarm: needsSwarm))
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
                return unknown(service.name, .sourceFailed(.docker, message), now)
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
    private let desired: DesiredState

    init(_ containers: [ContainerRecord], desired: DesiredState) {
        self.desired = desired
        for container in containers
        where container.swarmServiceID == nil && !container.isComposeOneOff
            && !container.name.hasSuffix(DockerNames.keptSuffix) && !container.name.hasSuffix(DockerNames.nextSuffix)
        {
            let names = [container.name, container.serviceLabel, container.composeService]
            if let index = names.lazy.compactMap({ $0.flatMap(desired.index(of:)) }).first {
                byService[index, default: []].append(container)
            }
        }
    }

    /// The container of the service's own name wins; else the only one that is not gone.
    func claim(_ index: Int) -> Claim<ContainerRecord> {
        guard let claims = byService[index] else { return .nothing }
        let name = desired.services[index].name
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

    init(_ services: [SwarmRecord], desired: DesiredState) {
        for record in services {
            let names = [record.name, record.serviceLabel, record.nameInStack]
            for (strength, name) in names.enumerated() {
                guard let name, let index = desired.index(of: name) else { continue }
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
