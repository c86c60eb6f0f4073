import FleetModel
import Leadership
import Testing

/// Whatever goes wrong, in any order, over many seeds. A failure names its seed, which repeats it.
@Suite struct ElectionPropertyTests {
    private static let span = 40_000

    private static func simulate(
        seed: UInt64, promotes: Bool, check: (SimulatedElection) -> Void
    ) -> SimulatedElection {
        var simulation = SimulatedElection(
            machines: seed.isMultiple(of: 2) ? 2 : 3, lease: .seconds(3), seed: seed)
        simulation.run(
            milliseconds: span, faults: SimulatedElection.Faults(isOn: true, promotes: promotes), check: check)
        return simulation
    }

    @Test(arguments: [true, false])
    func neverMayTwoDispatchAtOnceAndTheirEpochsOnlyGrow(promotes: Bool) {
        var dispatched = 0
        for seed in UInt64(1)...150 {
            var violation: String?
            var newest = 0
            let simulation = Self.simulate(seed: seed, promotes: promotes) { state in
                let terms = state.dispatchers
                if terms.count > 1 { violation = violation ?? "at \(state.now): \(terms)" }
                for term in terms where term.epoch != newest {
                    if term.epoch < newest { violation = violation ?? "at \(state.now): \(term) after \(newest)" }
                    newest = max(newest, term.epoch)
                    dispatched += 1
                }
            }
            #expect(
                violation == nil,
                "seed \(seed): \(violation ?? "")\n\(simulation.trace.suffix(30).joined(separator: "\n"))")
        }
        // A property of nothing would hold too.
        #expect(dispatched > 150)
    }

    @Test func whenFaultsStopOneLeadsSoonAndStays() {
        for seed in UInt64(1001)...1080 {
            var simulation = Self.simulate(seed: seed, promotes: true) { _ in }
            // A pause that began before, a jump of the clock back by up to 20 s, a lease, and what it takes to connect.
            simulation.run(milliseconds: 45_000, faults: SimulatedElection.Faults(isOn: false)) { _ in }
            let first = simulation.dispatchers
            #expect(first.count == 1, "seed \(seed)\n\(simulation.trace.suffix(30).joined(separator: "\n"))")
            var changes = 0
            simulation.run(milliseconds: 10_000, faults: SimulatedElection.Faults(isOn: false)) { state in
                if state.dispatchers != first { changes += 1 }
            }
            #expect(changes == 0, "seed \(seed)\n\(simulation.trace.suffix(30).joined(separator: "\n"))")
        }
    }

    @Test func theSameSeedGivesTheSameTrace() {
        let once = Self.simulate(seed: 7, promotes: true) { _ in }
        let again = Self.simulate(seed: 7, promotes: true) { _ in }
        #expect(once.trace == again.trace)
        #expect(!once.trace.isEmpty)
    }

    enum Planted: String, CaseIterable {
        case nobodyWaitsForTheLeaseBefore, theClockIsNotLookedAtAgain
    }

    /// The property can fail: without either half of the protocol it does.
    @Test(arguments: Planted.allCases) func aPlantedBugIsFound(bug: Planted) {
        var found = 0
        for seed in UInt64(1)...100 where found == 0 {
            _ = Self.simulate(seed: seed, promotes: true) { state in
                switch bug {
                case .nobodyWaitsForTheLeaseBefore: if state.leaders.count > 1 { found += 1 }
                case .theClockIsNotLookedAtAgain: if state.believers.count > 1 { found += 1 }
                }
            }
        }
        #expect(found > 0)
    }
}
