/// One flag that cannot be used.
package struct FlagError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The flag's name, or the unknown key as it was written.
    package var key: String
    /// `environment variable PORT`, `/etc/muster/config.json: port`.
    package var source: String
    /// What was expected, and what was there unless it is a secret.
    package var expected: String

    package init(key: String, source: String, expected: String) {
        self.key = key
        self.source = source
        self.expected = expected
    }

    package var description: String { "`\(key)` (\(source)): \(expected)" }
}

/// Everything that is wrong with the flags, in the contract's order; never empty.
package struct FlagErrors: Error, Equatable, Sendable, CustomStringConvertible {
    package var errors: [FlagError]

    package init(_ errors: [FlagError]) {
        self.errors = errors
    }

    /// One line an error.
    package var description: String { errors.map(\.description).joined(separator: "\n") }
}
