import ActionPolicy
import FleetConfig
import FleetModel
import Foundation
import Testing

@Suite("The shipped files")
struct DeployFilesTests {
    @Test("the registry has the 68 services, whole, and proposes nothing on a machine where nothing runs")
    func registry() throws {
        let path = Checkout.root + "/deploy/mcp-fleet.registry.yml"
        let loaded = try LoadedDesiredState.read(registry: try YAMLFile.load(path))
        #expect(loaded.warnings.isEmpty)
        let services = loaded.desired.services
        #expect(services.count == 68)
        #expect(services.allSatisfy { $0.containerPort == 8000 && $0.domain != nil && $0.package != nil })
        #expect(services.allSatisfy { $0.runtime == nil && $0.probe == nil })
        #expect(services.allSatisfy { $0.image == "docker.io/example/" + $0.name })
        #expect(Set(services.compactMap(\.hostPort)) == Set(8200...8267))
        #expect(services.count { $0.profiles.contains("single-node-prod") } == 7)
        #expect(services.allSatisfy { $0.profiles.contains("enterprise") })
        #expect(loaded.desired["uptime-mcp"]?.package == "uptime-kuma-agent")
    }

    @Test(
        "every policy is valid and says of each rule why it is there",
        arguments: [
            "action-policy.default.yml", "postures/locked-down.yml", "postures/supervised.yml",
            "postures/scoped-autonomous.yml",
        ])
    func policies(name: String) throws {
        let policy = try Policy.read(try YAMLFile.load(Checkout.root + "/deploy/" + name))
        #expect(policy.rules.isEmpty == false)
        for rule in policy.rules { #expect(rule.note != nil, "\(rule.id)") }
    }

    @Test(
        "the test file of each policy names that policy, which exists, and asks after each of its rules",
        arguments: [
            "default", "locked-down", "supervised", "scoped-autonomous",
        ])
    func testFiles(name: String) throws {
        let directory = Checkout.root + "/deploy/postures/tests"
        let tests = try PolicyTestFile.read(try YAMLFile.load(directory + "/\(name).test.yml"))
        let path = try #require(tests.policyPath)
        let policy = try Policy.read(try YAMLFile.load(directory + "/" + path))
        let asked = Set(tests.cases.compactMap(\.expectedRule))
        for rule in policy.rules { #expect(asked.contains(rule.id), "\(rule.id)") }
    }
}

@Suite("The shipped policies, through the gate itself")
struct ShippedPolicyTests {
    @Test(
        "decide what their test files expect", arguments: ["default", "locked-down", "supervised", "scoped-autonomous"])
    func decide(name: String) throws {
        let directory = Checkout.root + "/deploy/postures/tests"
        let tests = try PolicyTestFile.read(try YAMLFile.load(directory + "/\(name).test.yml"))
        let policy = try Policy.read(try YAMLFile.load(directory + "/" + (tests.policyPath ?? "")))
        for result in PolicyTest.run(tests.cases, policy: policy) {
            #expect(result.passed, "\(name).test.yml:\(result.test.line): \(result.test.name): \(result)")
        }
    }

    @Test("would fail under one another: the cases tell the postures apart")
    func distinct() throws {
        let directory = Checkout.root + "/deploy/postures"
        let names = ["locked-down", "supervised", "scoped-autonomous"]
        for name in names {
            let tests = try PolicyTestFile.read(try YAMLFile.load(directory + "/tests/\(name).test.yml"))
            for other in names where other != name {
                let policy = try Policy.read(try YAMLFile.load(directory + "/\(other).yml"))
                #expect(PolicyTest.run(tests.cases, policy: policy).contains { !$0.passed }, "\(name) under \(other)")
            }
        }
    }
}
