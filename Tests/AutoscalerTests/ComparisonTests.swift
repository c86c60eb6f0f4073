import Foundation
import ScalingSimulation
import Testing

@Suite("the comparison in docs/autoscaling.md")
struct ComparisonTests {
    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    private func committed(_ path: String) throws -> String {
        try String(contentsOf: Self.root.appendingPathComponent(path), encoding: .utf8)
    }

    @Test("the plots and the table that are committed are what the code makes")
    func committedFiles() throws {
        let files = try #require(Comparison.files(page: try committed(Comparison.page)))
        #expect(files.count == LoadTrace.all.count + 1)
        for file in files {
            let isSame = try committed(file.path) == file.content
            #expect(isSame, "\(file.path) is not what the code makes: run `make scaling-plots`")
        }
        let folder = Self.root.appendingPathComponent(Comparison.folder)
        let present = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(Set(present) == Set(LoadTrace.all.map { "\($0.name).svg" }))
    }

    @Test("a page without a place for the table is refused")
    func noPlace() {
        #expect(Comparison.files(page: "# Autoscaling\n") == nil)
    }

    struct Step: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var current: Int
        /// Load at each 15 s.
        var loads: [Double]
        var replicas: [Int]
    }

    static let steps: [Step] = [
        Step(testDescription: "ceil(current x value / target)", current: 4, loads: [530], replicas: [6]),
        Step(
            testDescription: "within the tolerance nothing changes", current: 4, loads: [439, 361], replicas: [4, 4]),
        Step(testDescription: "up by 4 pods", current: 1, loads: [2000], replicas: [5]),
        Step(testDescription: "up by 100 %", current: 6, loads: [2000], replicas: [12]),
        Step(testDescription: "never above the maximum", current: 16, loads: [9000], replicas: [20]),
        Step(
            testDescription: "down to the highest recommendation of 300 s", current: 5,
            loads: [500] + Array(repeating: 100, count: 20), replicas: Array(repeating: 5, count: 20) + [1]),
    ]

    @Test("the HPA of the comparison follows its documentation", arguments: steps)
    func documented(step: Step) {
        var scaler = HorizontalPodAutoscaler()
        var current = step.current
        var replicas: [Int] = []
        for (tick, load) in step.loads.enumerated() {
            current = scaler.replicas(having: current, load: load, second: tick * LoadTrace.tickSeconds)
            replicas.append(current)
        }
        #expect(replicas == step.replicas)
    }

    @Test("figures are counted as they are described")
    func figures() {
        let trace = LoadTrace.all[0]
        struct Fixed: Scaler {
            let name = "fixed"
            func replicas(having current: Int, load: Double, second: Int) -> Int { second < 615 ? 2 : 10 }
        }
        let figures = SimulatedRun(Fixed(), on: trace).figures
        #expect(figures.scalings == 1)
        #expect(figures.settlingSeconds == [15, 0])
        #expect(figures.overshoot == 1)
        #expect(figures.overloaded == 1.0 / 481)
        // 199 samples of one replica too many, 241 of eight.
        #expect(abs(figures.idleHours - Double(199 + 241 * 8) / 240) < 1e-9)
    }

    @Test("every scaler stays within its bounds on every trace")
    func bounds() {
        for comparison in Comparison.all() {
            for run in comparison.runs {
                #expect(run.replicas.allSatisfy { (1...20).contains($0) }, "\(run.scaler) on \(comparison.trace.name)")
            }
        }
    }
}
