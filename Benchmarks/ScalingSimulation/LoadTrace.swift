internal import Foundation

/// A load over time, the same for every scaler that is compared.
package struct LoadTrace: Sendable {
    /// `step`: also the name of its plot.
    package var name: String
    package var title: String
    /// What happens in it, in one sentence.
    package var story: String
    /// Requests per second at each `tickSeconds`, as they are.
    package var load: [Double]
    /// The same as measured: what the scalers see.
    package var measured: [Double]
    /// From when to when a new steady state is approached, in seconds, and what that is called.
    package var phases: [Phase]

    package struct Phase: Sendable {
        package var name: String
        package var from: Int
        package var until: Int
    }

    package static let tickSeconds = 15
    package static let seed: UInt64 = 5

    /// The five of the comparison, two hours each.
    package static let all: [LoadTrace] = [step, ramp, spike, sine, noise]

    private static let durationSeconds = 7200

    /// `measurementNoise` is the standard deviation of a measurement, as a share of the load.
    private init(
        _ name: String, _ title: String, _ story: String, phases: [Phase] = [], measurementNoise: Double = 0.03,
        loadNoise: Double = 0, _ load: (Int) -> Double
    ) {
        self.name = name
        self.title = title
        self.story = story
        self.phases = phases
        var generator = SeededGenerator(seed: Self.seed)
        self.load = stride(from: 0, through: Self.durationSeconds, by: Self.tickSeconds).map { second in
            max(load(second) * (1 + loadNoise * generator.normal()), 0)
        }
        measured = self.load.map { max($0 * (1 + measurementNoise * generator.normal()), 0) }
    }

    private static let step = LoadTrace(
        "step", "Step", "150 requests/s, 850 from minute 10 on, 150 again from minute 60 on",
        phases: [
            Phase(name: "rise", from: 600, until: 3600), Phase(name: "fall", from: 3600, until: durationSeconds + 1),
        ]
    ) { $0 < 600 || $0 >= 3600 ? 150 : 850 }

    private static let ramp = LoadTrace(
        "ramp", "Ramp", "from 150 to 1,550 requests/s between minute 10 and minute 50, and back until minute 90",
        phases: [Phase(name: "end of the way back", from: 5400, until: durationSeconds + 1)]
    ) { second in
        let up = min(max(Double(second - 600) / 2400, 0), 1)
        let down = min(max(Double(second - 3000) / 2400, 0), 1)
        return 150 + 1400 * (up - down)
    }

    private static let spike = LoadTrace(
        "spike", "Spikes", "250 requests/s; 1,650 for two minutes at minute 20, for one at minute 70",
        phases: [
            Phase(name: "first spike", from: 1200, until: 4200),
            Phase(name: "second spike", from: 4200, until: durationSeconds + 1),
        ]
    ) { second in (1200..<1320).contains(second) || (4200..<4260).contains(second) ? 1650 : 250 }

    private static let sine = LoadTrace(
        "sine", "Sine", "between 200 and 1,200 requests/s, one period in 60 minutes"
    ) { 700 + 500 * sin(2 * Double.pi * Double($0) / 3600) }

    private static let noise = LoadTrace(
        "noise", "Noise", "570 requests/s on average, 15 % standard deviation from one sample to the next",
        loadNoise: 0.15
    ) { _ in 570 }
}
