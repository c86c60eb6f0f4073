import Foundation

/// The checkout that these tests were built from.
enum SourceTree {
    static let root: URL = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    struct File {
        /// Relative to the checkout: `Sources/Store/FleetStore.swift`.
        var path: String
        let text: String
        /// The text with comments and literals blanked.
        let code: String

        init(path: String, text: String) {
            self.path = path
            self.text = text
            code = SwiftText.code(of: text)
        }

        /// The folder under `Sources/`, which is the target's name.
        var room: String { path.split(separator: "/").dropFirst().first.map(String.init) ?? "" }
    }

    /// `Sources`, read once.
    static let sources = Result { try files(under: "Sources") }

    /// All Swift files below `folder`, sorted by path.
    static func files(under folder: String) throws -> [File] {
        let base = root.appendingPathComponent(folder)
        let paths = try FileManager.default.subpathsOfDirectory(atPath: base.path)
        return try paths.filter { $0.hasSuffix(".swift") }.sorted().map { path in
            File(
                path: "\(folder)/\(path)",
                text: try String(contentsOf: base.appendingPathComponent(path), encoding: .utf8))
        }
    }
}

/// A breach of a rule of the house, where it stands.
struct Finding: Equatable, CustomStringConvertible {
    var path: String
    /// Counted from 1.
    var line: Int
    var message: String

    var description: String { "\(path):\(line): \(message)" }
}
