import Foundation

/// A dockerd to test against, over the real CLI.
struct Docker: Sendable {
    let host: String

    /// `scripts/with-dockerd` starts both and says where they are.
    static let containers = named("MUSTER_TEST_DOCKER_HOST")
    static let swarm = named("MUSTER_TEST_SWARM_HOST")
    static let skipReason =
        ProcessInfo.processInfo.environment["MUSTER_TEST_SKIP_REASON"] ?? "no dockerd of our own: run scripts/test"

    private static func named(_ variable: String) -> Docker? {
        ProcessInfo.processInfo.environment[variable].flatMap { $0.isEmpty ? nil : Docker(host: $0) }
    }

    @discardableResult
    func callAsFunction(_ arguments: String...) async throws -> String {
        try await Shell.output(["docker", "-H", host] + arguments)
    }

    func inspect(_ name: String, _ format: String) async throws -> String {
        try await self("inspect", "--format", format, "--", name)
    }

    /// Starts a container of the test image, one that ends at once when it is stopped; `options` stand before the image, `command` after it.
    func run(_ name: String, tag: String = "1", options: [String] = [], command: [String] = []) async throws {
        try await Shell.output(
            [
                "docker", "-H", host, "run", "-d", "--label", "muster.test=end-to-end", "--stop-signal", "SIGKILL",
                "--name", name,
            ] + options
                + ["\(TestImage.repository):\(tag)"] + command)
    }

    /// Takes away everything whose name begins with `prefix`, including what Muster made or renamed.
    func removeAll(prefix: String) async {
        let names = (try? await self("ps", "-a", "--filter", "name=\(prefix)", "--format", "{{.ID}}")) ?? ""
        for id in names.split(separator: "\n") { _ = try? await self("rm", "-f", String(id)) }
    }
}

/// A small image made of the machine's static busybox: no registry is asked. Tags `1` and `2` differ in a label.
enum TestImage {
    static let repository = "muster-test/busybox"

    /// Makes the image where it is not there yet; any number of callers share one making for each dockerd.
    static func prepare(on docker: Docker) async throws {
        try await makings.once(docker.host) {
            let scratch = try Scratch("image")
            defer { scratch.remove() }
            let busybox = try await Shell.output(["sh", "-c", "command -v busybox"])
            try await Shell.output(
                [
                    "sh", "-ec",
                    """
                    cd "$1"; mkdir bin tmp; cp "$2" bin/busybox
                    for tool in sh sleep test touch rm cat dd httpd; do ln -s busybox "bin/$tool"; done
                    tar -cf image.tar bin tmp
                    """, "sh", scratch.folder.path, busybox,
                ])
            for tag in ["1", "2"] {
                try await docker(
                    "import", "--change", "CMD [\"/bin/sleep\",\"1000000\"]", "--change", "ENV PATH=/bin",
                    "--change", "LABEL muster.test.tag=\(tag)", scratch.path("image.tar"),
                    "\(repository):\(tag)")
            }
        }
    }

    private static let makings = Makings()

    private actor Makings {
        private var tasks: [String: Task<Void, any Error>] = [:]

        func once(_ key: String, _ make: @escaping @Sendable () async throws -> Void) async throws {
            let task = tasks[key] ?? Task { try await make() }
            tasks[key] = task
            try await task.value
        }
    }
}
