import Testing

/// The judge is judged: what it must find it finds, in records that are made up.
@Suite("the witness finds what must not be, and nothing else")
struct WitnessTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var note: String
        /// Phase, action, epoch and command of each line, `-` for none.
        var lines: [String]
        var doubles = 0
        var outdated = 0
        var unfounded = 0
        var testDescription: String { note }
    }

    static let cases: [Case] = [
        Case(note: "nothing was done", lines: []),
        Case(note: "once", lines: ["begin a 1 restart -- x", "end:0 a 1 restart -- x"]),
        Case(
            note: "the same command by two actions",
            lines: ["begin a 1 restart -- x", "end:0 a 1 restart -- x", "begin b 1 restart -- x"]),
        Case(
            note: "again although it had its effect",
            lines: ["begin a 1 restart -- x", "end:0 a 1 restart -- x", "begin a 2 restart -- x"], doubles: 1),
        Case(
            note: "again although nobody knows how it ended",
            lines: ["begin a 1 restart -- x", "begin a 2 restart -- x"], doubles: 1),
        Case(
            note: "again after the command line was killed, the daemon may have done it",
            lines: ["begin a 1 start -- x", "end:137 a 1 start -- x", "begin a 2 start -- x"], doubles: 1),
        Case(
            note: "again after docker refused it",
            lines: ["begin a 1 start -- x", "end:1 a 1 start -- x", "begin a 2 start -- x", "end:0 a 2 start -- x"]),
        Case(
            note: "a third time after one that worked",
            lines: [
                "begin a 1 start -- x", "end:1 a 1 start -- x", "begin a 2 start -- x", "end:0 a 2 start -- x",
                "begin a 3 start -- x",
            ], doubles: 1),
        Case(note: "an older epoch late", lines: ["begin a 2 stop -- x", "begin b 1 stop -- y"], outdated: 1),
        Case(
            note: "the end of one may be late",
            lines: ["begin a 1 stop -- x", "begin b 2 stop -- y", "end:0 a 1 stop -- x"]),
        Case(note: "nobody stands behind it", lines: ["begin - - restart -- x"], unfounded: 1),
    ]

    @Test("every case", arguments: cases)
    func judges(wanted: Case) throws {
        let record = wanted.lines.enumerated().map { index, line in
            let fields = line.split(separator: " ", maxSplits: 3)
            let phase = fields[0].replacing(":", with: " ")
            // A process a command: its end is the one that follows its begin.
            let process = wanted.lines[...index].filter { $0.hasPrefix("begin") && $0.hasSuffix(fields[3]) }.count
            return "\(index)\t\(process)\t\(phase)\ti\t\(fields[1])\t\(fields[2])\t\(fields[3])\n"
        }.joined()
        let witness = try Witness(record: record)
        #expect(witness.lines.count == wanted.lines.count)
        #expect(witness.doubles.count == wanted.doubles)
        #expect(witness.outdated.count == wanted.outdated)
        #expect(witness.unfounded.count == wanted.unfounded)
    }

    @Test("a line that is none is an error, one that is being written is left out")
    func lines() throws {
        #expect(throws: HarnessError.self) { try Witness(record: "nonsense\n") }
        #expect(try Witness(record: "1\t2\tbegin\ti\ta\t1\trestart x\n1\t2\tend").lines.count == 1)
    }
}
