import FleetModel
import Observation

/// What the observers of one process bring home of a pass.
extension Life {
    func observe(_ desired: DesiredState) async -> Snapshot {
        let begun = world.now
        let at = wallTime
        let seen = world.docker.things
        let report = await wait(fallen: nil) { (answer: @escaping (ObservationReport?) -> Void) in
            let report = look(desired, seen, at: at)
            world.after(world.random.chance(30) ? 3_000_000 : world.random.between(2000, 80_000), for: self) {
                answer(report)
            }
        }
        guard var report else { return Snapshot(observations: [], sources: [], at: at, generation: 0) }
        if world.has(.staleLookTakenForFresh) {
            report.at = wallTime
            for index in report.observations.indices {
                report.observations[index].at = wallTime
                report.observations[index].since = wallTime
            }
        }
        lookedAt = begun
        return merger.merge([report], desired: desired, now: wallTime)
    }

    private func look(_ desired: DesiredState, _ things: [String: SimDocker.Thing], at: WallTime) -> ObservationReport {
        let draw = world.isFaulty ? world.random.below(100) : 99
        let isSilent = draw < 6
        let isPartial = draw >= 6 && draw < 14
        let failure = isSilent ? "docker does not answer" : isPartial ? "the listing was cut off" : nil
        let observations = desired.services.map { spec in
            let isSeen = !isSilent && !(isPartial && world.random.chance(500))
            guard isSeen, let thing = things[spec.name] else { return unseen(spec, failure ?? "", at: at) }
            return seen(spec, thing, at: at)
        }
        return ObservationReport(source: .docker, at: at, observations: observations, failure: failure)
    }

    private func unseen(_ spec: ServiceSpec, _ failure: String, at: WallTime) -> Observation {
        var condition = Condition.unknown(.sourceFailed(.docker, failure))
        if world.has(.incompleteTakenForAbsent) { condition = .absent }
        if world.has(.unknownTakenForDown) { condition = .down(.exited(code: 1)) }
        let id = world.has(.unknownTakenForDown) ? world.docker.things[spec.name]?.id : nil
        return Observation(
            service: spec.name, source: .docker, condition: condition, at: at, runtime: spec.runtime, runtimeID: id)
    }

    private func seen(_ spec: ServiceSpec, _ thing: SimDocker.Thing, at: WallTime) -> Observation {
        guard thing.isThere else {
            return Observation(service: spec.name, source: .docker, condition: .absent, at: at, runtime: spec.runtime)
        }
        let isSwarm = thing.runtime == .swarm
        let down: DownCause = isSwarm ? .noTaskRunning(wanted: thing.replicas) : .exited(code: 1)
        return Observation(
            service: spec.name, source: .docker, condition: thing.isUp ? .up : .down(down), at: at,
            runtime: thing.runtime, runtimeID: thing.id, image: thing.image,
            replicas: isSwarm ? ReplicaCount(running: thing.isUp ? thing.replicas : 0, wanted: thing.replicas) : nil)
    }
}
