/// A number for people: at most four digits behind the point, none where it is whole.
func numberText(_ value: Double) -> String {
    guard value.isFinite, abs(value) < 1e15 else { return String(value) }
    let rounded = (value * 10_000).rounded() / 10_000
    if rounded == 0, value != 0 { return String(value) }
    return rounded == rounded.rounded() ? String(Int(rounded)) : String(rounded)
}
