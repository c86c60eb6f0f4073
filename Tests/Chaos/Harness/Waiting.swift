import Foundation

/// Something that the harness could not do, or a condition that never came.
struct HarnessError: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = description }
}

/// Waits for a condition with a bound; answers what the condition found. The only place where these tests sleep.
/// The pause between two looks grows from `pause` to `limit`, since looking itself costs the machine something.
@discardableResult
func eventually<Value: Sendable>(
    _ promise: @autoclosure () -> String, within seconds: Double, every pause: Duration = .milliseconds(50),
    upTo limit: Duration? = nil, _ look: () async throws -> Value?
) async throws -> Value {
    let deadline = ContinuousClock.now + .seconds(seconds)
    var lastError: (any Error)?
    var pause = pause
    repeat {
        do {
            if let value = try await look() { return value }
        } catch let error as CancellationError {
            throw error
        } catch {
            lastError = error
        }
        try await Task.sleep(for: pause)
        pause = min(pause * 1.3, limit ?? pause)
    } while ContinuousClock.now < deadline
    throw HarnessError("not within \(seconds) s: \(promise())\(lastError.map { "; last error: \($0)" } ?? "")")
}

/// A temporary folder of one's own.
struct Scratch: Sendable {
    let folder: URL

    /// The name is short: paths of sockets may have 107 bytes (unix(7)).
    init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "mc-\(String(UInt32.random(in: 0...UInt32.max), radix: 36))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

    func write(_ text: String, to name: String) throws {
        try Data(text.utf8).write(to: folder.appendingPathComponent(name), options: .atomic)
    }

    func read(_ name: String) -> String { (try? String(contentsOfFile: path(name), encoding: .utf8)) ?? "" }

    func remove() { try? FileManager.default.removeItem(at: folder) }
}

/// So many at a time: processes that starve each other on two cores would test the machine.
actor Places {
    private var free: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(_ count: Int) { free = count }

    func take() async {
        if free > 0 {
            free -= 1
        } else {
            await withCheckedContinuation { waiting.append($0) }
        }
    }

    func give() {
        if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
    }
}

/// What was built beside the test bundle.
enum Built {
    static let folder = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
    /// `MUSTER_CHAOS_BINARY` names another one, such as the release build of `make chaos`.
    static let muster =
        ProcessInfo.processInfo.environment["MUSTER_CHAOS_BINARY"] ?? folder.appendingPathComponent("muster").path
    static let fakeDocker = folder.appendingPathComponent("fake-docker").path
}

extension Duration {
    var seconds: Double {
        Double(components.seconds) + Double(components.attoseconds) * 1e-18
    }
}
