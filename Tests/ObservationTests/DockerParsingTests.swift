import FleetModel
import Observation
import Testing

/// Recorded from docker CLI 28.2.2 and 20.10.24 on dockerd 20.10.24; both print the same.
private enum Recorded {
    static let oom =
        #"{"id":"37ea6d7d719f89dd8b1989e060ad9ae99d0a298eef33e59bba241cb5d189764e","name":"/w-oom","state":"exited","#
        + #""health":null,"code":137,"oom":true,"restarts":0,"image":"muster-test:1","#
        + #""created":"2026-11-21T01:42:34.991753396Z","started":"2026-11-21T01:42:35.482992604Z","#
        + #""service":"","compose":"","oneoff":"","task_of":"","stack":""}"#
    static let created =
        #"{"id":"3a9c2226d57d067f9a74195d43fb7f4af9a3ce82f6f0916f09bf81c7273ffffa","name":"/w-created","#
        + #""state":"created","health":null,"code":0,"oom":false,"restarts":0,"image":"muster-test:1","#
        + #""created":"2026-11-21T01:42:34.941479765Z","started":"0001-01-01T00:00:00Z","#
        + #""service":"","compose":"comp","oneoff":"","task_of":"","stack":""}"#
    static let restarting =
        #"{"id":"9b263dff3536b982d3d617a20021ad078f47ae440614a6cdfde64fa2f1d7e339","name":"/w-restarting","#
        + #""state":"restarting","health":null,"code":3,"oom":false,"restarts":9,"image":"muster-test:1","#
        + #""created":"2026-11-21T01:42:34.472139991Z","started":"2026-11-21T01:43:03.259989535Z","#
        + #""service":"","compose":"","oneoff":"","task_of":"","stack":""}"#
    static let unhealthy =
        #"{"id":"dcb8d3da0eba75394907416cc21d8033cb5a6575933f8cf946adfd160f9c0f52","name":"/w-unhealthy","#
        + #""state":"running","health":"unhealthy","code":0,"oom":false,"restarts":0,"image":"muster-test:1","#
        + #""created":"2026-11-21T01:42:33.034078376Z","started":"2026-11-21T01:42:33.353600957Z","#
        + #""service":"","compose":"","oneoff":"","task_of":"","stack":""}"#

    static let listing =
        #"{"ID":"uwocjgottsz0","Image":"muster-test:2","Mode":"replicated","Name":"s-ok","Ports":"","Replicas":"1/2"}"#
    static let job =
        #"{"ID":"lyv6ywm3oqqt","Image":"muster-test:1","Mode":"replicated job","Name":"s-job","Ports":"","#
        + #""Replicas":"0/1 (1/1 completed)"}"#
    static let service =
        #"{"id":"uwocjgottsz0yjs5amh7smoc8","name":"s-ok","version":94,"created":"2026-11-21T01:43:10.825428786Z","#
        + #""updated":"2026-11-21T01:43:17.441683964Z","update":"paused","#
        + #""update_started":"2026-11-21T01:43:17.215657314Z","image":"muster-test:2","#
        + #""service":"labelled","stack":""}"#
    static let plainService =
        #"{"id":"14vuk3j4dy2drkzb3a9ta3kks","name":"st_web","version":26,"created":"2026-11-21T01:43:11.032114605Z","#
        + #""updated":"2026-11-21T01:43:11.032114605Z","update":null,"update_started":null,"#
        + #""image":"muster-test:1","service":"","stack":"st"}"#
}

struct DockerParsingTests {
    @Test func readsARecordedContainer() throws {
        let record = try ContainerRecord(line: Recorded.oom.utf8)
        #expect(
            record
                == ContainerRecord(
                    id: "37ea6d7d719f89dd8b1989e060ad9ae99d0a298eef33e59bba241cb5d189764e", name: "w-oom",
                    state: .exited, exitCode: 137, outOfMemory: true, image: "muster-test:1",
                    createdAt: WallTime(rfc3339: "2026-11-21T01:42:34.991Z"),
                    startedAt: WallTime(rfc3339: "2026-11-21T01:42:35.482Z")))
    }

    @Test func readsStatesHealthAndLabels() throws {
        let created = try ContainerRecord(line: Recorded.created.utf8)
        #expect(created.state == .created)
        #expect(created.startedAt == nil, "docker's zero time")
        #expect(created.composeService == "comp")
        #expect(created.serviceLabel == nil)
        let restarting = try ContainerRecord(line: Recorded.restarting.utf8)
        #expect(restarting.state == .restarting)
        #expect(restarting.restartCount == 9)
        #expect(restarting.exitCode == 3)
        let unhealthy = try ContainerRecord(line: Recorded.unhealthy.utf8)
        #expect(unhealthy.health == .unhealthy)
    }

    @Test(arguments: [
        ("", "empty"), ("{", "cut off"), ("null", "no object"), ("[]", "no object"),
        (#"{"id":"a"}"#, "fields missing"),
        (Recorded.oom.replacing(#""exited""#, with: #""sleeping""#), "a state that docker does not have"),
        (Recorded.unhealthy.replacing(#""unhealthy""#, with: #""fine""#), "a health that docker does not have"),
        (Recorded.oom.replacing("137", with: #""137""#), "a number as text"),
        (String(Recorded.oom.dropLast(20)), "cut off late"),
        (Recorded.oom + Recorded.oom, "two in one line"),
        ("<html>502 Bad Gateway</html>", "a proxy's answer"),
    ])
    func refusesAContainerThatIsNotOne(line: String, note: String) {
        #expect(throws: UnreadableLine.self, "\(note)") { try ContainerRecord(line: line.utf8) }
    }

    @Test func readsRecordedSwarmServices() throws {
        let listing = try SwarmListing(line: Recorded.listing.utf8)
        #expect(listing.replicas == ReplicaCount(running: 1, wanted: 2))
        let job = try SwarmListing(line: Recorded.job.utf8)
        #expect(job.mode == .replicatedJob)
        #expect(job.replicas == ReplicaCount(running: 0, wanted: 1))

        let record = try #require(try SwarmRecord(line: Recorded.service.utf8, listings: ["s-ok": listing]))
        #expect(record.id == "uwocjgottsz0yjs5amh7smoc8")
        #expect(record.replicas == ReplicaCount(running: 1, wanted: 2))
        #expect(record.update == .paused)
        #expect(record.updateStartedAt == WallTime(rfc3339: "2026-11-21T01:43:17.215Z"))
        #expect(record.specVersion == 94)
        #expect(record.serviceLabel == "labelled")
        #expect(record.stack == nil)
        #expect(record.image == "muster-test:2")
        #expect(try SwarmRecord(line: Recorded.service.utf8, listings: [:]) == nil, "not on the list")
    }

    @Test(arguments: [
        ("2/3", ReplicaCount(running: 2, wanted: 3), "plain"),
        ("1/1 (max 1 per node)", ReplicaCount(running: 1, wanted: 1), "with a bound per node"),
        ("0/0", ReplicaCount(running: 0, wanted: 0), "scaled to zero"),
    ])
    func readsReplicas(text: String, expected: ReplicaCount, note: String) throws {
        let line = Recorded.listing.replacing("1/2", with: text)
        #expect(try SwarmListing(line: line.utf8).replicas == expected, "\(note)")
    }

    @Test(arguments: ["", "2", "two/three", "-1/2", "1/2/3"])
    func refusesReplicasThatAreNone(text: String) {
        let line = Recorded.listing.replacing("1/2", with: text)
        #expect(throws: UnreadableLine.self) { try SwarmListing(line: line.utf8) }
    }

    @Test func namesTheServiceWithinItsStack() throws {
        let listing = try SwarmListing(
            line: Recorded.listing.replacing("s-ok", with: "st_web").utf8)
        let record = try #require(try SwarmRecord(line: Recorded.plainService.utf8, listings: ["st_web": listing]))
        #expect(record.nameInStack == "web")
        #expect(record.update == nil)
    }
}
