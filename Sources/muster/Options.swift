import ArgumentParser
import FleetModel
import Foundation
import MusterCLI

/// How the answer is printed; every command has it.
struct OutputOptions: ParsableArguments {
    @Flag(name: .long, help: "Print JSON.")
    var json = false

    /// Prints `answer` as JSON, or the lines that `view` makes of it.
    func show(_ answer: JSONValue, isWide: Bool = false, _ view: (JSONValue, ViewContext) -> [String]) {
        if json { print(answer.text) } else { show(view(answer, Console.context(isWide: isWide))) }
    }

    func show(_ lines: [String]) {
        for line in lines { print(line) }
    }
}

/// Where the daemon is; every command that talks to it has it.
struct ConnectionOptions: ParsableArguments {
    @Option(name: .long, help: "The daemon's address. (default: MUSTER_URL, else http://127.0.0.1:9000)")
    var url: String?

    func client() throws(CommandError) -> APIClient {
        try APIClient(url: url, environment: ProcessInfo.processInfo.environment)
    }
}

/// Which rows of a list.
struct ListOptions: ParsableArguments {
    @Option(name: .long, help: "Only of this kind.")
    var kind: String?

    @Option(name: .long, help: "Only on this target.")
    var target: String?

    @Option(name: .long, help: "Only since this time (RFC 3339) or so long ago (30m, 2h, 1d).")
    var since: String?

    @Option(name: .long, help: "At most so many, the newest first.")
    var limit = 50

    @Flag(name: .long, help: "Cut nothing; print ids in full.")
    var wide = false

    func validate() throws {
        guard (1...100_000).contains(limit) else { throw ValidationError("`--limit`: expected 1 to 100000") }
        if let since, ListOptions.start(since) == nil {
            throw ValidationError("`--since \(since)`: expected an RFC 3339 time or a duration such as `2h`")
        }
    }

    var query: [(String, String)] {
        let start = since.flatMap(ListOptions.start)?.rfc3339
        return [("kind", kind), ("target", target), ("since", start)].compactMap { name, value in
            value.map { (name, $0) }
        }
    }

    private static func start(_ text: String) -> WallTime? {
        WallTime(rfc3339: text) ?? TimeText.duration(text).map { Console.now.adding(seconds: -$0) }
    }
}

/// The terminal and the clock, as commands use them.
enum Console {
    static var now: WallTime { WallTime(milliseconds: Int64(Date().timeIntervalSince1970 * 1000)) }

    static func context(isWide: Bool = false) -> ViewContext {
        ViewContext(
            terminal: Terminal.current(environment: ProcessInfo.processInfo.environment), now: now, isWide: isWide)
    }

    /// To standard error, so that what is piped on stays clean.
    static func warn(_ text: String) {
        FileHandle.standardError.write(Data((text + "\n").utf8))
    }

    /// Asks on the terminal; without one the answer must be given as `--yes`.
    static func confirm(_ question: String) throws -> Bool {
        guard isatty(STDIN_FILENO) == 1 else {
            throw ValidationError("there is no terminal to ask on; add `--yes` to say that it is meant")
        }
        FileHandle.standardError.write(Data("\(question) [y/N] ".utf8))
        return ["y", "yes"].contains((readLine() ?? "").lowercased())
    }
}
