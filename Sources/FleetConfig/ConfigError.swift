/// A place in a file, both counted from 1; a column counts characters.
package struct Mark: Hashable, Comparable, Sendable {
    package var line: Int
    package var column: Int

    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    package static func < (lhs: Mark, rhs: Mark) -> Bool {
        (lhs.line, lhs.column) < (rhs.line, rhs.column)
    }
}

/// One thing that is wrong in a file, and where. Also used for warnings.
package struct ConfigError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The file as its reader was told to call it, normally its path.
    package var file: String
    package var line: Int
    package var column: Int
    package var message: String

    package init(file: String, line: Int, column: Int, message: String) {
        self.file = file
        self.line = line
        self.column = column
        self.message = message
    }

    /// `file:line:column: message`
    package var description: String { "\(file):\(line):\(column): \(message)" }
}

/// All that is wrong in one or more files, in the order of file and place; never empty.
package struct ConfigErrors: Error, Equatable, Sendable, CustomStringConvertible {
    package var errors: [ConfigError]
    /// How many more there are than are listed.
    package var omitted: Int

    package init(_ errors: [ConfigError], omitted: Int = 0) {
        self.errors = errors
        self.omitted = omitted
    }

    /// One line an error.
    package var description: String {
        let lines = errors.map(\.description).joined(separator: "\n")
        return omitted == 0 ? lines : lines + "\nand \(omitted) more"
    }
}
