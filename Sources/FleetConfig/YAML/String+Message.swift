import FleetModel

extension String {
    /// The text as an error message shows it: no control characters, not longer than a line.
    var escapedForMessage: String { escapedForDisplay(maximumLength: 80) }
}
