/// One line of the record that the fake docker keeps: a command that changes something has begun or ended.
struct Testimony: Sendable, CustomStringConvertible {
    enum Phase: Sendable, Equatable {
        case begin
        case end(status: Int)
    }

    /// Nanoseconds since 1970.
    var at: Int
    var process: Int
    var phase: Phase
    var instance: String
    /// Empty where the command named none.
    var action: String
    var epoch: Int
    /// Without the leading `docker`.
    var command: String

    var seconds: Double { Double(at) / 1e9 }
    var verb: Substring { command.prefix { $0 != " " } }
    var description: String { "\(at) \(phase) \(instance) epoch \(epoch) \(action) `\(command)`" }

    init(line: Substring) throws {
        let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
        guard fields.count == 7, let at = Int(fields[0]), let process = Int(fields[1]) else {
            throw HarnessError("the record has a line that is none: `\(line)`")
        }
        self.at = at
        self.process = process
        phase = fields[2] == "begin" ? .begin : .end(status: Int(fields[2].dropFirst(4)) ?? -1)
        instance = fields[3]
        action = fields[4] == "-" ? "" : fields[4]
        epoch = Int(fields[5]) ?? 0
        command = fields[6]
    }
}

/// All that was really done to a fleet, in the order in which it was written down.
struct Witness: Sendable {
    let lines: [Testimony]

    init(lines: [Testimony]) { self.lines = lines }

    init(record: String) throws {
        // The last line may be one that is being written.
        let whole = record.lastIndex(of: "\n").map { record[...$0] } ?? ""
        lines = try whole.split(separator: "\n").map(Testimony.init(line:))
    }

    var begun: [Testimony] { lines.filter { $0.phase == .begin } }

    func begun(by action: String) -> [Testimony] { begun.filter { $0.action == action } }

    /// Commands that an action began again although they had had their effect, or may have had it: the runs before
    /// ended with 0 or by a signal, or never said how they ended. A `start` that docker had refused may be tried once more after
    /// looking. Renames are left out: the undoing of a rollback gives a container a name that the rollback itself
    /// gave it before.
    var doubles: [String] {
        var runs: [String: [Int: Bool]] = [:]
        for line in lines where line.verb != "rename" {
            switch line.phase {
            case .begin: runs["\(line.action) \(line.command)", default: [:]][line.process] = true
            case .end(let status) where (1...125).contains(status):
                runs["\(line.action) \(line.command)", default: [:]][line.process] = false
            case .end: break
            }
        }
        return runs.filter { $0.value.values.filter { $0 }.count > 1 }.keys.sorted()
    }

    /// Commands begun under an epoch older than one that had begun some before.
    var outdated: [Testimony] {
        var newest = 0
        return begun.filter { line in
            defer { newest = max(newest, line.epoch) }
            return line.epoch < newest
        }
    }

    /// Commands that no action and no epoch stands behind.
    var unfounded: [Testimony] { lines.filter { $0.action.isEmpty || $0.epoch <= 0 } }
}
