import Foundation
import Synchronization

/// The record as it grows, read once: each look parses only what has come since the last.
final class RecordReader: Sendable {
    private struct State {
        var offset: UInt64 = 0
        var rest = ""
        var lines: [Testimony] = []
    }

    private let path: String
    private let state = Mutex(State())

    init(_ fleet: FakeFleet) { path = fleet.scratch.path("fleet/record") }

    func look() throws -> Witness {
        try state.withLock { state in
            if let file = FileHandle(forReadingAtPath: path) {
                defer { try? file.close() }
                try file.seek(toOffset: state.offset)
                let new = try file.readToEnd() ?? Data()
                state.offset += UInt64(new.count)
                var parts = (state.rest + String(decoding: new, as: UTF8.self))
                    .split(separator: "\n", omittingEmptySubsequences: false)
                state.rest = String(parts.popLast() ?? "")
                state.lines += try parts.map(Testimony.init(line:))
            }
            return Witness(lines: state.lines)
        }
    }

    /// The command begun last, of all or of those after `count` lines.
    func newest() throws -> Testimony? { try look().lines.last { $0.phase == .begin } }
}

/// Durations of one kind of fault, and what is said of them.
struct Sample: Sendable, CustomStringConvertible {
    private(set) var seconds: [Double] = []

    mutating func add(_ value: Double) {
        seconds.append(value)
        seconds.sort()
    }

    /// The smallest value that `share` of them do not exceed.
    func quantile(_ share: Double) -> Double {
        seconds.isEmpty ? .nan : seconds[min(Int((Double(seconds.count) * share).rounded(.up)), seconds.count) - 1]
    }

    var description: String {
        let text = [("p50", 0.5), ("p99", 0.99), ("max", 1)].map { name, share in
            "\(name) \(String(format: "%.2f", quantile(share))) s"
        }
        return "n \(seconds.count), " + text.joined(separator: ", ")
    }
}

enum Now {
    /// Seconds since 1970, as the record's times.
    static var seconds: Double {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
