import Foundation

/// A fleet without a dockerd: `fake-docker` stands as `docker` in `PATH` and keeps containers, services and the record
/// of what was done to them in a folder.
struct FakeFleet: Sendable {
    let scratch: Scratch
    private let home: String
    /// To be put first into `PATH`.
    let folder: String

    init(_ scratch: Scratch) throws {
        self.scratch = scratch
        home = scratch.path("fleet")
        folder = scratch.path("bin")
        for path in [home, folder] {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        }
        try FileManager.default.createSymbolicLink(
            atPath: scratch.path("bin/docker"), withDestinationPath: Built.fakeDocker)
    }

    func environment(for instance: String) -> [String: String] {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        return ["PATH": "\(folder):\(path)", "DOCKER_FAKE_HOME": home, "DOCKER_FAKE_INSTANCE": instance]
    }

    /// Answers the id.
    @discardableResult
    func container(
        _ name: String, image: String, status: String = "running", labels: [String] = []
    ) async throws -> String {
        try await fleet(["container", name, image, status] + labels)
    }

    @discardableResult
    func service(_ name: String, image: String, replicas: Int) async throws -> String {
        try await fleet(["service", name, image, String(replicas)])
    }

    /// The containers die, as of SIGKILL.
    func kill(_ names: [String]) async throws { try await fleet(["kill"] + names) }

    /// Every container's id and name, as they stand now.
    var containers: [(id: String, name: String)] {
        let ids = (try? FileManager.default.contentsOfDirectory(atPath: "\(home)/c")) ?? []
        return ids.sorted().compactMap { id in
            let lines = scratch.read("fleet/c/\(id)").split(separator: "\n")
            return lines.first { $0.hasPrefix("name=") }.map { (id, String($0.dropFirst(5))) }
        }
    }

    /// Each is `VERB fail OPERAND` or `VERB sleep MILLISECONDS`; replaces those before.
    func setFaults(_ faults: [String]) throws {
        try scratch.write(faults.map { $0 + "\n" }.joined(), to: "fleet/faults")
    }

    /// What has been done to it until now.
    func witness() throws -> Witness { try Witness(record: scratch.read("fleet/record")) }

    @discardableResult
    private func fleet(_ words: [String]) async throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Built.fakeDocker)
        process.arguments = ["fleet"] + words
        process.environment = environment(for: "test")
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        let status = try await process.runToEnd()
        let text = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        guard status == 0 else { throw HarnessError("`fleet \(words.joined(separator: " "))`: \(text)") }
        return text.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}

extension Process {
    /// Starts it and waits for its end without holding a thread; answers its exit status.
    func runToEnd() async throws -> Int32 {
        try await withCheckedThrowingContinuation { continuation in
            terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
            do { try run() } catch {
                terminationHandler = nil
                continuation.resume(throwing: error)
            }
        }
    }
}
