import Foundation
import Testing

/// All runs, one after another: each has the machine to itself, since some measure times.
@Suite(.serialized)
enum Chaos {}

/// How long a run is.
enum Extent {
    /// `CHAOS=long` runs the counts of issue 3, `CHAOS_CYCLES` a number of one's own, else those of CI.
    static func cycles(ci: Int, long: Int) -> Int {
        let environment = ProcessInfo.processInfo.environment
        if let own = environment["CHAOS_CYCLES"].flatMap({ Int($0) }) { return own }
        return environment["CHAOS"] == "long" ? long : ci
    }
}

/// The figures, where a reader of the test's output finds them.
enum Report {
    static func say(_ line: String) { print("chaos: \(line)") }
}
