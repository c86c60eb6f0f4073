import FleetModel
import PostgresFixture
import Testing

/// Several daemons over one Postgres and one dockerd: one leads, all serve.
@Suite(
    "instances that share a Postgres",
    .enabled(if: Docker.containers != nil, Comment(rawValue: Docker.skipReason)),
    .enabled(if: TestDatabase.serverDSN != nil, Comment(rawValue: TestDatabase.reason)))
struct InstanceTests {
    @Test("a follower shows everything, and what is granted there the leader carries out", .timeLimit(.minutes(3)))
    func followerGrants() async throws {
        try await cluster("follower-grants") { cluster in
            let name = cluster.scratch.prefix
            try await cluster.docker("kill", name)
            let follower = try await cluster.follower()
            let status = try await follower.command("status")
            #expect(status.status == 0, "\(status.output)\(status.errors)")
            #expect(status.output.contains("follower, answered"), "\(status.output)")
            try await eventually("the follower has looked, and is ready") { () -> Bool? in
                try await follower.get("/readyz").body["status"] == "ready" ? true : nil
            }
            try await follower.approveAndWait("restart_service", name)
            #expect(try await cluster.docker.inspect(name, "{{.State.Status}}") == "running")
            #expect(cluster.shim.mutations.count == 1, "\(cluster.shim.mutations)")
            let services = try await follower.list("services")
            #expect(services.first?["last_action"]?["state"] == "succeeded")
        }
    }

    @Test("a request, a hold and a kill made at a follower hold for the leader", .timeLimit(.minutes(3)))
    func followerAsks() async throws {
        try await cluster("follower-asks") { cluster in
            let name = cluster.scratch.prefix
            let follower = try await cluster.follower()
            let leader = try await cluster.leader()
            let asked = try await follower.post(
                "/api/fleet/actions",
                ["kind": "restart_service", "target": .string(name), "params": [:], "reason": "it leaks"])
            #expect(asked.status == 202)
            #expect(asked.body["state"] == "decided", "\(asked.body.text)")
            #expect(asked.body["decision"] == "queue_approval")
            let id = try #require(asked.body["approval_id"]?.string)
            #expect(try await leader.get("/api/fleet/approvals/\(id)").body["status"] == "pending")

            let held = try await follower.post(
                "/api/fleet/pause", ["scope": .string("service:\(name)"), "reason": "hands off"])
            #expect(held.status == 200)
            try await eventually("the leader withdraws what the hold covers") { () -> Bool? in
                try await leader.get("/api/fleet/approvals/\(id)").body["status"] == "superseded" ? true : nil
            }
            let resumed = try await leader.post("/api/fleet/resume", ["scope": .string("service:\(name)")])
            #expect(resumed.status == 200)

            let killed = try await follower.post(
                "/api/fleet/kill", ["scope": .string("service:\(name)"), "reason": "fire"])
            #expect(killed.body["proposals"]?.array?.first?["decision"] == "queue_approval", "\(killed.body.text)")
            try await follower.approveAndWait("stop_service", name)
            #expect(try await cluster.docker.inspect(name, "{{.State.Status}}") == "exited")
        }
    }

    @Test("a leader that ends hands over at once, one that is killed within its lease", .timeLimit(.minutes(3)))
    func handOver() async throws {
        try await cluster("hand-over", size: 3) { cluster in
            let name = cluster.scratch.prefix
            let first = try await cluster.leader()
            let epoch = try #require(try await first.epoch())
            first.signal(15)
            #expect(try await first.ended(within: 15) == 0)
            let second = try await cluster.leader()
            #expect(second.port != first.port)
            #expect(try #require(try await second.epoch()) == epoch + 1)
            #expect(try await second.get("/api/fleet/topology").body["leader"]?["reason"] == "resigned")

            second.signal(9)
            _ = try await second.ended()
            let third = try await cluster.leader()
            #expect(try #require(try await third.epoch()) == epoch + 2)
            try await cluster.docker("kill", name)
            try await third.approveAndWait("restart_service", name)
            #expect(cluster.shim.mutations.count == 1, "\(cluster.shim.mutations)")
            #expect(try await third.command("audit", "verify").status == 0)
        }
    }

    @Test(
        "without its database it starts, says so, answers 503, and works when the database comes",
        .timeLimit(.minutes(3)))
    func lateDatabase() async throws {
        let server = try await PostgresServer.start()
        try await scenario("late-database") { scratch, docker in
            try await docker.run(scratch.prefix)
            try await server.stop(immediately: true)
            let muster = try Muster(
                scratch, registry: "  - {name: \(scratch.prefix)}", docker: docker,
                flags: ["STATE_DB_URI": server.dsn(), "LEADER_LEASE": "3"])
            try await withRunning(muster) {
                let ready = try await muster.get("/readyz")
                #expect(ready.status == 503)
                #expect(
                    ready.body["checks"]?["store"]?["message"]?.string?.contains("refused") == true,
                    "\(ready.body.text)")
                #expect(try await muster.get("/livez").status == 200)
                #expect(try await muster.get("/api/fleet/approvals").status == 503)
                try await server.start()
                try await eventually("ready, and leading") { () -> Bool? in
                    try await muster.get("/readyz").body["status"] == "ready" ? true : nil
                }
                try await docker("kill", scratch.prefix)
                try await muster.approveAndWait("restart_service", scratch.prefix)

                try await server.stop(immediately: true)
                #expect(try await muster.get("/api/fleet/approvals").status == 503)
                try await server.start()
                try await eventually("ready again") { () -> Bool? in
                    try await muster.get("/readyz").body["status"] == "ready" ? true : nil
                }
                #expect(try await muster.list("actions").compactMap { $0["state"]?.string } == ["succeeded"])
            }
        }
        await server.remove()
    }
}

/// Daemons over one database of their own, one container that all of them look after.
private struct Cluster: Sendable {
    let scratch: Scratch
    let docker: Docker
    let shim: DockerShim
    let members: [Muster]

    /// The running member that the others, too, say leads.
    func leader() async throws -> Muster {
        try await eventually("one instance leads") { () -> Muster? in
            for member in members where member.isRunning {
                let topology = try await member.get("/api/fleet/topology").body
                let own = (topology["instances"]?.array ?? []).first { $0["self"] == true }
                if own?["role"] == "leader", own?["instance"] == topology["leader"]?["instance"] { return member }
            }
            return nil
        }
    }

    func follower() async throws -> Muster {
        let leader = try await leader()
        return try #require(members.first { $0.isRunning && $0.port != leader.port })
    }
}

extension Muster {
    fileprivate func epoch() async throws -> Int? {
        try await get("/api/fleet/topology").body["leader"]?["epoch"]?.integer
    }
}

private func cluster(_ note: String, size: Int = 2, _ body: (Cluster) async throws -> Void) async throws {
    let database = try await TestDatabase.make()
    try await scenario(note) { scratch, docker in
        let shim = try await DockerShim(scratch)
        try await docker.run(scratch.prefix)
        let members = try (0..<size).map { _ in
            try Muster(
                scratch, registry: "  - {name: \(scratch.prefix), image: \(TestImage.repository):1}", docker: docker,
                shim: shim, flags: ["STATE_DB_URI": database.dsn, "LEADER_LEASE": "3"])
        }
        do {
            for member in members { try await member.start() }
            try await body(Cluster(scratch: scratch, docker: docker, shim: shim, members: members))
        } catch {
            for member in members { member.signal(9) }
            throw error
        }
        for member in members where member.isRunning {
            member.signal(15)
            #expect(try await member.ended(within: 15) == 0, "SIGTERM drains and ends with 0")
        }
    }
    try await database.drop()
}
