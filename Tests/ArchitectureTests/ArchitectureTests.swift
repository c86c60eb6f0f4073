import Foundation
import Testing

@Suite("the house keeps its rules")
struct ArchitectureTests {
    /// The checks of `Sources`, by the promise they keep.
    static let checks: [(promise: String, check: @Sendable (SourceTree.File) -> [Finding])] = [
        ("no arrow points back", { Arrows.check($0) }),
        ("the core is pure", { Rules.purity($0) }),
        ("`public` stands nowhere", { Rules.access($0) }),
        ("nothing is left unfinished", { Rules.unfinished($0) }),
        ("no file has over 600 lines", { Rules.fileLength($0) }),
        ("every function is under 70 lines", { Rules.functionLength($0) }),
        ("what the compiler cannot check is argued for", { Rules.proofs($0) }),
    ]

    @Test("the sources keep every promise", arguments: checks.indices)
    func sources(index: Int) throws {
        let files = try SourceTree.sources.get()
        try #require(files.count > 20, "the sources are not where they should be")
        let findings = files.flatMap(Self.checks[index].check)
        #expect(
            findings.isEmpty, "\(Self.checks[index].promise):\n\(findings.map(\.description).joined(separator: "\n"))")
    }

    @Test("tests and benchmarks are finished and of a readable length", arguments: ["Tests", "Benchmarks"])
    func tests(folder: String) throws {
        let findings = try SourceTree.files(under: folder).flatMap { Rules.unfinished($0) + Rules.fileLength($0) }
        #expect(findings.isEmpty, "\(findings.map(\.description).joined(separator: "\n"))")
    }

    @Test("every room in the sources has an entry in the table of arrows")
    func everyRoomIsInTheTable() throws {
        let folders = try FileManager.default.contentsOfDirectory(
            atPath: SourceTree.root.appendingPathComponent("Sources").path)
        #expect(Set(folders).subtracting(Arrows.allowed.keys).isEmpty)
    }

    @Test("`swift format lint --strict` finds nothing")
    func format() throws {
        let lint = Process()
        lint.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        lint.arguments = ["swift", "format", "lint", "--strict", "--recursive"]
        lint.arguments! += ["Sources", "Tests", "Benchmarks", "Package.swift"]
        lint.currentDirectoryURL = SourceTree.root
        let pipe = Pipe()
        lint.standardOutput = pipe
        lint.standardError = pipe
        try lint.run()
        let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        lint.waitUntilExit()
        #expect(lint.terminationStatus == 0 && output.isEmpty, "run `make format`:\n\(output.prefix(4000))")
    }
}
