import FleetConfig
import FleetModel
import Foundation

/// Reads registry texts the way a caller does; files are called `r.yml` and `o.yml`.
enum Registry {
    static func load(
        _ text: String, overlay: String? = nil, profiles: [String] = []
    ) throws(ConfigErrors) -> LoadedDesiredState {
        try LoadedDesiredState.read(
            registry: YAMLFile(name: "r.yml", text: text),
            overlay: overlay.map { YAMLFile(name: "o.yml", text: $0) }, profiles: profiles)
    }

    /// The errors as lines; empty when there are none.
    static func errors(_ text: String, overlay: String? = nil) -> [String] {
        do {
            _ = try load(text, overlay: overlay)
            return []
        } catch {
            return error.errors.map(\.description)
        }
    }

    static func service(_ text: String, overlay: String? = nil, _ name: String = "a") throws -> ServiceSpec? {
        try load(text, overlay: overlay).desired[name]
    }
}

/// A directory of its own for one test, removed at its end.
final class Scratch {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "muster-config-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    func file(_ name: String) -> String { path + "/" + name }

    /// Replaces the file as most editors do: a new one is renamed over the old.
    @discardableResult
    func write(_ name: String, _ text: String) throws -> String {
        try Data(text.utf8).write(to: URL(fileURLWithPath: file(name)), options: .atomic)
        return file(name)
    }

    /// Writes into the file that is there.
    func overwrite(_ name: String, _ text: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: file(name)))
    }

    func remove(_ name: String) throws {
        try FileManager.default.removeItem(atPath: file(name))
    }
}

/// SplitMix64: the same seed gives the same run on every machine.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// The repository, from where this file was compiled.
enum Checkout {
    static var root: String {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().path
    }
}
