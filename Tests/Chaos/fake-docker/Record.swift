import Glibc

/// The witness: a file that only grows, one line for the begin and one for the end of each command that changes
/// something, each on disk before anything else is done. Fields are separated by tabs: nanoseconds since 1970,
/// process id, phase, instance, action, epoch, and the command line.
struct Record {
    private let descriptor: Int32
    private let rest: String

    init(home: String, environment: Variables, arguments: [String]) {
        descriptor = open("\(home)/record", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { Output.refuse("cannot open \(home)/record: errno \(errno)", status: 125) }
        let command = arguments.joined(separator: " ").split(whereSeparator: { "\t\n".contains($0) })
        rest =
            [environment["DOCKER_FAKE_INSTANCE"], environment["MUSTER_ACTION"], environment["MUSTER_EPOCH"]]
            .map { $0 ?? "-" }.joined(separator: "\t") + "\t" + command.joined(separator: " ")
    }

    func write(_ phase: String) {
        Files.write("\(Clock.nanoseconds())\t\(getpid())\t\(phase)\t\(rest)\n", to: descriptor)
        fsync(descriptor)
    }
}

/// What is to go wrong, read from the file `faults`: a line is `VERB fail OPERAND` or `VERB sleep MILLISECONDS`.
struct Faults {
    private let lines: [[Substring]]

    init(home: String) {
        lines = (Files.read("\(home)/faults") ?? "").split(separator: "\n").map { $0.split(separator: " ") }
    }

    func play(_ change: Words, refuse: (String) -> Void) {
        for line in lines where line.count == 3 && line[0] == change.verb.replacingSpaces {
            if line[1] == "sleep", let milliseconds = UInt32(line[2]) { usleep(milliseconds * 1000) }
            if line[1] == "fail", change.operands.contains(String(line[2])) {
                refuse("Error response from daemon: told to fail")
            }
        }
    }
}

extension String {
    fileprivate var replacingSpaces: String { String(map { $0 == " " ? "-" : $0 }) }
}
