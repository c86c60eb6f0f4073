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
                var next = 0
                for index in services.indices {
                    if isAnyHeld, let hold = hold(on: services[index], history, now: now) {
                        plan.outcomes.append(.held(hold))
                        continue
                    }
                    guard let found = seek(services[index].name, in: observations, from: &next) else {
                        plan.outcomes.append(.unknown(.notObserved))
                        continue
                    }
                    switch Assessment.of(services[index], observations[found]) {
                    case .inSync: plan.outcomes.append(.inSync)
                    case .unknown(let cause): plan.outcomes.append(.unknown(cause))
                    case .diverging(let divergence):
                        let service = Diverging(services[index], observations[found], .mendable(divergence))
                        plan.add(service, snapshot, history)
                    case .blocked(let cause):
                        let service = Diverging(services[index], observations[found], .blocked(cause))
                        plan.add(service, snapshot, history)
                    }
                }
            }
        }
        return plan
    }

    private static func hold(on spec: ServiceSpec, _ history: History, now: WallTime) -> Hold? {
        history.holds.hold(service: spec.name, domain: spec.domain).flatMap { $0.isInForce(at: now) ? $0 : nil }
    }

    /// The index of the observation of `name`. `next` moves on to it or to the first one behind it; names are asked
    /// for in rising order. Equality is asked first: it is cheaper than order, and nearly always the answer.
    private static func seek(
        _ name: String, in observations: UnsafeBufferPointer<Observation>, from next: inout Int
    ) -> Int? {
        while next < observations.count {
            if observations[next].service == name { return next }
            if observations[next].service > name { return nil }
            next += 1
        }
        return nil
    }
}
