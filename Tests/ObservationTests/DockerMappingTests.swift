import FleetModel
import Observation
import Testing

private func container(
    _ name: String, _ state: ContainerRecord.State = .running, health: ContainerRecord.Health = .none,
    label: String? = nil, compose: String? = nil
) -> ContainerRecord {
    ContainerRecord(
        id: "id-\(name)", name: name, state: state, health: health, image: "example/\(name):1", createdAt: start,
        serviceLabel: label, composeService: compose)
}

private func service(
    _ name: String, _ running: Int, _ wanted: Int, label: String? = nil, stack: String? = nil
) -> SwarmRecord {
    SwarmRecord(
        id: "id-\(name)", name: name, replicas: ReplicaCount(running: running, wanted: wanted),
        createdAt: start.adding(seconds: -3600), updatedAt: start.adding(seconds: -3600), specVersion: 7,
        serviceLabel: label, stack: stack)
}

private func report(
    _ spec: ServiceSpec..., containers: [ContainerRecord] = [], swarm: DockerAnswer.Swarm = .inactive
) -> ObservationReport {
    DockerMapping.report(
        DockerAnswer(containers: .success(containers), swarm: swarm),
        desired: DesiredState(services: spec, digest: "d"), at: start)
}

struct DockerMappingTests {
    struct ContainerCase: Sendable {
        var note: String
        var containers: [ContainerRecord]
        var runtimeID: String?
        var condition: Condition
    }

    @Test(arguments: [
        ContainerCase(note: "by its own name", containers: [container("web")], runtimeID: "id-web", condition: .up),
        ContainerCase(
            note: "by our label", containers: [container("x", label: "web")], runtimeID: "id-x", condition: .up),
        ContainerCase(
            note: "by compose's label", containers: [container("p-web-1", compose: "web")], runtimeID: "id-p-web-1",
            condition: .up),
        ContainerCase(
            note: "its own name before a label",
            containers: [container("p", compose: "web"), container("web", .exited)],
            runtimeID: "id-web", condition: .down(.exited(code: 0))),
        ContainerCase(
            note: "the one that is not gone",
            containers: [container("a", .exited, label: "web"), container("b", label: "web")], runtimeID: "id-b",
            condition: .up),
        ContainerCase(
            note: "a paused one is not gone",
            containers: [container("a", .paused, label: "web"), container("b", .dead, label: "web")],
            runtimeID: "id-a", condition: .down(.paused)),
        ContainerCase(
            note: "two that run", containers: [container("a", label: "web"), container("b", compose: "web")],
            runtimeID: nil, condition: .unknown(.ambiguous(2))),
        ContainerCase(
            note: "three that are gone",
            containers: ["a", "b", "c"].map { container($0, .exited, label: "web") }, runtimeID: nil,
            condition: .unknown(.ambiguous(3))),
        ContainerCase(
            note: "the kept one of a deploy is no service",
            containers: [container("web.muster-previous", label: "web")],
            runtimeID: nil, condition: .unknown(.notFound)),
        ContainerCase(
            note: "somebody else's", containers: [container("other")], runtimeID: nil, condition: .unknown(.notFound)),
    ])
    func findsTheContainerOfAService(_ testCase: ContainerCase) {
        let report = report(ServiceSpec(name: "web"), containers: testCase.containers)
        #expect(report.observations.count == 1)
        #expect(report.observations.first?.condition == testCase.condition, "\(testCase.note)")
        #expect(report.observations.first?.runtimeID == testCase.runtimeID, "\(testCase.note)")
        #expect(report.failure == nil)
    }

    @Test func leavesOutTasksAndOneOffRuns() {
        var task = container("web.1.abc", label: "web")
        task.swarmServiceID = "id"
        var oneOff = container("p-web-run-1", compose: "web")
        oneOff.isComposeOneOff = true
        let report = report(ServiceSpec(name: "web"), containers: [task, oneOff])
        #expect(report.observations.first?.condition == .unknown(.notFound))
    }

    @Test func givesTheFactsOfAContainer() {
        var record = container("x", label: "web")
        let startedAt = start.adding(seconds: -3600)
        record.startedAt = startedAt
        record.restartCount = 4
        record.stack = "s"
        let observation = report(ServiceSpec(name: "web"), containers: [record]).observations[0]
        #expect(
            observation
                == Observation(
                    service: "web", source: .docker, condition: .up, at: start, runtime: .container,
                    runtimeID: "id-x", runtimeName: "x", image: "example/x:1", startedAt: startedAt, restartCount: 4,
                    stack: "s"))
    }

    @Test func givesTheFactsOfASwarmService() {
        let observation = report(
            ServiceSpec(name: "web"), swarm: .services([service("shop_web", 2, 3, stack: "shop")])
        ).observations[0]
        #expect(
            observation
                == Observation(
                    service: "web", source: .docker, condition: .up, at: start, runtime: .swarm,
                    runtimeID: "id-shop_web", runtimeName: "shop_web",
                    replicas: ReplicaCount(running: 2, wanted: 3), stack: "shop", specVersion: 7))
    }

    struct SwarmCase: Sendable {
        var note: String
        var services: [SwarmRecord]
        var runtimeID: String?
        var isAmbiguous = false
    }

    @Test(arguments: [
        SwarmCase(note: "by name", services: [service("web", 1, 1)], runtimeID: "id-web"),
        SwarmCase(note: "by label", services: [service("x", 1, 1, label: "web")], runtimeID: "id-x"),
        SwarmCase(note: "within its stack", services: [service("s_web", 1, 1, stack: "s")], runtimeID: "id-s_web"),
        SwarmCase(
            note: "name before label before stack",
            services: [service("s_web", 1, 1, stack: "s"), service("x", 1, 1, label: "web"), service("web", 1, 1)],
            runtimeID: "id-web"),
        SwarmCase(
            note: "in two stacks",
            services: [service("s_web", 1, 1, stack: "s"), service("t_web", 1, 1, stack: "t")], isAmbiguous: true),
        SwarmCase(note: "an underscore makes no stack", services: [service("s_web", 1, 1)], runtimeID: nil),
    ])
    func findsTheSwarmServiceOfAService(_ testCase: SwarmCase) {
        let observation = report(ServiceSpec(name: "web"), swarm: .services(testCase.services)).observations[0]
        #expect(observation.runtimeID == testCase.runtimeID, "\(testCase.note)")
        if testCase.isAmbiguous { #expect(observation.condition == .unknown(.ambiguous(2)), "\(testCase.note)") }
    }

    @Test func saysNothingOfServicesThatDockerDoesNotRun() {
        let report = report(ServiceSpec(name: "web", runtime: Runtime.none), containers: [container("web")])
        #expect(report.observations.isEmpty)
    }

    @Test func aContainerAndASwarmServiceOfOneNameAreAmbiguousUnlessTheRegistrySays() {
        let services = DockerAnswer.Swarm.services([service("web", 0, 2)])
        let both = report(ServiceSpec(name: "web"), containers: [container("web")], swarm: services)
        #expect(both.observations[0].condition == .unknown(.ambiguous(2)))
        let declared = report(
            ServiceSpec(name: "web", runtime: .container), containers: [container("web")], swarm: services)
        #expect(declared.observations[0].condition == .up)
        let swarm = report(ServiceSpec(name: "web", runtime: .swarm), containers: [container("web")], swarm: services)
        #expect(swarm.observations[0].condition == .down(.noTaskRunning(wanted: 2)))
    }

    struct MissingCase: Sendable {
        var note: String
        var runtime: Runtime?
        var containersFail = false
        var swarm: DockerAnswer.Swarm
        var condition: Condition
        var fails = false
    }

    @Test(arguments: [
        MissingCase(note: "declared, complete", runtime: .container, swarm: .inactive, condition: .absent),
        MissingCase(note: "declared, complete", runtime: .swarm, swarm: .services([]), condition: .absent),
        MissingCase(note: "not declared", runtime: nil, swarm: .inactive, condition: .unknown(.notFound)),
        MissingCase(note: "not declared", runtime: nil, swarm: .services([]), condition: .unknown(.notFound)),
        MissingCase(
            note: "no Swarm here", runtime: .swarm, swarm: .inactive,
            condition: .unknown(.sourceFailed(.docker, "this docker host is not part of a Swarm")), fails: true),
        MissingCase(
            note: "the Swarm half failed", runtime: .swarm, swarm: .failed("gone"),
            condition: .unknown(.sourceFailed(.docker, "gone")), fails: true),
        MissingCase(
            note: "the Swarm half failed, it is a container's", runtime: .container, swarm: .failed("gone"),
            condition: .absent, fails: true),
        MissingCase(
            note: "it may be in the half that failed", runtime: nil, swarm: .failed("gone"),
            condition: .unknown(.sourceFailed(.docker, "gone")), fails: true),
        MissingCase(
            note: "the containers failed", runtime: .container, containersFail: true, swarm: .services([]),
            condition: .unknown(.sourceFailed(.docker, "no answer")), fails: true),
        MissingCase(
            note: "the containers failed, it is a Swarm service", runtime: .swarm, containersFail: true,
            swarm: .services([]), condition: .absent, fails: true),
        MissingCase(
            note: "it may be in the half that failed", runtime: nil, containersFail: true, swarm: .services([]),
            condition: .unknown(.sourceFailed(.docker, "no answer")), fails: true),
    ])
    func absentNeedsACompleteAnswerOfTheDeclaredRuntime(_ testCase: MissingCase) {
        let report = DockerMapping.report(
            DockerAnswer(
                containers: testCase.containersFail ? .failure(ReadFailure("no answer")) : .success([]),
                swarm: testCase.swarm),
            desired: registry(ServiceSpec(name: "web", runtime: testCase.runtime)), at: start)
        #expect(report.observations[0].condition == testCase.condition, "\(testCase.note)")
        #expect((report.failure != nil) == testCase.fails, "\(testCase.note)")
    }

    @Test func aFailedHalfDoesNotTakeTheOtherWithIt() {
        let answer = DockerAnswer(
            containers: .failure(ReadFailure("no answer")), swarm: .services([service("web", 0, 1)]))
        let report = DockerMapping.report(answer, desired: registry(ServiceSpec(name: "web")), at: start)
        #expect(report.observations[0].condition == .down(.noTaskRunning(wanted: 1)))
        #expect(report.failure == "containers: no answer")
    }
}

struct DockerConditionTests {
    struct ContainerCase: Sendable {
        var state: ContainerRecord.State
        var health = ContainerRecord.Health.none
        var code = 0
        var outOfMemory = false
        var ageSeconds = 3600
        var restarts = 0
        var condition: Condition
    }

    @Test(arguments: [
        ContainerCase(state: .running, condition: .up),
        ContainerCase(state: .running, health: .healthy, condition: .up),
        ContainerCase(state: .running, health: .starting, condition: .unknown(.starting)),
        ContainerCase(state: .running, health: .unhealthy, condition: .down(.unhealthy)),
        ContainerCase(state: .created, condition: .down(.created)),
        ContainerCase(state: .created, ageSeconds: 9, condition: .unknown(.starting)),
        ContainerCase(state: .created, ageSeconds: -60, condition: .unknown(.starting)),
        ContainerCase(state: .created, ageSeconds: 10, condition: .down(.created)),
        ContainerCase(state: .paused, health: .healthy, condition: .down(.paused)),
        ContainerCase(state: .running, ageSeconds: 9, restarts: 1, condition: .unknown(.starting)),
        ContainerCase(state: .running, ageSeconds: 10, restarts: 7, condition: .up),
        ContainerCase(state: .running, ageSeconds: 1, condition: .up),
        ContainerCase(
            state: .running, health: .unhealthy, ageSeconds: 1, restarts: 1, condition: .down(.unhealthy)),
        ContainerCase(state: .restarting, code: 3, restarts: 2, condition: .unknown(.starting)),
        ContainerCase(state: .restarting, code: 3, restarts: 3, condition: .down(.restarting(code: 3))),
        ContainerCase(state: .removing, condition: .unknown(.updating)),
        ContainerCase(state: .exited, condition: .down(.exited(code: 0))),
        ContainerCase(state: .exited, code: 143, condition: .down(.exited(code: 143))),
        ContainerCase(state: .exited, code: 137, outOfMemory: true, condition: .down(.outOfMemory(code: 137))),
        ContainerCase(state: .dead, condition: .down(.dead)),
    ])
    func everyStateOfAContainer(_ testCase: ContainerCase) {
        let record = ContainerRecord(
            id: "id", name: "web", state: testCase.state, health: testCase.health, exitCode: testCase.code,
            outOfMemory: testCase.outOfMemory, restartCount: testCase.restarts,
            createdAt: start.adding(seconds: -testCase.ageSeconds),
            startedAt: start.adding(seconds: -testCase.ageSeconds))
        #expect(DockerConditions.of(record, now: start) == testCase.condition)
    }

    struct SwarmCase: Sendable {
        var note: String
        var running: Int
        var wanted: Int
        var mode = SwarmRecord.Mode.replicated
        var update: SwarmRecord.Update?
        var updateAgeSeconds = 60
        var ageSeconds = 3600
        var restarts = 0
        var condition: Condition
    }

    @Test(arguments: [
        SwarmCase(note: "all run", running: 2, wanted: 2, condition: .up),
        SwarmCase(note: "one of two", running: 1, wanted: 2, condition: .up),
        SwarmCase(note: "updating, one runs", running: 1, wanted: 2, update: .updating, condition: .up),
        SwarmCase(note: "none runs", running: 0, wanted: 2, condition: .down(.noTaskRunning(wanted: 2))),
        SwarmCase(note: "scaled to zero", running: 0, wanted: 0, condition: .down(.scaledToZero)),
        SwarmCase(
            note: "global, no node fits", running: 0, wanted: 0, mode: .global,
            condition: .down(.noTaskRunning(wanted: 0))),
        SwarmCase(note: "updating", running: 0, wanted: 2, update: .updating, condition: .unknown(.updating)),
        SwarmCase(
            note: "rolling back", running: 0, wanted: 2, update: .rollbackStarted, condition: .unknown(.updating)),
        SwarmCase(
            note: "an update that is stuck", running: 0, wanted: 2, update: .updating, updateAgeSeconds: 600,
            condition: .down(.noTaskRunning(wanted: 2))),
        SwarmCase(
            note: "an update that failed", running: 0, wanted: 2, update: .paused,
            condition: .down(.noTaskRunning(wanted: 2))),
        SwarmCase(
            note: "an update that is done", running: 0, wanted: 2, update: .completed,
            condition: .down(.noTaskRunning(wanted: 2))),
        SwarmCase(note: "just created", running: 0, wanted: 2, ageSeconds: 29, condition: .unknown(.starting)),
        SwarmCase(
            note: "no longer new", running: 0, wanted: 2, ageSeconds: 30,
            condition: .down(.noTaskRunning(wanted: 2))),
        SwarmCase(
            note: "a job", running: 0, wanted: 1, mode: .replicatedJob,
            condition: .unknown(.sourceFailed(.docker, "`web` is a Swarm job, which is not kept running"))),
    ])
    func everyStateOfASwarmService(_ testCase: SwarmCase) {
        let record = SwarmRecord(
            id: "id", name: "web", mode: testCase.mode,
            replicas: ReplicaCount(running: testCase.running, wanted: testCase.wanted),
            createdAt: start.adding(seconds: -testCase.ageSeconds),
            updatedAt: start.adding(seconds: -testCase.ageSeconds), update: testCase.update,
            updateStartedAt: testCase.update == nil ? nil : start.adding(seconds: -testCase.updateAgeSeconds))
        #expect(DockerConditions.of(record, now: start) == testCase.condition, "\(testCase.note)")
    }
}
