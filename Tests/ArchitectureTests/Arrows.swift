/// Which way imports may point (docs/architecture.md): from the shell to the core, never back.
enum Arrows {
    /// The rooms of the house, each with the rooms it may import.
    static let allowed: [String: Set<String>] = {
        let core: Set = ["FleetModel", "ActionPolicy", "Reconciler"]
        let outside: Set = [
            "FleetConfig", "Store", "Leadership", "DockerCLI", "HTTPClient", "Observation", "Actuators",
        ]
        return [
            "FleetModel": [],
            "ActionPolicy": ["FleetModel"],
            "Reconciler": ["FleetModel"],
            "FleetConfig": ["FleetModel", "CLibYAML"],
            "Store": ["FleetModel"],
            "StoreSQLite": ["FleetModel", "Store"],
            "PostgresClient": ["CLibPQ"],
            "StorePostgres": ["FleetModel", "Store", "PostgresClient"],
            "Leadership": ["FleetModel", "Store", "PostgresClient"],
            "DockerCLI": ["FleetModel"],
            "HTTPClient": ["CLibCurl"],
            "Observation": ["FleetModel", "DockerCLI", "CLibCurl"],
            "Actuators": ["FleetModel", "DockerCLI", "Store"],
            "ControlPlane": core.union(outside),
            "ControlAPI": core.union(outside).union(["ControlPlane"]),
            "MusterCLI": core.union(outside).union(["ControlPlane", "PostgresClient"]),
            "muster": core.union(outside).union(
                [
                    "StoreSQLite", "StorePostgres", "PostgresClient", "ControlPlane", "ControlAPI", "MusterCLI",
                    "CMalloc",
                ]),
            "CLibYAML": [],
            "CLibCurl": [],
            "CMalloc": [],
            "CLibPQ": [],
        ]
    }()

    /// Libraries that stand behind one room each, by the beginning of the module's name.
    static let owners: [(prefix: String, rooms: Set<String>)] = [
        ("GRDB", ["StoreSQLite"]),
        ("Subprocess", ["DockerCLI"]),
        ("Configuration", ["FleetConfig"]),
        ("ArgumentParser", ["muster", "MusterCLI"]),
        ("Hummingbird", ["ControlAPI"]),
        ("HTTPTypes", ["ControlAPI"]),
        ("NIO", ["ControlAPI"]),
    ]

    /// What a pure room may import from outside the house: values only.
    static let pureLibraries: [String: Set<String>] = [
        "FleetModel": ["Crypto", "Foundation"],
        "ActionPolicy": [],
        "Reconciler": [],
    ]

    static func check(_ file: SourceTree.File) -> [Finding] {
        guard let rooms = allowed[file.room] else {
            return [Finding(path: file.path, line: 1, message: "`\(file.room)` has no entry in the table of arrows")]
        }
        return imports(of: file.code).compactMap { line, module in
            verdict(module, in: file.room, rooms: rooms)
                .map { Finding(path: file.path, line: line, message: $0) }
        }
    }

    private static func verdict(_ module: String, in room: String, rooms: Set<String>) -> String? {
        if allowed[module] != nil {
            return rooms.contains(module) ? nil : "`\(room)` may not import `\(module)`"
        }
        if let libraries = pureLibraries[room] {
            return libraries.contains(module) ? nil : "`\(room)` is pure and may not import `\(module)`"
        }
        if let owner = owners.first(where: { module.hasPrefix($0.prefix) }), !owner.rooms.contains(room) {
            return "`\(module)` belongs behind \(owner.rooms.sorted().joined(separator: ", ")), not in `\(room)`"
        }
        return nil
    }

    /// Each imported module with its line: `package import struct Store.Page` is an import of `Store`.
    static func imports(of code: String) -> [(line: Int, module: String)] {
        let declaration =
            /^\s*(?:@\w+(?:\(\w+\))?\s+)*(?:(?:package|internal|public|private|fileprivate)\s+)?import\s+(?:(?:struct|class|enum|protocol|func|var|let|typealias)\s+)?(\w+)/
        return code.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
            .enumerated()
            .compactMap { index, line in
                line.firstMatch(of: declaration).map { (index + 1, String($0.1)) }
            }
    }
}
