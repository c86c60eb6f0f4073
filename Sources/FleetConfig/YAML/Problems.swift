/// What is wrong in one file, gathered while it is read.
///
/// Errors refuse the file. Inside `asWarnings` they become warnings instead, which is how an invalid `scaling:` block
/// costs only itself. Both lists are bounded; what is beyond is counted.
final class Problems {
    /// So many are listed of each; a file with more is broken in one way, many times.
    static let limit = 1000

    let file: String
    private(set) var errors: [ConfigError] = []
    private(set) var warnings: [ConfigError] = []
    private(set) var omittedErrors = 0
    private(set) var omittedWarnings = 0
    private var demoting = false
    private var demoted = 0

    init(file: String) {
        self.file = file
    }

    var isEmpty: Bool { errors.isEmpty }
    var count: Int { errors.count + omittedErrors }

    func error(_ message: String, at mark: Mark) {
        if demoting {
            demoted += 1
            warn(message, at: mark)
        } else if errors.count < Problems.limit {
            errors.append(ConfigError(file: file, line: mark.line, column: mark.column, message: message))
        } else {
            omittedErrors += 1
        }
    }

    /// An error that stays one inside `asWarnings`: what refuses a file whatever block it stands in.
    func fatal(_ message: String, at mark: Mark) {
        let outer = demoting
        demoting = false
        error(message, at: mark)
        demoting = outer
    }

    func warn(_ message: String, at mark: Mark) {
        if warnings.count < Problems.limit {
            warnings.append(ConfigError(file: file, line: mark.line, column: mark.column, message: message))
        } else {
            omittedWarnings += 1
        }
    }

    /// Runs `body` with its errors recorded as warnings; `clean` is false when there were any.
    func asWarnings<Value>(_ body: () throws(YAMLStop) -> Value) throws(YAMLStop) -> (value: Value, clean: Bool) {
        let outer = (demoting, demoted)
        demoting = true
        demoted = 0
        defer { (demoting, demoted) = outer }
        let value = try body()
        return (value, demoted == 0)
    }
}

/// Reading cannot go on: a syntax error, or a limit. The error itself stands in `Problems`.
struct YAMLStop: Error {}
