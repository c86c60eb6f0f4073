import FleetConfig
import FleetModel
import Foundation
import Testing

@Suite("Reloading")
struct ReloadTests {
    private let scratch: Scratch
    private static let names = ["a", "b", "c", "d"]

    init() throws {
        scratch = try Scratch()
    }

    private func registry(_ names: [String], _ head: String = "") -> String {
        head + "services:\n" + names.map { "  - name: \($0)\n" }.joined() + (names.isEmpty ? "  []\n" : "")
    }

    private func loader(overlay: Bool = false) throws -> DesiredStateLoader {
        let path = try scratch.write("r.yml", registry(ReloadTests.names))
        if overlay { try scratch.write("o.yml", "version: 1\n") }
        return DesiredStateLoader(registryPath: path, overlayPath: overlay ? scratch.file("o.yml") : nil)
    }

    private func kind<Value>(_ change: FileChange<Value>) -> String {
        switch change {
        case .unchanged: "unchanged"
        case .replaced: "replaced"
        case .refused(let errors): errors.description.replacing(scratch.path + "/", with: "")
        case .recovered: "recovered"
        }
    }

    @Test("follows a change of either file's content")
    func follows() throws {
        let loader = try loader(overlay: true)
        #expect(try loader.load().desired.services.count == 4)
        #expect(kind(loader.reload()) == "unchanged")
        try scratch.write("r.yml", registry(["a", "b", "c", "e"]))
        #expect(kind(loader.reload()) == "replaced")
        #expect(loader.current?.desired["e"] != nil)
        try scratch.overwrite("o.yml", "services: [{name: a, replicas: 3}]\n")
        #expect(kind(loader.reload()) == "replaced")
        #expect(loader.current?.desired["a"]?.replicas == 3)
        #expect(kind(loader.reload()) == "unchanged")
    }

    @Test("is not moved by a new modification time or a new file of the same content")
    func touched() throws {
        let loader = try loader()
        try loader.load()
        let past = Date(timeIntervalSince1970: 1_000_000)
        try FileManager.default.setAttributes([.modificationDate: past], ofItemAtPath: scratch.file("r.yml"))
        #expect(kind(loader.reload()) == "unchanged")
        try scratch.write("r.yml", registry(ReloadTests.names))
        #expect(kind(loader.reload()) == "unchanged")
    }

    @Test("sees a change that kept size and modification time")
    func sameStamp() throws {
        let loader = try loader()
        try loader.load()
        let attributes = try FileManager.default.attributesOfItem(atPath: scratch.file("r.yml"))
        try scratch.overwrite("r.yml", registry(["a", "b", "c", "x"]))
        let modified = try #require(attributes[.modificationDate] as? Date)
        try FileManager.default.setAttributes([.modificationDate: modified], ofItemAtPath: scratch.file("r.yml"))
        #expect(kind(loader.reload()) == "replaced")
    }

    @Test("keeps the last good state when a file breaks or goes, says so once, and says when it is over")
    func lastGood() throws {
        let loader = try loader()
        try loader.load()
        try scratch.write("r.yml", "services: [")
        #expect(kind(loader.reload()).hasPrefix("r.yml:"))
        #expect(kind(loader.reload()) == "unchanged")
        #expect(loader.lastError != nil)
        #expect(loader.current?.desired.services.count == 4)
        try scratch.write("r.yml", "services: [{nme: a}]")
        #expect(kind(loader.reload()).contains("`nme`"))
        try scratch.remove("r.yml")
        #expect(kind(loader.reload()) == "r.yml:1:1: cannot be read: no such file or directory")
        #expect(kind(loader.reload()) == "unchanged")
        #expect(loader.current?.desired.services.count == 4)
        try scratch.write("r.yml", registry(ReloadTests.names))
        #expect(kind(loader.reload()) == "recovered")
        #expect(loader.lastError == nil)
    }

    @Test("refuses to drop more than half of the services until the file says that it is meant")
    func shrinkGuard() throws {
        let loader = try loader()
        try loader.load()
        try scratch.write("r.yml", registry([]))
        #expect(
            kind(loader.reload())
                == "r.yml:1:1: drops 4 of 4 services, more than half; what was in force stays. "
                + "Write `allow_shrink: true` at the top of the file if that is meant")
        #expect(kind(loader.reload()) == "unchanged")
        #expect(loader.current?.desired.services.count == 4)
        try scratch.write("r.yml", registry(["a"]))
        #expect(kind(loader.reload()).contains("drops 3 of 4"))
        try scratch.write("r.yml", registry(["v", "w", "x", "y"]))
        #expect(kind(loader.reload()).contains("drops 4 of 4"), "other services are no replacement")
        try scratch.write("r.yml", registry(["a", "b"]))
        #expect(kind(loader.reload()) == "replaced", "half of them may go")
        try scratch.write("r.yml", registry([], "allow_shrink: true\n"))
        #expect(kind(loader.reload()) == "replaced")
        #expect(loader.current?.desired.services.isEmpty == true)
    }

    @Test("starts on an empty registry: a process started on it means it")
    func startsEmpty() throws {
        let path = try scratch.write("r.yml", registry([]))
        #expect(try DesiredStateLoader(registryPath: path).load().desired.services.isEmpty)
    }

    @Test("at start every error is an error")
    func firstLoad() throws {
        let missing = DesiredStateLoader(registryPath: scratch.file("none.yml"))
        #expect(throws: ConfigErrors.self) { try missing.load() }
        let broken = DesiredStateLoader(registryPath: try scratch.write("r.yml", "services: 1"))
        #expect(throws: ConfigErrors.self) { try broken.load() }
        #expect(throws: ConfigErrors.self) { try broken.load() }
        #expect(broken.current == nil)
        let directory = DesiredStateLoader(registryPath: scratch.path)
        let errors = #expect(throws: ConfigErrors.self) { try directory.load() }
        #expect(errors?.errors.map(\.message) == ["is not a file"])
    }

    @Test("a policy is reloaded in the same way")
    func policy() throws {
        let loader = PolicyLoader(path: try scratch.write("p.yml", "rules: [{kind: a, tier: auto}]"))
        #expect(try loader.load().rules.count == 1)
        #expect(kind(loader.reload()) == "unchanged")
        try scratch.write("p.yml", "rules: [{kind: a, tier: sometimes}]")
        #expect(kind(loader.reload()).hasPrefix("p.yml:1:25: `tier` must be one of"))
        #expect(loader.current?.rules.count == 1)
        try scratch.write("p.yml", "rules: []")
        #expect(kind(loader.reload()) == "replaced")
        #expect(loader.current?.rules.isEmpty == true)
        #expect(loader.lastError == nil)
    }

    @Test("finds the shipped files above the executable, through links")
    func shipped() throws {
        let root = scratch.path
        let manager = FileManager.default
        try manager.createDirectory(atPath: root + "/repo/.build/release", withIntermediateDirectories: true)
        try manager.createDirectory(atPath: root + "/repo/deploy", withIntermediateDirectories: true)
        try manager.createDirectory(atPath: root + "/bin", withIntermediateDirectories: true)
        try scratch.write("repo/.build/release/muster", "")
        try scratch.write("repo/deploy/shipped-file.yml", "")
        try manager.createSymbolicLink(
            atPath: root + "/bin/muster", withDestinationPath: root + "/repo/.build/release/muster")
        let found = ShippedFiles.locate("shipped-file.yml", executable: root + "/bin/muster")
        #expect(found?.hasSuffix("/repo/deploy/shipped-file.yml") == true)
        #expect(ShippedFiles.locate("no-such-file.yml", executable: root + "/bin/muster") == nil)
    }
}
