/// The known name that begins with `text`, else the one that takes the fewest edits to reach from it; the first in
/// order among equals.
///
/// Used to tell a person what an unknown field, flag or word was probably meant to be.
func nearestName(to text: String, among known: [String]) -> String? {
    // A name longer than this is no slip of the finger, and the table below would grow with it.
    let typed = Array(text.lowercased().utf8.prefix(64))
    if typed.count >= 3, let whole = known.first(where: { $0.lowercased().utf8.starts(with: typed) }) { return whole }
    return known.map { ($0, editDistance(typed, Array($0.lowercased().utf8))) }.min { $0.1 < $1.1 }?.0
}

/// Levenshtein's distance with a swap of neighbours counted as one edit (optimal string alignment).
private func editDistance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    var beforePrevious = [Int](repeating: 0, count: right.count + 1)
    var previous = Array(0...right.count)
    for row in 0..<left.count {
        var current = [row + 1]
        for column in 0..<right.count {
            let replaced = previous[column] + (left[row] == right[column] ? 0 : 1)
            var best = min(replaced, previous[column + 1] + 1, current[column] + 1)
            if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                best = min(best, beforePrevious[column - 1] + 1)
            }
            current.append(best)
        }
        beforePrevious = previous
        previous = current
    }
    return previous[right.count]
}
