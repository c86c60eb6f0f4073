import FleetModel

/// `config.json`: one JSON object whose keys are flag names in lower case. Need not exist.
struct ConfigFile {
    let path: String
    /// The values as texts, in the form that an environment variable would have.
    private(set) var values: [FlagName: String] = [:]
    private(set) var errors: [FlagError] = []

    private static let sizeLimit = 1 << 20

    /// `$MUSTER_CONFIG_DIR`, else `$XDG_CONFIG_HOME/muster`, else `~/.config/muster`.
    static func path(environment: [String: String], home: String) -> String {
        if let directory = environment["MUSTER_CONFIG_DIR"], !directory.isEmpty { return directory + "/config.json" }
        return Directories.xdg(environment["XDG_CONFIG_HOME"], else: home + "/.config") + "/muster/config.json"
    }

    init(path: String) {
        self.path = path
        let content: FileContent
        do throws(FileReadError) {
            content = try FileContent.read(path, limit: ConfigFile.sizeLimit)
        } catch {
            if !error.meansAbsent { fail("config.json", "a JSON object; the file \(error.message)") }
            return
        }
        switch Result(catching: { () throws(JSONError) in try JSONValue.parse(content.bytes) }) {
        case .failure(let error):
            let mark = ConfigFile.mark(content.bytes, error.offset)
            fail("config.json", "a JSON object is expected; at \(mark.line):\(mark.column) \(error.problem.rawValue)")
        case .success(let value):
            guard let object = value.object else {
                fail("config.json", "a JSON object is expected")
                return
            }
            for member in object.members { take(member.name, member.value) }
        }
    }

    /// Where a flag's value stands, for errors and the start-up log.
    func source(_ flag: FlagName) -> String { "\(path): \(flag.key)" }

    private mutating func take(_ name: String, _ value: JSONValue) {
        guard let flag = FlagName.allCases.first(where: { $0.key == name }) else {
            let shown = name.escapedForMessage
            let nearest = nearestName(to: name, among: FlagName.allCases.map(\.key)) ?? ""
            errors.append(
                FlagError(
                    key: shown, source: "\(path): \(shown)",
                    expected: "no flag has this name; the nearest one is `\(nearest)`"))
            return
        }
        switch (flag.kind, value) {
        case (.integer, .integer(let number)): values[flag] = String(number)
        case (.boolean, .bool(let isOn)): values[flag] = isOn ? "true" : "false"
        case (.text, .string(let text)), (.list, .string(let text)): values[flag] = text
        case (.list(let separator), .array(let items)):
            let texts = items.compactMap(\.string)
            if texts.count == items.count, !texts.contains(where: { $0.contains(separator) }) {
                values[flag] = texts.joined(separator: String(separator))
            } else {
                wrongType(flag, "a list of strings without `\(separator)` in them")
            }
        case (.integer, _): wrongType(flag, "an integer")
        case (.boolean, _): wrongType(flag, "`true` or `false`")
        case (.text, _): wrongType(flag, "a string")
        case (.list, _): wrongType(flag, "a list of strings, or one string")
        }
    }

    /// The value is not shown: it may be a secret, and its type is what is wrong.
    private mutating func wrongType(_ flag: FlagName, _ expected: String) {
        errors.append(FlagError(key: flag.rawValue, source: source(flag), expected: "\(expected) is expected"))
    }

    private mutating func fail(_ key: String, _ expected: String) {
        errors.append(FlagError(key: key, source: path, expected: expected))
    }

    private static func mark(_ bytes: [UInt8], _ offset: Int) -> Mark {
        let before = bytes.prefix(offset)
        let line = before.count { $0 == UInt8(ascii: "\n") } + 1
        let start = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        return Mark(line: line, column: before[start...].count { $0 & 0xC0 != 0x80 } + 1)
    }
}

/// Where files are by default (XDG Base Directory Specification).
enum Directories {
    /// The variable's value when it is absolute, as the specification demands; otherwise the default.
    static func xdg(_ value: String?, else fallback: String) -> String {
        if let value, value.hasPrefix("/") { value } else { fallback }
    }

    static func data(environment: [String: String], home: String) -> String {
        xdg(environment["XDG_DATA_HOME"], else: home + "/.local/share") + "/muster"
    }
}
