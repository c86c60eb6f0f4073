import Autoscaler
import FleetModel
import ScalingSimulation
import Testing

/// Promises that hold for every service, load, fault and person; each seed is ten fleets of 100 services that live
/// through 100 evaluations each, so that all seeds together are 1,000,000 cases.
@Suite struct LawTests {
    @Test("no evaluation breaks a law", arguments: 0..<10)
    func laws(_ seed: UInt64) {
        let result = RandomFleet.run(cases: 100_000, seed: 1000 * (seed + 1))
        #expect(result.broken.isEmpty, "\(result.broken.prefix(5).joined(separator: "\n"))")
        #expect(result.proposals > 1000, "laws about proposals need proposals")
    }
}
