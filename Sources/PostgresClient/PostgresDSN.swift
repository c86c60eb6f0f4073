internal import CLibPQ
internal import Glibc

/// A connection string as libpq reads it: `postgresql://user:password@host:port,…/database?…` or `key=value …`.
package struct PostgresDSN: Sendable {
    /// The hosts and the database, for people: never a password.
    package let place: String
    /// What libpq is given, once per host: PQconnectPoll applies no time limit of its own, so a host that swallows
    /// packets would keep the later ones from being tried.
    let targets: [[String: String]]
    /// `connect_timeout`: how long each host is given, in seconds.
    let secondsPerHost: Int

    /// Refuses what libpq cannot read and what it would read otherwise than it was meant.
    package init(_ text: String) throws(PostgresError) {
        let options = try PostgresDSN.parse(text)
        try PostgresDSN.requireWholePassword(options)
        let given = options.filter { $0.value.value != nil }.mapValues { $0.value ?? "" }
        var settings = given
        for (keyword, value) in PostgresDSN.defaults where given[keyword] == nil {
            // What the environment says (PGCONNECT_TIMEOUT and the like) stays libpq's to read.
            if let variable = options[keyword]?.environment, getenv(variable) != nil { continue }
            settings[keyword] = value
        }
        secondsPerHost = max(1, given["connect_timeout"].flatMap { Int($0) } ?? 5)
        targets = try PostgresDSN.split(settings)
        let hosts = targets.map { target in
            let host = target["host"] ?? target["hostaddr"] ?? "the local socket"
            return target["port"].map { "\(host):\($0)" } ?? host
        }
        place = hosts.joined(separator: ",") + (given["dbname"].map { "/\($0)" } ?? "")
    }

    /// What holds where the string says nothing. A half-open link is found within about 10 s: an idle one by
    /// keepalives (5 s, then 3 probes 2 s apart), one with data under way by `tcp_user_timeout`, in milliseconds.
    private static let defaults = [
        "keepalives_idle": "5", "keepalives_interval": "2", "keepalives_count": "3", "tcp_user_timeout": "10000",
        // A store that cannot be written is none: a standby is passed over, not found out at the first write.
        "target_session_attrs": "read-write",
    ]

    private struct Option {
        var value: String?
        var environment: String?
    }

    private static func parse(_ text: String) throws(PostgresError) -> [String: Option] {
        var message: UnsafeMutablePointer<CChar>?
        guard let list = PQconninfoParse(text, &message) else {
            let problem = message.map { String(cString: $0) } ?? "out of memory"
            PQfreemem(message)
            throw PostgresError.badDSN(withoutQuotes(problem))
        }
        defer { PQconninfoFree(list) }
        var options: [String: Option] = [:]
        var next = list
        while let keyword = next.pointee.keyword {
            options[String(cString: keyword)] = Option(
                value: next.pointee.val.map { String(cString: $0) },
                environment: next.pointee.envvar.map { String(cString: $0) })
            next += 1
        }
        return options
    }

    /// A password with a bare `@` or `/` in a URI ends early, and the rest of it turns up in the host, the port or the
    /// database, which messages name. Refused without quoting any of it.
    private static func requireWholePassword(_ options: [String: Option]) throws(PostgresError) {
        let ports = (options["port"]?.value ?? "").split(separator: ",")
        let hasOddPlace = ["host", "dbname"].contains { options[$0]?.value?.contains("@") == true }
        guard !hasOddPlace, ports.allSatisfy({ UInt16($0) != nil }) else {
            throw PostgresError.badDSN(
                "its host, port or database makes no sense; `@`, `:`, `/` and `%` in a password must be "
                    + "percent-encoded (`%40`, `%3A`, `%2F`, `%25`)")
        }
    }

    /// libpq quotes what it stumbled over, which may be a part of the password.
    private static func withoutQuotes(_ message: String) -> String {
        message.split(separator: "\"", omittingEmptySubsequences: false).enumerated()
            .map { $0.offset.isMultiple(of: 2) ? String($0.element) : "\"…\"" }.joined()
            .onOneLine
    }

    private static func split(_ settings: [String: String]) throws(PostgresError) -> [[String: String]] {
        func parts(_ keyword: String) -> [String] {
            (settings[keyword] ?? "").split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        }
        let lists = ["host": parts("host"), "hostaddr": parts("hostaddr"), "port": parts("port")]
        let count = max(1, settings["hostaddr"] == nil ? parts("host").count : parts("hostaddr").count)
        return try (0..<count).map { (index) throws(PostgresError) in
            var target = settings
            for (keyword, parts) in lists where settings[keyword] != nil {
                guard parts.count == 1 || parts.count == count else {
                    throw PostgresError.badDSN("it has \(parts.count) of `\(keyword)` for \(count) hosts")
                }
                let part = parts.count == 1 ? parts[0] : parts[index]
                target[keyword] = part.isEmpty ? nil : part
            }
            return target
        }
    }
}

extension String {
    /// Line breaks and other control characters made spaces, runs of them one, and no longer than a log line may be.
    var onOneLine: String {
        let words = unicodeScalars.split { $0.value <= 0x20 || $0.value == 0x7F }.map(String.init)
        return String(words.joined(separator: " ").prefix(600))
    }
}
