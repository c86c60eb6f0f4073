internal import FleetModel

/// What to say of a name that is not one of those allowed.
enum Suggestion {
    /// `unknown field `taget`; did you mean `target`? allowed: …`
    static func unknown(_ what: String, _ name: String, allowed: [String]) -> String {
        let shown = "unknown \(what) `\(name.escapedForDisplay(maximumLength: 80))`"
        guard !allowed.isEmpty else { return "\(shown); there are none here" }
        let near = nearest(name, in: allowed).map { "; did you mean `\($0)`?" } ?? ""
        return shown + near + " allowed: " + allowed.map { "`\($0)`" }.joined(separator: ", ")
    }

    /// The allowed name with the fewest edits, where that is at most a third of its length.
    static func nearest(_ name: String, in allowed: [String]) -> String? {
        guard name.utf8.count <= 64 else { return nil }
        let distances = allowed.map { (name: $0, distance: distance(Array(name.utf8), Array($0.utf8))) }
        guard let best = distances.min(by: { $0.distance < $1.distance }) else { return nil }
        return best.distance <= max(1, best.name.utf8.count / 3) ? best.name : nil
    }

    /// Levenshtein's, one row at a time.
    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var row = Array(0...right.count)
        for (i, byte) in left.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, other) in right.enumerated() {
                let replaced = diagonal + (byte == other ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(replaced, diagonal + 1, row[j] + 1)
            }
        }
        return row[right.count]
    }
}
