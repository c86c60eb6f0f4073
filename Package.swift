// swift-tools-version: 6.1
import PackageDescription

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

/// A target of the house (docs/architecture.md). Imports point from the shell to the core, never back.
func room(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: settings)
}

extension Target.Dependency {
    static let crypto: Self = .product(name: "Crypto", package: "swift-crypto")
    static let logging: Self = .product(name: "Logging", package: "swift-log")
    static let configuration: Self = .product(name: "Configuration", package: "swift-configuration")
    static let grdb: Self = .product(name: "GRDB", package: "GRDB.swift")
    /// The system's libsqlite3 as GRDB links it; the ledger's benchmark measures against it bare.
    static let sqlite: Self = .product(name: "GRDBSQLite", package: "GRDB.swift")
    static let subprocess: Self = .product(name: "Subprocess", package: "swift-subprocess")
    static let hummingbird: Self = .product(name: "Hummingbird", package: "hummingbird")
    static let lifecycle: Self = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
    static let unixSignals: Self = .product(name: "UnixSignals", package: "swift-service-lifecycle")
    static let argumentParser: Self = .product(name: "ArgumentParser", package: "swift-argument-parser")
    static let asyncAlgorithms: Self = .product(name: "AsyncAlgorithms", package: "swift-async-algorithms")
    static let httpTypes: Self = .product(name: "HTTPTypes", package: "swift-http-types")
    static let nioCore: Self = .product(name: "NIOCore", package: "swift-nio")
}

let package = Package(
    name: "muster",
    products: [.executable(name: "muster", targets: ["muster"])],
    dependencies: [
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.0"),
        .package(url: "https://github.com/apple/swift-async-algorithms", from: "1.1.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
    ],
    targets: [
        .systemLibrary(name: "CLibYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
        .systemLibrary(name: "CLibCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CLibPQ", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "CMalloc"),

        // The core: values and pure functions.
        room("FleetModel", [.crypto]),
        room("ActionPolicy", ["FleetModel"]),
        room("Reconciler", ["FleetModel"]),

        // The shell: what reads, writes and runs.
        room("FleetConfig", ["FleetModel", "CLibYAML", .configuration]),
        room("Store", ["FleetModel"]),
        room("StoreSQLite", ["FleetModel", "Store", .grdb]),
        room("PostgresClient", ["CLibPQ"]),
        room("StorePostgres", ["FleetModel", "Store", "PostgresClient", .logging]),
        room("Leadership", ["FleetModel", "Store", "PostgresClient", .logging]),
        room("DockerCLI", ["FleetModel", .subprocess]),
        room("HTTPClient", ["CLibCurl"]),
        room("Observation", ["FleetModel", "DockerCLI", "CLibCurl", .asyncAlgorithms]),
        room("Actuators", ["FleetModel", "DockerCLI", "Store", .logging]),
        room(
            "ControlPlane",
            [
                "FleetModel", "FleetConfig", "ActionPolicy", "Reconciler", "Store", "Leadership", "Observation",
                "Actuators",
                .logging, .lifecycle, .asyncAlgorithms,
            ]),
        room(
            "ControlAPI",
            [
                "FleetModel", "FleetConfig", "ActionPolicy", "Store", "ControlPlane", .hummingbird, .logging,
                .lifecycle,
                .httpTypes, .nioCore, .crypto,
            ]),
        room(
            "MusterCLI",
            [
                "FleetModel", "FleetConfig", "ActionPolicy", "Reconciler", "Store", "DockerCLI", "Observation",
                "ControlPlane", "HTTPClient", "PostgresClient",
            ]),
        .executableTarget(
            name: "muster",
            dependencies: [
                "FleetModel", "FleetConfig", "ActionPolicy", "Reconciler", "Store", "StoreSQLite", "StorePostgres",
                "Leadership", "PostgresClient", "DockerCLI", "Observation", "Actuators", "ControlPlane", "ControlAPI",
                "HTTPClient",
                "MusterCLI", "CMalloc",
                .argumentParser,
                .lifecycle, .unixSignals, .logging,
            ],
            swiftSettings: settings),
        .executableTarget(
            name: "muster-bench",
            dependencies: [
                "FleetModel", "FleetConfig", "ActionPolicy", "Reconciler", "Store", "StoreSQLite", "StorePostgres",
                "PostgresClient",
                "Leadership", "Observation",
                "Actuators", "ControlPlane", "CLibYAML", .logging, .subprocess, .sqlite,
            ],
            path: "Benchmarks/muster-bench",
            swiftSettings: settings),

        // A Postgres server of a test's own; shared by the test targets that want one.
        .target(
            name: "PostgresFixture", dependencies: ["PostgresClient"], path: "Tests/PostgresFixture",
            swiftSettings: settings),

        // Real control planes in one simulated world; built in release by scripts/test (docs/simulation.md).
        .executableTarget(
            name: "muster-simulation",
            dependencies: [
                "FleetModel", "ActionPolicy", "Store", "Leadership", "Reconciler", "Observation", "Actuators",
                "ControlPlane", .logging,
            ],
            path: "Tests/Simulation",
            swiftSettings: settings),
        tests("SimulationTests", [.subprocess]),

        tests("FleetModelTests", ["FleetModel"]),
        tests("ActionPolicyTests", ["ActionPolicy", "FleetModel"]),
        tests("ReconcilerTests", ["Reconciler", "FleetModel"]),
        tests("FleetConfigTests", ["ActionPolicy", "FleetConfig", "FleetModel"]),
        tests(
            "Conformance",
            [
                "Store", "StoreSQLite", "StorePostgres", "PostgresClient", "PostgresFixture", "FleetModel", .grdb,
                .logging,
            ]
        ),
        tests(
            "LeadershipTests",
            [
                "Leadership", "Store", "StoreSQLite", "StorePostgres", "PostgresClient", "PostgresFixture",
                "FleetModel", .logging,
            ]),
        tests("DockerCLITests", ["DockerCLI", "FleetModel"]),
        tests("ObservationTests", ["Observation", "FleetModel", "DockerCLI"]),
        tests("ActuatorsTests", ["Actuators", "FleetModel", "DockerCLI", "Store", "StoreSQLite", .logging]),
        tests(
            "ControlPlaneTests",
            [
                "ControlPlane", "FleetModel", "FleetConfig", "Store", "StoreSQLite", "Leadership", "Observation",
                "Actuators", .logging,
            ]),
        tests(
            "ControlAPITests",
            [
                "ControlAPI", "ControlPlane", "FleetModel", "FleetConfig", "Store", "StoreSQLite", "Leadership",
                "Observation",
                "Actuators", .hummingbird, .httpTypes, .nioCore, .logging, .lifecycle,
            ]),
        tests("MusterCLITests", ["MusterCLI", "muster", "FleetModel", "HTTPClient", .subprocess]),
        tests("EndToEnd", ["FleetModel", "PostgresFixture", .subprocess]),
        .executableTarget(name: "fake-docker", path: "Tests/Chaos/fake-docker", swiftSettings: settings),
        .testTarget(
            name: "Chaos",
            dependencies: [
                "Actuators", "FleetModel", "HTTPClient", "PostgresFixture", "PostgresClient", "muster", "fake-docker",
            ],
            exclude: ["fake-docker"], swiftSettings: settings),
        tests("ArchitectureTests", []),
    ]
)
