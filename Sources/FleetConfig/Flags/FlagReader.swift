import Configuration

/// Reads flags one by one: environment > `config.json` > default. Gathers every error, and which source set what.
struct FlagReader {
    private let reader: ConfigReader
    private let environment: [String: String]
    private let file: ConfigFile
    private(set) var errors: [FlagError]
    private(set) var nonDefaults: [Flags.NonDefault] = []

    /// An empty environment variable is one that is not set.
    init(environment: [String: String], file: ConfigFile) {
        let set = environment.filter { !$0.value.isEmpty }
        let secrets = Set(FlagName.allCases.filter(\.isSecret).map(\.rawValue))
        let values = file.values.map { flag, text in
            (AbsoluteConfigKey([flag.key]), ConfigValue(.string(text), isSecret: flag.isSecret))
        }
        reader = ConfigReader(providers: [
            EnvironmentVariablesProvider(environmentVariables: set, secretsSpecifier: .specific(secrets)),
            InMemoryProvider(name: file.path, values: Dictionary(uniqueKeysWithValues: values)),
        ])
        self.environment = set
        self.file = file
        errors = file.errors
    }

    func isSet(_ flag: FlagName) -> Bool { text(flag) != nil }

    /// Where the value in force stands.
    func source(_ flag: FlagName) -> String {
        if environment[flag.rawValue] != nil { return "environment variable \(flag.rawValue)" }
        return file.values[flag] == nil ? "default" : file.source(flag)
    }

    mutating func refuse(_ flag: FlagName, _ expected: String) {
        errors.append(FlagError(key: flag.rawValue, source: source(flag), expected: expected))
    }

    // MARK: - Values

    /// Any text, checked by `isValid`; `expected` says what it has to be.
    mutating func string(
        _ flag: FlagName, expected: String = "a text", where isValid: (String) -> Bool = { _ in true }
    ) -> String? {
        guard let text = text(flag) else { return nil }
        guard isValid(text), !text.utf8.contains(0) else {
            refuse(flag, "\(expected) is expected\(butWas(flag, text))")
            return nil
        }
        record(flag, text)
        return text
    }

    mutating func secret(
        _ flag: FlagName, expected: String = "a text", where isValid: (String) -> Bool = { _ in true }
    ) -> Secret? {
        string(flag, expected: expected, where: isValid).map(Secret.init)
    }

    mutating func integer(_ flag: FlagName, default preset: Int, in range: ClosedRange<Int>) -> Int {
        guard let text = text(flag) else { return preset }
        guard let value = Int(text), range.contains(value) else {
            refuse(flag, "an integer \(range.lowerBound) to \(range.upperBound) is expected\(butWas(flag, text))")
            return preset
        }
        if value != preset { record(flag, String(value)) }
        return value
    }

    mutating func bool(_ flag: FlagName, default preset: Bool) -> Bool {
        guard let text = text(flag) else { return preset }
        let value: Bool
        switch text.lowercased() {
        case "true", "1": value = true
        case "false", "0": value = false
        default:
            refuse(flag, "`true` or `false` is expected\(butWas(flag, text))")
            return preset
        }
        if value != preset { record(flag, String(value)) }
        return value
    }

    /// One of the raw values of `Word`; nil when it is not set.
    mutating func word<Word: CaseIterable & RawRepresentable<String> & Equatable>(
        _ flag: FlagName, default preset: Word?
    ) -> Word? {
        guard let text = text(flag) else { return preset }
        guard let value = Word(rawValue: text) else {
            let known = Word.allCases.map { "`\($0.rawValue)`" }.joined(separator: ", ")
            refuse(flag, "one of \(known) is expected\(butWas(flag, text))")
            return preset
        }
        if value != preset { record(flag, text) }
        return value
    }

    /// The items of a list, without surrounding blanks; empty ones are left out.
    mutating func list(_ flag: FlagName, default preset: [String] = []) -> [String] {
        guard case .list(let separator) = flag.kind, let text = text(flag) else { return preset }
        let items = text.split(separator: separator).map { item in
            String(item.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
        }
        if items != preset { record(flag, text) }
        return items.filter { !$0.isEmpty }
    }

    private func text(_ flag: FlagName) -> String? {
        reader.string(forKey: ConfigKey([flag.key]), isSecret: flag.isSecret)
    }

    private func butWas(_ flag: FlagName, _ text: String) -> String {
        flag.isSecret ? "" : ", not `\(text.escapedForMessage)`"
    }

    private mutating func record(_ flag: FlagName, _ value: String) {
        let shown = flag.isSecret ? Secret.placeholder : value.escapedForMessage
        nonDefaults.append(Flags.NonDefault(name: flag.rawValue, shown: shown, source: source(flag)))
    }
}
