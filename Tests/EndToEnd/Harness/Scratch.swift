import Foundation

/// A temporary folder and a name of one's own; both are gone when `remove` returns.
struct Scratch: Sendable {
    /// Unique among runs: the beginning of all names of containers and services that a test makes.
    let prefix: String
    let folder: URL

    init(_ note: String) throws {
        prefix = "mt-\(note)-\(UInt32.random(in: 0..<0xFFFF_FFFF))"
        folder = FileManager.default.temporaryDirectory.appendingPathComponent(prefix)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

    func write(_ text: String, to name: String) throws {
        try Data(text.utf8).write(to: folder.appendingPathComponent(name), options: .atomic)
    }

    func read(_ name: String) -> String {
        (try? String(contentsOfFile: path(name), encoding: .utf8)) ?? ""
    }

    func remove() {
        try? FileManager.default.removeItem(at: folder)
    }
}
