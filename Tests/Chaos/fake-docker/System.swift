import Glibc

/// The process's environment.
struct Variables {
    private var values: [String: String] = [:]

    init() {
        var entry = environ
        while let text = entry.pointee {
            let pair = String(cString: text).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if pair.count == 2 { values[String(pair[0])] = String(pair[1]) }
            entry += 1
        }
    }

    subscript(name: String) -> String? { values[name] }
}

struct Answer {
    var status: Int32 = 0
    var output = ""
    var errors = ""

    static func failure(_ message: String) -> Answer { Answer(status: 1, errors: message + "\n") }
}

enum Output {
    static func end(_ answer: Answer) -> Never {
        Files.write(answer.output, to: STDOUT_FILENO)
        Files.write(answer.errors, to: STDERR_FILENO)
        exit(answer.status)
    }

    static func refuse(_ message: String, status: Int32) -> Never {
        Files.write(message + "\n", to: STDERR_FILENO)
        exit(status)
    }
}

enum Clock {
    static func nanoseconds() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }

    /// As docker writes times, to the millisecond.
    static func rfc3339() -> String {
        let now = nanoseconds()
        var seconds = time_t(now / 1_000_000_000)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        let fields = [parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec].map { padded($0, 2) }
        return "\(parts.tm_year + 1900)-\(fields[0])-\(fields[1])T\(fields[2]):\(fields[3]):\(fields[4])."
            + "\(padded(now / 1_000_000 % 1000, 3))Z"
    }

    private static func padded(_ number: some BinaryInteger, _ width: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(width - text.count, 0)) + text
    }
}

enum Files {
    static func write(_ text: String, to descriptor: Int32) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                return
            }
            bytes = bytes.dropFirst(count)
        }
    }

    static func read(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count <= 0 { break }
            bytes += buffer[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Whole or not at all, also for those that read without the lock.
    static func replace(_ path: String, with text: String) {
        let passing = "\(path).\(getpid())"
        let descriptor = open(passing, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { Output.refuse("cannot write \(passing): errno \(errno)", status: 125) }
        write(text, to: descriptor)
        close(descriptor)
        rename(passing, path)
    }

    /// The names in a folder, sorted, without those that begin with a dot or are being written.
    static func names(in folder: String) -> [String] {
        guard let stream = opendir(folder) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if !name.contains(".") { names.append(name) }
        }
        return names.sorted()
    }
}

/// JSON as far as it is printed here.
enum JSON {
    static func text(_ text: String?) -> String {
        guard let text else { return "null" }
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    static func array(_ items: [String]) -> String { "[" + items.joined(separator: ",") + "]" }

    static func object(_ members: [(String, String)]) -> String {
        "{" + members.map { "\(text($0.0)):\($0.1)" }.joined(separator: ",") + "}"
    }

    static func object(_ members: [String: String]) -> String {
        object(members.sorted { $0.key < $1.key }.map { ($0.key, text($0.value)) })
    }
}
