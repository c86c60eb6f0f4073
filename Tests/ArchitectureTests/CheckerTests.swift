import Testing

/// A check that cannot fail is a defect: each is shown a sample that it must refuse and one that it must not.
@Suite("the checks of the house can fail")
struct CheckerTests {
    struct Sample: Sendable, CustomTestStringConvertible {
        var note: String
        var room: String
        var text: String
        /// The line of the one finding; nil when there must be none.
        var line: Int?
        var testDescription: String { note }
        var file: SourceTree.File { SourceTree.File(path: "Sources/\(room)/Sample.swift", text: text) }
    }

    static let arrows: [Sample] = [
        Sample(
            note: "the core imports the shell", room: "Reconciler", text: "import FleetModel\nimport Store\n", line: 2),
        Sample(note: "one pure room imports another", room: "ActionPolicy", text: "import Reconciler\n", line: 1),
        Sample(note: "with an access level", room: "Store", text: "package import Observation\n", line: 1),
        Sample(note: "with an attribute", room: "Store", text: "@testable import ControlPlane\n", line: 1),
        Sample(note: "one declaration of a module", room: "DockerCLI", text: "import struct Store.Page\n", line: 1),
        Sample(note: "a pure room imports a library", room: "Reconciler", text: "import Foundation\n", line: 1),
        Sample(note: "a library outside its room", room: "ControlPlane", text: "import GRDB\n", line: 1),
        Sample(note: "a room nobody knows", room: "Attic", text: "", line: 1),
        Sample(note: "an arrow that may be", room: "ControlAPI", text: "import ControlPlane\nimport NIOCore\n"),
        Sample(note: "an import in a comment", room: "Store", text: "// import ControlPlane\n"),
        Sample(
            note: "an import in a string", room: "Store", text: "let x = \"\"\"\n    import ControlPlane\n    \"\"\"\n"),
    ]

    static let purity: [Sample] = [
        Sample(note: "the clock", room: "Reconciler", text: "\nlet now = Date()\n", line: 2),
        Sample(note: "a monotonic clock", room: "Reconciler", text: "let c = ContinuousClock()\n", line: 1),
        Sample(note: "chance", room: "FleetModel", text: "let x = Int.random(in: 0...9)\n", line: 1),
        Sample(note: "chance from a given generator", room: "FleetModel", text: "Int.random(in: 0...9, using: &g)\n"),
        Sample(note: "an identifier", room: "FleetModel", text: "let id = UUID()\n", line: 1),
        Sample(note: "waiting", room: "ActionPolicy", text: "func f() async {}\n", line: 1),
        Sample(note: "throwing", room: "ActionPolicy", text: "func f() throws(E) {}\n", line: 1),
        Sample(
            note: "code inside an interpolation is a literal's", room: "FleetModel",
            text: "\"a \\(f(\"b\")) Date() c\"\n"),
        Sample(note: "the clock outside the core", room: "ControlPlane", text: "let now = Date()\n"),
        Sample(note: "the word in prose", room: "Reconciler", text: "/// Nothing throws, nothing is async.\n"),
    ]

    static let access: [Sample] = [
        Sample(note: "a public declaration", room: "Store", text: "\n\npublic struct A {}\n", line: 3),
        Sample(note: "an open class", room: "Store", text: "open class A {}\n", line: 1),
        Sample(
            note: "the word in prose", room: "Store",
            text: "// made public by the operator\nlet openAccess = open || false\n"),
    ]

    static let proofs: [Sample] = [
        Sample(note: "no argument", room: "Store", text: "final class A: @unchecked Sendable {}\n", line: 1),
        Sample(note: "an argument", room: "Store", text: "// Only `lock` reads it.\nnonisolated(unsafe) var a = 1\n"),
    ]

    static let unfinished: [Sample] = [
        Sample(note: "a note to self", room: "Store", text: "let a = 1\n// TO" + "DO: more\n", line: 2),
        Sample(note: "a service of that name", room: "Store", text: "let todo = 1\n"),
    ]

    @Test("arrows", arguments: arrows)
    func arrowsCheck(sample: Sample) { expect(Arrows.check(sample.file), sample) }

    @Test("purity", arguments: purity)
    func purityCheck(sample: Sample) { expect(Array(Rules.purity(sample.file).prefix(1)), sample) }

    @Test("access", arguments: access)
    func accessCheck(sample: Sample) { expect(Rules.access(sample.file), sample) }

    @Test("proofs", arguments: proofs)
    func proofsCheck(sample: Sample) { expect(Rules.proofs(sample.file), sample) }

    @Test("unfinished work", arguments: unfinished)
    func unfinishedCheck(sample: Sample) { expect(Rules.unfinished(sample.file), sample) }

    @Test("a file is measured to the line")
    func fileLength() {
        let file = SourceTree.File(path: "Sources/Store/Long.swift", text: String(repeating: "x\n", count: 600))
        #expect(Rules.fileLength(file).isEmpty)
        #expect(Rules.fileLength(file, limit: 599).map(\.line) == [600])
    }

    @Test("a function is measured from `func` to its closing brace, a requirement not at all")
    func functionLength() {
        let body = String(repeating: "    if a { b() }\n", count: 3)
        let text =
            "protocol P {\n    func g()\n}\nstruct A {\n    func f(x: () -> Void = { }) {\n\(body)    }\n    init() {\n    }\n}\n"
        let file = SourceTree.File(path: "Sources/Store/A.swift", text: text)
        #expect(Rules.functionLength(file, limit: 6).isEmpty)
        #expect(Rules.functionLength(file, limit: 5).map(\.line) == [5])
    }

    private func expect(_ findings: [Finding], _ sample: Sample) {
        #expect(findings.map(\.line) == (sample.line.map { [$0] } ?? []), "\(findings)")
    }
}
