/// Rules about the text of a file; each answers where it is broken.
enum Rules {
    /// The rooms in which nothing throws, waits, reads a clock or draws a random number.
    static let pureRooms: Set = ["FleetModel", "ActionPolicy", "Reconciler"]

    /// What a pure room may not say, and why.
    private static var impurities: [(pattern: Regex<Substring>, why: String)] {
        [
            (/\bDate\(\)|\bDate\.now\b|\bWallTime\.now\b/, "reads the clock; take `now` as an argument"),
            (/\b(?:ContinuousClock|SuspendingClock)\b/, "has a clock"),
            (/\bSystemRandomNumberGenerator\b|\bUUID\(\)/, "makes a random value; take it as an argument"),
            (/\.random\(in:(?!.*using:)|\.shuffled\(\)|\.randomElement\(\)/, "draws without a given generator"),
            (/\b(?:async|await|Task)\b/, "waits"),
            (/\bthrows\b(?!\()/, "throws without saying what"),
            (/\b(?:print|fputs|NSLog)\(/, "writes"),
            (/\b(?:FileManager|ProcessInfo|FileHandle|URLSession)\b/, "reaches outside"),
        ]
    }

    /// Where a pure room may throw: reading text into values, with a typed error.
    private static var mayThrow: Regex<Substring> { /\/(?:JSON\w*|DockerURL)\.swift$/ }

    static func purity(_ file: SourceTree.File) -> [Finding] {
        guard pureRooms.contains(file.room) else { return [] }
        var rules = impurities
        if !file.path.contains(mayThrow) {
            rules.append((/\bthrows\b/, "throws; a pure function answers with a value"))
        }
        return lines(of: file.code).flatMap { number, line in
            rules.filter { line.contains($0.pattern) }
                .map { Finding(path: file.path, line: number, message: "a pure room \($0.why)") }
        }
    }

    /// `package` crosses targets; nothing is for other packages.
    static func access(_ file: SourceTree.File) -> [Finding] {
        lines(of: file.code).filter { $0.line.contains(/\bpublic\s|\bopen\s+(?:override\s+)?(?:class|func|var)\b/) }
            .map { Finding(path: file.path, line: $0.number, message: "`public` stands nowhere in this package") }
    }

    static func unfinished(_ file: SourceTree.File) -> [Finding] {
        lines(of: file.text[...]).filter { $0.line.contains(/\b(TO[D]O|FIX[M]E|X[X]X)\b/) }
            .map { Finding(path: file.path, line: $0.number, message: "unfinished work is an issue, not a comment") }
    }

    static func fileLength(_ file: SourceTree.File, limit: Int = 600) -> [Finding] {
        let count = lines(of: file.text[...]).count
        guard count > limit else { return [] }
        return [Finding(path: file.path, line: limit + 1, message: "\(count) lines, at most \(limit)")]
    }

    /// What the compiler is told to take on trust has a comment above it that proves it.
    static func proofs(_ file: SourceTree.File) -> [Finding] {
        let code = lines(of: file.code)
        let text = lines(of: file.text[...])
        return code.filter { $0.line.contains(/@unchecked\s+Sendable|nonisolated\(unsafe\)/) }.compactMap { number, _ in
            let above = text[max(0, number - 7)..<number]
            guard !above.contains(where: { $0.line.contains("//") }) else { return nil }
            return Finding(path: file.path, line: number, message: "no comment says why this is safe")
        }
    }

    /// Functions and initialisers are under `limit` lines, from the line of `func` to the closing brace.
    static func functionLength(_ file: SourceTree.File, limit: Int = 70) -> [Finding] {
        let code = Array(file.code.utf8)
        return functionBodies(in: code).compactMap { start, end in
            let first = code[..<start].count { $0 == UInt8(ascii: "\n") } + 1
            let length = code[start..<end].count { $0 == UInt8(ascii: "\n") } + 1
            guard length >= limit else { return nil }
            return Finding(
                path: file.path, line: first, message: "a function of \(length) lines, under \(limit) wanted")
        }
    }

    /// From each `func` or `init` that has a body to the end of that body.
    private static func functionBodies(in code: [UInt8]) -> [(start: Int, end: Int)] {
        var found: [(start: Int, end: Int)] = []
        for start in code.indices where startsFunction(code, at: start) {
            var parentheses = 0
            var braces = 0
            for index in start..<code.count {
                switch code[index] {
                case UInt8(ascii: "("): parentheses += 1
                case UInt8(ascii: ")"): parentheses -= 1
                case UInt8(ascii: "{") where parentheses == 0: braces += 1
                case UInt8(ascii: "}") where parentheses == 0:
                    braces -= 1
                    if braces == 0 { found.append((start, index)) }
                default: continue
                }
                // A `}` before any `{` closes a protocol: its requirement has no body.
                if braces <= 0, code[index] == UInt8(ascii: "}"), parentheses == 0 { break }
                if braces == 0, parentheses < 0 { break }
            }
        }
        return found
    }

    private static func startsFunction(_ code: [UInt8], at index: Int) -> Bool {
        func isWord(_ byte: UInt8) -> Bool {
            (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20) || byte == UInt8(ascii: "_")
        }
        if index > 0, isWord(code[index - 1]) || code[index - 1] == UInt8(ascii: ".") { return false }
        if code[index...].starts(with: "func ".utf8) { return true }
        guard code[index...].starts(with: "init".utf8), index + 4 < code.count else { return false }
        return [UInt8(ascii: "("), UInt8(ascii: "?"), UInt8(ascii: "<")].contains(code[index + 4])
    }

    private static func lines(of text: some StringProtocol) -> [(number: Int, line: Substring)] {
        var lines = Substring(text).split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        if lines.last?.isEmpty == true { lines.removeLast() }
        return lines.enumerated().map { ($0.offset + 1, $0.element) }
    }
}
