/// One figure of `make bench`.
struct BenchRow: Sendable {
    /// What was measured.
    var name: String
    var value: Double
    /// `s`, `ms`, `1/s`, `MB` or the like, of `value` and of `referenceValue`.
    var unit: String
    /// What it was measured on, and how often.
    var input: String
    /// What it is compared with, measured in the same run; `limit` for an absolute bar.
    var reference: String
    var referenceValue: Double
    /// `value` over `referenceValue`.
    var ratio: Double
    /// What it has to reach, in words: `<= 4x`, `<= 25 ms`.
    var bar: String
}
