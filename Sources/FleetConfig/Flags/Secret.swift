/// A value that is never printed, logged or served: every way of turning it to text gives `<secret>`.
package struct Secret: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The value itself, for the one place that uses it.
    package let revealed: String

    package init(_ value: String) {
        revealed = value
    }

    package var description: String { Secret.placeholder }
    package var debugDescription: String { Secret.placeholder }
    package var customMirror: Mirror { Mirror(self, children: [:]) }

    package static let placeholder = "<secret>"
}
