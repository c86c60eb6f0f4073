import FleetConfig
import Testing

@Suite("Whatever the bytes")
struct MutationTests {
    static let seedText = """
        version: 1
        defaults: {container_port: 8000, image_registry: docker.io/example}
        services:
          - name: postgres
            host_port: 5432
            probe: {tcp: true}
          - name: vector-mcp
            image: "example/vector-mcp:latest"
            profiles: [enterprise, single-node-prod]
            depends_on: [postgres]
            replicas: 2
            scaling: {min: 1, max: 3, signal: queue_depth, target: 200, deadband: 0.05}
        """

    /// Bytes that mean something to YAML, and some that mean nothing to anybody.
    static let spice: [UInt8] = Array("\0\t\n\r !\"#%&'*,-.:>?@[]`{|}~é<".utf8) + [0x80, 0xC3, 0xE2, 0xED, 0xF4, 0xFF]

    @Test("the readers end with a value or with errors, and every error has a place in the file", arguments: 0..<8)
    func mutated(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<500 {
            var bytes = Array(MutationTests.seedText.utf8)
            for _ in 0..<Int.random(in: 1...12, using: &generator) { mutate(&bytes, &generator) }
            let lines = bytes.count { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") } + 2
            let file = YAMLFile(name: "m.yml", bytes: bytes)
            for errors in [errorsOfRegistry(file), errorsOfPolicy(file)] {
                for error in errors {
                    #expect(error.line >= 1 && error.line <= lines && error.column >= 1, "seed \(seed): \(error)")
                }
            }
        }
    }

    @Test("what was read once is read again the same", arguments: 0..<4)
    func deterministic(seed: UInt64) {
        var generator = SeededGenerator(seed: seed &+ 1000)
        for _ in 0..<100 {
            var bytes = Array(MutationTests.seedText.utf8)
            for _ in 0..<6 { mutate(&bytes, &generator) }
            let file = YAMLFile(name: "m.yml", bytes: bytes)
            #expect(errorsOfRegistry(file) == errorsOfRegistry(file))
        }
    }

    private func errorsOfRegistry(_ file: YAMLFile) -> [ConfigError] {
        do {
            _ = try LoadedDesiredState.read(registry: file, overlay: file)
            return []
        } catch {
            #expect(error.errors.isEmpty == false)
            return error.errors
        }
    }

    private func errorsOfPolicy(_ file: YAMLFile) -> [ConfigError] {
        do {
            _ = try PolicyTestFile.read(file)
            return []
        } catch {
            return error.errors
        }
    }

    private func mutate(_ bytes: inout [UInt8], _ generator: inout SeededGenerator) {
        guard !bytes.isEmpty else {
            bytes = [UInt8(ascii: "a")]
            return
        }
        let place = Int.random(in: 0..<bytes.count, using: &generator)
        switch Int.random(in: 0..<6, using: &generator) {
        case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
        case 1: bytes.insert(MutationTests.spice.randomElement(using: &generator) ?? 0, at: place)
        case 2: bytes.remove(at: place)
        case 3: bytes.removeSubrange(place..<min(bytes.count, place + Int.random(in: 0...20, using: &generator)))
        case 4:
            let slice = Array(bytes[place..<min(bytes.count, place + Int.random(in: 0...40, using: &generator))])
            bytes.insert(contentsOf: slice, at: Int.random(in: 0...bytes.count, using: &generator))
        default: bytes[place] = MutationTests.spice.randomElement(using: &generator) ?? 0
        }
    }
}
