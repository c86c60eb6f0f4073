import FleetModel

/// Decoders of a service's fields. Like the general ones they consume one node and return nil after an error.
extension YAMLReader {
    /// `version: 1` of every file Muster reads; a later format is refused and not guessed at.
    func formatVersion() throws(YAMLStop) {
        let start = mark
        guard let version = try integer("version", in: 0...Int.max), version != 1 else { return }
        problems.error("`version` must be 1, not `\(version)`; this muster knows no other format", at: start)
    }

    func serviceName(_ what: String) throws(YAMLStop) -> String? {
        let start = mark
        guard let name = try string(what) else { return nil }
        if Names.isServiceName(name) { return name }
        problems.error(
            "`\(what)` must be 1 to 63 of `a-z`, `0-9`, `.`, `_`, `-` and begin with a letter or digit, "
                + "not `\(name.escapedForMessage)`", at: start)
        return nil
    }

    /// A domain or profile: it is written in scopes (`domain:media`) and flags, so it has the form of a name.
    func groupName(_ what: String) throws(YAMLStop) -> String? {
        let start = mark
        guard let name = try string(what) else { return nil }
        if Names.isTarget(name) { return name }
        problems.error(
            "`\(what)` takes letters, digits, `.`, `_` and `-`, beginning with a letter or digit, "
                + "not `\(name.escapedForMessage)`", at: start)
        return nil
    }

    /// Free text on one line, at most 255 bytes.
    func label(_ what: String) throws(YAMLStop) -> String? {
        let start = mark
        guard let text = try string(what) else { return nil }
        if text.utf8.count <= 255, text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) { return text }
        problems.error("`\(what)` must be one line of at most 255 bytes", at: start)
        return nil
    }

    func image(_ what: String) throws(YAMLStop) -> String? {
        let start = mark
        guard let text = try string(what) else { return nil }
        if ImageReference(text) != nil { return text }
        problems.error(
            "`\(what)` must be an image such as `docker.io/example/name:tag`, not `\(text.escapedForMessage)`",
            at: start)
        return nil
    }

    func tag(_ what: String) throws(YAMLStop) -> String? {
        let start = mark
        guard let text = try string(what) else { return nil }
        if ImageReference.isTag(text) { return text }
        problems.error("`\(what)` must be an image tag, not `\(text.escapedForMessage)`", at: start)
        return nil
    }

    /// A list in which nothing stands twice. Items that are wrong are left out.
    func uniqueStrings(
        _ what: String, _ item: (YAMLReader) throws(YAMLStop) -> String?
    ) throws(YAMLStop) -> [String] {
        var values: [String] = []
        var seen: Set<String> = []
        try sequence(what) { () throws(YAMLStop) in
            let start = mark
            guard let value = try item(self) else { return }
            // Lists are short; only a long one pays for the set.
            if values.count == 16 { seen = Set(values) }
            let isRepeated = values.count < 16 ? values.contains(value) : !seen.insert(value).inserted
            if isRepeated { problems.error("`\(value)` stands twice in `\(what)`", at: start) }
            values.append(value)
        }
        return values
    }

    /// `{http: /path | tcp: true, interval_s, timeout_s, failures, successes}`
    func probe() throws(YAMLStop) -> ProbeSpec? {
        let start = mark
        var checks: [ProbeSpec.Check] = []
        var hasCheckField = false
        var interval: Int?
        var timeout: Int?
        var probe = ProbeSpec(check: .tcp)
        let isMapping = try mapping("probe", in: "`probe`", ProbeField.table) { field, _ throws(YAMLStop) in
            switch field {
            case .http:
                hasCheckField = true
                if let path = try httpPath() { checks.append(.http(path: path)) }
            case .tcp:
                hasCheckField = true
                let place = mark
                switch try bool("tcp") {
                case true: checks.append(.tcp)
                case false: problems.error("`tcp` can only be `true`; leave it out for an http probe", at: place)
                default: break
                }
            case .intervalSeconds: interval = try integer("interval_s", in: 1...86_400)
            case .timeoutSeconds: timeout = try integer("timeout_s", in: 1...300)
            case .failures: probe.failures = try integer("failures", in: 1...100) ?? probe.failures
            case .successes: probe.successes = try integer("successes", in: 1...100) ?? probe.successes
            }
        }
        guard isMapping else { return nil }
        guard let check = checks.first, checks.count == 1 else {
            if checks.count > 1 || !hasCheckField {
                problems.error("`probe` needs one of `http: /path` and `tcp: true`", at: start)
            }
            return nil
        }
        probe.check = check
        probe.intervalSeconds = interval ?? probe.intervalSeconds
        probe.timeoutSeconds = timeout ?? min(probe.timeoutSeconds, probe.intervalSeconds)
        if probe.timeoutSeconds > probe.intervalSeconds {
            problems.error(
                "`timeout_s` (\(probe.timeoutSeconds)) must not exceed `interval_s` (\(probe.intervalSeconds))",
                at: start)
        }
        return probe
    }

    private func httpPath() throws(YAMLStop) -> String? {
        let start = mark
        guard let path = try string("http") else { return nil }
        if path.hasPrefix("/"), path.utf8.count <= 2048, path.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) {
            return path
        }
        problems.error(
            "`http` must be a path such as `/health`, without spaces, not `\(path.escapedForMessage)`", at: start)
        return nil
    }
}
