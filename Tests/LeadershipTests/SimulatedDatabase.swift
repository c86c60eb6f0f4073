import FleetModel
import Leadership

/// The lock and the rows as docs/leadership.md has them: what `PostgresSeat` does with statements. Each exchange is
/// one instant.
struct Database {
    struct Row {
        var epoch: Int
        var holder: String
        var lease: Int
        var resigned: Bool
        var identity: Int
        var acquiredAt: Int
    }

    struct Instance {
        var heartbeat: Int
        var session: Int
    }

    var isUp = true
    /// Its clock's distance from true time.
    var offset = 0
    var sessions: [Int: String] = [:]
    var lockHolder: Int?
    var row: Row?
    var instances: [String: Instance] = [:]
    var identity = 1
    /// Leadership moved with the last exchange.
    var tookTurn = false
    private var sessionNumber = 0
    /// What a standby has.
    private var replica: (row: Row?, instances: [String: Instance])?

    mutating func open(_ id: String, _ now: Int) -> Int {
        sessionNumber += 1
        sessions[sessionNumber] = id
        // A new session reports itself before it tries for the lock.
        instances[id] = Instance(heartbeat: now + offset, session: sessionNumber)
        return sessionNumber
    }

    mutating func close(_ session: Int) {
        sessions[session] = nil
        if lockHolder == session { lockHolder = nil }
    }

    mutating func copy() { replica = (row, instances) }

    mutating func promote() {
        guard let replica else { return }
        (row, instances) = replica
        identity += 1
        lockHolder = nil
    }

    mutating func campaign(
        _ session: Int, _ now: Int, _ campaign: Campaign, lease: Duration, refresh: Int
    ) -> CampaignOutcome {
        let time = now + offset
        let id = sessions[session] ?? ""
        if time - (instances[id]?.heartbeat ?? .min / 2) >= refresh || instances[id] == nil {
            instances[id] = Instance(heartbeat: time, session: session)
        }
        let leader = row.flatMap { $0.resigned ? nil : sighting($0, time) }
        if let lockHolder, lockHolder != session {
            return .lost(Lost(leader: leader, blocker: blocker(lockHolder, time)))
        }
        lockHolder = session
        let before = row
        let isPromoted = before.map { $0.identity != identity } ?? false
        let last = before?.epoch ?? 0
        let epoch = isPromoted ? max(last / 1_000_000 + 1, identity - 1) * 1_000_000 : last + 1
        let own = Int(lease.inMilliseconds)
        let left = before.map { $0.resigned ? 0 : $0.lease - max(0, sighting($0, time).age.inMilliseconds.asInt) } ?? 0
        row = Row(
            epoch: epoch, holder: id, lease: max(own, left), resigned: false, identity: identity, acquiredAt: time)
        instances[id] = Instance(heartbeat: time, session: session)
        tookTurn = true
        var predecessor = leader
        if isPromoted, let before {
            predecessor = sighting(before, time)
            predecessor?.heartbeat = nil
        }
        let tenure = Tenure(
            term: Term(holder: id, epoch: epoch), since: WallTime(milliseconds: Int64(time)),
            reason: before == nil ? .first : isPromoted ? .promoted : .released)
        return .won(Won(tenure: tenure, predecessor: predecessor))
    }

    private func sighting(_ row: Row, _ time: Int) -> Sighting {
        let heartbeat = instances[row.holder]?.heartbeat ?? row.acquiredAt
        return Sighting(
            term: Term(holder: row.holder, epoch: row.epoch), heartbeat: WallTime(milliseconds: Int64(heartbeat)),
            age: .milliseconds(time - heartbeat), lease: .milliseconds(row.lease))
    }

    private func blocker(_ session: Int, _ time: Int) -> Blocker {
        let id = sessions[session] ?? ""
        guard let instance = instances[id], instance.session == session else {
            return .forsaken(pid: Int32(session), name: id)
        }
        return .instance(id, heartbeatAge: .milliseconds(time - instance.heartbeat), lease: .milliseconds(leaseOfAll))
    }

    private var leaseOfAll: Int { 3000 }

    mutating func beat(_ session: Int, _ now: Int, _ term: Term) -> BeatOutcome {
        guard let row, !row.resigned, row.epoch == term.epoch, row.holder == term.holder, row.identity == identity,
            instances[term.holder]?.session == session
        else { return .lost(.noRow) }
        instances[term.holder]?.heartbeat = now + offset
        return .kept
    }

    /// The sessions that are to be ended.
    func overthrow(_ blocker: Blocker, _ now: Int) -> [Int] {
        switch blocker {
        case .instance(let id, _, let lease):
            guard let instance = instances[id], now + offset - instance.heartbeat > lease.inMilliseconds else {
                return []
            }
            return sessions.filter { $0.value == id }.keys.sorted()
        case .forsaken(let pid, _): return lockHolder == Int(pid) ? [Int(pid)] : []
        case .row, .foreign: return []
        }
    }

    mutating func resign(_ session: Int, _ term: Term?) {
        guard let term else { return }
        if row?.epoch == term.epoch, row?.holder == term.holder { row?.resigned = true }
        if lockHolder == session { lockHolder = nil }
        tookTurn = true
    }
}

extension Int64 {
    fileprivate var asInt: Int { Int(self) }
}
