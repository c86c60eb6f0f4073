import Foundation
import ScalingSimulation

let start = ContinuousClock.now
let result = RandomFleet.run(cases: 100_000, seed: 1)
print(result.broken.prefix(5), result.broken.count, result.proposals, ContinuousClock.now - start)
