package import FleetModel
internal import Leadership
internal import Store

/// What is asked and only read.
extension ControlPlane {
    /// An instance that has not reported for so long has most likely ended without saying so.
    private static let silentAfterSeconds = 60

    /// Evidence older than this is collected anew before a plan is shown.
    private static let freshForMilliseconds: Int64 = 2000

    package func plan() async throws(ControlError) -> JSONValue {
        reloadFiles()
        if now().milliseconds - snapshot.at.milliseconds > Self.freshForMilliseconds || snapshot.sources.isEmpty {
            await look()
        }
        return PlanView(try await readInputsForRequest(at: now())).json
    }

    package func services(after name: String?, limit: Int) async -> (items: [JSONValue], next: String?) {
        let inputs = await inputsToShow()
        let services = inputs.desired.services
        var index = 0
        if let name {
            index = services.partitioningIndex { $0.name > name }
        }
        let end = min(index + limit, services.count)
        let items = (index..<end).map { ServiceView.json(index: $0, inputs) }
        return (items, end < services.count ? services[end - 1].name : nil)
    }

    package func service(_ name: String) async throws(ControlError) -> JSONValue {
        let inputs = await inputsToShow()
        guard let index = inputs.desired.index(of: name) else {
            throw .notFound("`\(name.escapedForDisplay())` is not in the registry")
        }
        return ServiceView.json(index: index, inputs)
    }

    package func topology() async -> JSONValue {
        let inputs = await inputsToShow()
        var domains: [String: Int] = [:]
        for spec in inputs.desired.services { domains[spec.domain ?? "", default: 0] += 1 }
        // A store that is away has nothing to say of the others; this process then knows of itself alone.
        let topology = (try? await store.topology()) ?? Topology()
        return [
            "leader": leaderJSON(topology), "instances": .array(instances(topology)),
            "elections": .array(topology.elections.map(\.json)),
            "domains": .array(
                domains.sorted { $0.key < $1.key }.map {
                    ["name": .string($0.key), "services": .integer($0.value)]
                }),
        ]
    }

    /// All that reported, this process among them: the embedded store knows of no instances.
    private func instances(_ topology: Topology) -> [JSONValue] {
        var instances = topology.instances
        if !instances.contains(where: { $0.id == parts.instance }) {
            instances.append(
                Instance(
                    id: parts.instance, version: parts.version, startedAt: startedAt, heartbeatAt: now(),
                    isLeader: term != nil))
        }
        let now = now()
        return instances.map { instance in
            [
                "instance": .string(instance.id), "role": instance.isLeader ? "leader" : "follower",
                "version": .string(instance.version), "started_at": .string(instance.startedAt.rfc3339),
                "heartbeat": .string(instance.heartbeatAt.rfc3339), "self": .bool(instance.id == parts.instance),
                "silent": .bool(now.seconds(since: instance.heartbeatAt) > Self.silentAfterSeconds),
            ]
        }
    }

    package func health() async -> JSONValue {
        let inputs = await inputsToShow()
        var counts: [String: HealthCounts] = [:]
        var total = HealthCounts()
        for (spec, outcome) in zip(inputs.desired.services, inputs.plan.outcomes) {
            let condition = inputs.snapshot[spec.name]?.condition ?? .unknown(.notObserved)
            counts[spec.domain ?? "", default: HealthCounts()].add(condition, outcome)
            total.add(condition, outcome)
        }
        let domains = counts.sorted { $0.key < $1.key }.map { name, counts -> JSONValue in
            var object = JSONObject([("name", .string(name))])
            for member in counts.members { object[member.0] = .integer(member.1) }
            return .object(object)
        }
        return [
            "domains": .array(domains),
            "total": .object(JSONObject(total.members.map { ($0.0, .integer($0.1)) })),
        ]
    }

    package func metrics() async -> String {
        let now = now()
        if let last = lastTick?.lastSuccess {
            metricsRegistry.set(.lastTickAge, to: Double(now.milliseconds - last.milliseconds) / 1000)
        }
        // The open approvals as they are now, not as the last tick found them.
        if let open = try? await store.workingSet().openApprovals {
            for status in [ApprovalStatus.pending, .approved, .executing] {
                let count = open.count { $0.status == status }
                metricsRegistry.set(.approvals, ["status": status.rawValue], to: Double(count))
            }
            let oldest = open.filter { $0.status == .pending }.map(\.createdAt).min()
            metricsRegistry.set(.oldestApproval, to: oldest.map { Double(now.seconds(since: $0)) } ?? 0)
        }
        if let topology = try? await store.topology() {
            metricsRegistry.set(.instances, to: Double(max(topology.instances.count, 1)))
            if let leader = topology.instances.first(where: \.isLeader) {
                let age = Double(now.milliseconds - leader.heartbeatAt.milliseconds) / 1000
                metricsRegistry.set(.leaseAge, to: max(age, 0))
            }
        }
        return metricsRegistry.text()
    }

    /// Who leads, as the store has it; as this process knows it where the store keeps no elections.
    func leaderJSON(_ topology: Topology = Topology()) -> JSONValue {
        if let leader = topology.leader, let election = topology.elections.first(where: { $0.term == leader }) {
            return [
                "instance": .string(leader.holder), "epoch": .integer(leader.epoch),
                "since": .string(election.at.rfc3339), "reason": .string(election.reason),
                "detail": .string(election.detail),
            ]
        }
        guard let tenure = standing.tenure else { return .null }
        return [
            "instance": .string(tenure.term.holder), "epoch": .integer(tenure.term.epoch),
            "since": .string(tenure.since.rfc3339), "reason": .string(tenure.reason.rawValue),
            "detail": "this process owns the embedded store",
        ]
    }

    /// The last tick's inputs; before the first tick everything is unknown.
    private func inputsToShow() async -> TickInputs {
        if let lastTick, lastTick.inputs.snapshot.generation == snapshot.generation,
            lastTick.inputs.desired.digest == desired.value.digest
        {
            return lastTick.inputs
        }
        if let inputs = try? await readInputsForRequest(at: now()) { return inputs }
        let unseen = Array(repeating: Outcome.unknown(.notObserved), count: desired.value.services.count)
        return TickInputs(
            desired: desired.value, snapshot: snapshot, plan: Plan(proposals: [], outcomes: unseen),
            working: WorkingSet(), holds: HoldSet(at: now()), policy: policyFile.value, ledger: LedgerView(head: 0),
            settings: parts.settings, term: term ?? Term(holder: parts.instance, epoch: 0), now: now())
    }
}

extension ElectionRecord {
    fileprivate var json: JSONValue {
        [
            "instance": .string(term.holder), "epoch": .integer(term.epoch), "at": .string(at.rfc3339),
            "reason": .string(reason), "detail": .string(detail),
        ]
    }
}

private struct HealthCounts {
    var services = 0
    var up = 0
    var down = 0
    var absent = 0
    var unknown = 0
    var held = 0
    var diverging = 0

    mutating func add(_ condition: Condition, _ outcome: Outcome) {
        services += 1
        switch condition {
        case .up: up += 1
        case .down: down += 1
        case .absent: absent += 1
        case .unknown: unknown += 1
        }
        switch outcome {
        case .held: held += 1
        case .proposed, .waiting, .inFlight, .blocked: diverging += 1
        case .inSync, .unknown: break
        }
    }

    var members: [(String, Int)] {
        [
            ("services", services), ("up", up), ("down", down), ("absent", absent), ("unknown", unknown),
            ("held", held), ("diverging", diverging),
        ]
    }
}

extension Array {
    /// The first index whose element satisfies `predicate`, in an array where all such elements stand at the end.
    fileprivate func partitioningIndex(where predicate: (Element) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if predicate(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
