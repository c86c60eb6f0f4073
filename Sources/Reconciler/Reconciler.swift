package import FleetModel

/// Compares what should run with what does, and says for each service what to do about it or why nothing is done.
///
/// State in, one value of named buckets out; it cannot fail. It is called once a tick and for `GET /api/fleet/plan`,
/// and it never looks at what it planned before: a proposal comes up again for as long as its divergence is seen.
package enum Reconciler {
    /// Plans for every service of the registry, in its order.
    ///
    /// For each service the first of these concerns that applies is its outcome: a hold covers it; what is known of
    /// it is not enough; it is as wanted; an action on it is under way or unsettled; the evidence is older than the
    /// last action; no action would mend it; what it depends on is not up; dry run has done it; else a proposal.
    ///
    /// Both lists are sorted by name, so one pass over them finds each service's observation.
    package static func plan(
        _ desired: DesiredState, _ snapshot: Snapshot, _ history: History, now: WallTime
    ) -> Plan {
        var plan = Plan(proposals: [], outcomes: [])
        plan.outcomes.reserveCapacity(desired.services.count)
        let isAnyHeld = !history.holds.isEmpty
        desired.services.withUnsafeBufferPointer { services in
            snapshot.observations.withUnsafeBufferPointer { observations in
                guard let firstService = services.baseAddress else { return }
                var next = 0
                for spec in firstService..<firstService + services.count {
                    if isAnyHeld, let hold = hold(on: spec.pointee, history, now: now) {
                        plan.outcomes.append(.held(hold))
                    } else if let observation = seek(spec, in: observations, from: &next) {
                        plan.add(Assessment.of(spec, observation), spec, observation, snapshot, history)
                    } else {
                        plan.outcomes.append(.unknown(.notObserved))
                    }
                }
            }
        }
        return plan
    }

    private static func hold(on spec: ServiceSpec, _ history: History, now: WallTime) -> Hold? {
        history.holds.hold(service: spec.name, domain: spec.domain).flatMap { $0.isInForce(at: now) ? $0 : nil }
    }

    /// The observation of a service. `next` moves on to it or to the first one behind it; services are asked for in
    /// the order of their names. Equality is asked first: it is cheaper than order, and nearly always the answer.
    private static func seek(
        _ spec: UnsafePointer<ServiceSpec>, in observations: UnsafeBufferPointer<Observation>, from next: inout Int
    ) -> UnsafePointer<Observation>? {
        guard let first = observations.baseAddress else { return nil }
        while next < observations.count {
            let observation = first + next
            if observation.pointee.service == spec.pointee.name { return observation }
            if observation.pointee.service > spec.pointee.name { return nil }
            next += 1
        }
        return nil
    }
}

extension Plan {
    fileprivate mutating func add(
        _ assessment: Assessment, _ spec: UnsafePointer<ServiceSpec>, _ observation: UnsafePointer<Observation>,
        _ snapshot: Snapshot, _ history: History
    ) {
        switch assessment {
        case .inSync: outcomes.append(.inSync)
        case .unknown(let cause): outcomes.append(.unknown(cause))
        case .diverging(let divergence):
            add(Diverging(spec.pointee, observation.pointee, .mendable(divergence)), snapshot, history)
        case .blocked(let cause):
            add(Diverging(spec.pointee, observation.pointee, .blocked(cause)), snapshot, history)
        }
    }
}
