import Glibc

/// Something that runs: a container or a Swarm service, as lines of `name=value` in a file named by its id.
struct Thing {
    enum Kind: String {
        case container = "c"
        case service = "s"
    }

    var id: String
    var kind: Kind
    private(set) var fields: [String: String]

    init(id: String, kind: Kind, fields: [String: String] = [:]) {
        self.id = id
        self.kind = kind
        self.fields = fields
    }

    init?(id: String, kind: Kind, text: String) {
        var fields: [String: String] = [:]
        for line in text.split(separator: "\n") {
            let pair = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard pair.count == 2 else { return nil }
            fields[String(pair[0])] = String(pair[1])
        }
        self.init(id: id, kind: kind, fields: fields)
    }

    var text: String { fields.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)\n" }.joined() }

    subscript(name: String) -> String {
        get { fields[name] ?? "" }
        set { fields[name] = newValue }
    }

    var name: String { self["name"] }
    var labels: [String: String] {
        var labels: [String: String] = [:]
        for (field, value) in fields where field.hasPrefix("label.") { labels[String(field.dropFirst(6))] = value }
        return labels
    }

    mutating func start() {
        self["status"] = "running"
        self["exit"] = "0"
        self["started"] = Clock.rfc3339()
    }

    mutating func stop(code: Int) {
        self["status"] = "exited"
        self["exit"] = String(code)
    }

    /// A Swarm service's specification was changed.
    mutating func update() {
        self["version"] = String((Int(self["version"]) ?? 1) + 1)
        self["updated"] = Clock.rfc3339()
    }
}

/// All that runs. Every reading and every change holds the lock, as dockerd would.
struct Fleet {
    let home: String

    init(home: String) {
        self.home = home
        for folder in ["c", "s"] { mkdir("\(home)/\(folder)", 0o700) }
    }

    func locked(exclusively: Bool, _ body: () -> Answer) -> Answer {
        let descriptor = open("\(home)/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return .failure("cannot open \(home)/lock: errno \(errno)") }
        defer { close(descriptor) }
        while flock(descriptor, exclusively ? LOCK_EX : LOCK_SH) != 0 {
            guard errno == EINTR else { return .failure("cannot lock \(home)/lock: errno \(errno)") }
        }
        return body()
    }

    func all(_ kind: Thing.Kind) -> [Thing] {
        Files.names(in: "\(home)/\(kind.rawValue)").compactMap { id in
            Files.read(path(kind, id)).flatMap { Thing(id: id, kind: kind, text: $0) }
        }
    }

    /// By its id, the beginning of its id, or its name.
    func find(_ kind: Thing.Kind, _ reference: String) -> Thing? {
        if let text = Files.read(path(kind, reference)) { return Thing(id: reference, kind: kind, text: text) }
        let all = all(kind)
        return all.first { $0.name == reference }
            ?? all.first { reference.utf8.count >= 12 && $0.id.hasPrefix(reference) }
    }

    func keep(_ thing: Thing) { Files.replace(path(thing.kind, thing.id), with: thing.text) }

    func remove(_ thing: Thing) { unlink(path(thing.kind, thing.id)) }

    func makeID(_ kind: Thing.Kind) -> String {
        let digits = Array(kind == .container ? "0123456789abcdef" : "0123456789abcdefghijklmnopqrstuvwxyz")
        return String((0..<(kind == .container ? 64 : 25)).map { _ in digits.randomElement() ?? "0" })
    }

    private func path(_ kind: Thing.Kind, _ id: String) -> String { "\(home)/\(kind.rawValue)/\(id)" }
}
