import FleetModel

/// Decoders of `hosts:` and of a service's `host:`.
extension YAMLReader {
    /// `{NAME: {docker: URL, tls: …, address: …}}`. An entry that is wrong is kept by its name alone.
    func hosts() throws(YAMLStop) -> [String: RegistryDocument.Host] {
        var hosts: [String: RegistryDocument.Host] = [:]
        if try takeNull() { return hosts }
        guard isMapping else {
            try wrongType("hosts", "a mapping")
            return hosts
        }
        try advance()
        while !isMappingEnd {
            let start = mark
            guard let name = try serviceName("the name of a host") else {
                try skip()
                continue
            }
            let endpoint = try host(name)
            if let first = hosts[name] {
                problems.error("host `\(name)` stands here again; it is first at line \(first.mark.line)", at: start)
            } else {
                hosts[name] = RegistryDocument.Host(endpoint: endpoint, mark: start)
            }
        }
        try advance()
        return hosts
    }

    /// A service's `host`; null is the default endpoint.
    func hostName() throws(YAMLStop) -> RegistryDocument.HostName? {
        let start = mark
        if try takeNull() { return nil }
        return try serviceName("host").map { RegistryDocument.HostName(name: $0, mark: start) }
    }

    private func host(_ name: String) throws(YAMLStop) -> DockerEndpoint? {
        let start = mark
        var url: DockerURL?
        var hasURL = false
        var tls: DockerTLS?
        var tlsMark: Mark?
        var address: String?
        let errors = problems.count
        let isMapping = try mapping("a host", in: "a host", HostField.table) { field, _ throws(YAMLStop) in
            switch field {
            case .docker:
                hasURL = true
                url = try dockerURL()
            case .tls:
                tlsMark = mark
                tls = try self.tls()
            case .address: address = try self.address()
            }
        }
        guard isMapping else { return nil }
        if !hasURL { problems.error("host `\(name)` needs `docker`, such as `ssh://user@host`", at: start) }
        guard let url else { return nil }
        if let tlsMark, url.scheme != .tcp {
            problems.error("`tls` is for `tcp://` alone, not for `\(url.scheme.rawValue)://`", at: tlsMark)
        }
        if url.scheme == .tcp, tlsMark == nil {
            problems.warn(
                "`tcp://` without `tls`: whoever reaches \(url) or stands in between rules host `\(name)`", at: start)
        }
        guard problems.count == errors else { return nil }
        return DockerEndpoint(name: name, url: url, tls: tls, address: address)
    }

    private func dockerURL() throws(YAMLStop) -> DockerURL? {
        let start = mark
        guard let text = try string("docker") else { return nil }
        do {
            return try DockerURL(text)
        } catch {
            // A text with a password in it is not repeated.
            let shown = text.contains("@") ? "" : " `\(text.escapedForMessage)`"
            problems.error("`docker`\(shown) \(error)", at: start)
            return nil
        }
    }

    /// `{dir: /folder}`, or `{ca: …, cert: …, key: …}`.
    private func tls() throws(YAMLStop) -> DockerTLS? {
        let start = mark
        var paths: [TLSField: String] = [:]
        var present: Set<TLSField> = []
        let isMapping = try mapping("tls", in: "`tls`", TLSField.table) { field, _ throws(YAMLStop) in
            present.insert(field)
            paths[field] = try absolutePath(field.rawValue)
        }
        guard isMapping else { return nil }
        guard present == [.dir] || present == [.ca, .cert, .key] else {
            problems.error("`tls` needs `dir`, or `ca`, `cert` and `key`", at: start)
            return nil
        }
        if let folder = paths[.dir] { return DockerTLS(folder: folder) }
        guard let authority = paths[.ca], let certificate = paths[.cert], let key = paths[.key] else { return nil }
        return DockerTLS(authority: authority, certificate: certificate, key: key)
    }

    private func absolutePath(_ what: String) throws(YAMLStop) -> String? {
        let start = mark
        guard let path = try string(what) else { return nil }
        let isPlain = path.utf8.count <= 4096 && path.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
        if path.hasPrefix("/"), isPlain { return path }
        problems.error("`\(what)` must be an absolute path, not `\(path.escapedForMessage)`", at: start)
        return nil
    }

    /// A name or an address, IPv6 without brackets.
    private func address() throws(YAMLStop) -> String? {
        let start = mark
        guard let text = try string("address") else { return nil }
        let isIPv6 = text.contains(":") && text.allSatisfy { $0.isHexDigit || $0 == ":" || $0 == "." }
        if isIPv6 || Names.isTarget(text) { return text }
        problems.error("`address` must be a host\'s name or address, not `\(text.escapedForMessage)`", at: start)
        return nil
    }
}
