import FleetModel

/// One probe to carry out now.
struct ProbeJob: Sendable, Equatable {
    /// Of the entry it belongs to; results of an entry that has been replaced since are dropped.
    var token: UInt64
    var check: ProbeSpec.Check
    /// A name or an address, IPv6 without brackets.
    var address: String = DockerEndpoint.loopback
    var port: Int
    var timeoutSeconds: Int

    /// `address:port` as it stands in a URL.
    var authority: String { (address.contains(":") ? "[\(address)]" : address) + ":\(port)" }
}

/// Which services are probed, when each is due next, and what the results add up to. No IO and no clock: monotonic
/// milliseconds come in.
///
/// Each service has a phase of its own within its interval, from its name, so that ten thousand probes spread evenly
/// instead of bursting. A service is not probed again while its last probe is under way.
struct ProbeTable {
    private struct Entry {
        var name: String
        var spec: ProbeSpec
        /// Where the ports of the service's docker host are; nil is this machine.
        var endpoint: DockerEndpoint?
        var port: Int
        var token: UInt64
        var state = ProbeState()
        var due: Int64
        var isUnderWay = false
    }

    /// In the order of the names.
    private var entries: [Entry] = []
    private var indexByToken: [UInt64: Int] = [:]
    private var queue = DueQueue()
    private var nextToken: UInt64 = 1
    private var digest: String?
    /// Services with a probe that cannot be probed.
    private var portless: [String] = []

    /// Takes over new, changed and removed probes. Cheap when the desired state is the one of the last call.
    mutating func update(_ desired: DesiredState, now: Int64) {
        guard desired.digest != digest else { return }
        digest = desired.digest
        let old = entries
        var position = 0
        entries = []
        portless = []
        for service in desired.services {
            guard let spec = service.probe else { continue }
            guard let port = service.hostPort else {
                portless.append(service.name)
                continue
            }
            while position < old.count, old[position].name < service.name { position += 1 }
            if position < old.count, old[position].name == service.name, old[position].spec == spec,
                old[position].port == port, old[position].endpoint?.address == service.endpoint?.address
            {
                entries.append(old[position])
            } else {
                let phase = Int64(ProbeTable.hash(service.name) % UInt64(max(spec.intervalSeconds, 1) * 1000))
                entries.append(
                    Entry(
                        name: service.name, spec: spec, endpoint: service.endpoint, port: port, token: nextToken,
                        due: now + phase))
                nextToken += 1
            }
        }
        indexByToken = Dictionary(uniqueKeysWithValues: entries.enumerated().map { ($1.token, $0) })
        queue = DueQueue(entries.filter { !$0.isUnderWay }.map { ($0.due, $0.token) })
    }

    /// When the next probe is due; nil when none waits.
    var nextDue: Int64? { queue.first }

    /// Up to `limit` probes that are due, oldest first.
    mutating func takeDue(now: Int64, limit: Int) -> [ProbeJob] {
        var jobs: [ProbeJob] = []
        while jobs.count < limit, let due = queue.first, due <= now {
            let token = queue.removeFirst()
            guard let index = indexByToken[token] else { continue }
            entries[index].isUnderWay = true
            let entry = entries[index]
            jobs.append(
                ProbeJob(
                    token: token, check: entry.spec.check,
                    address: entry.endpoint?.address ?? DockerEndpoint.loopback, port: entry.port,
                    timeoutSeconds: entry.spec.timeoutSeconds))
        }
        return jobs
    }

    /// Takes a result in and sets when the service is due again: in its own rhythm, skipping what was missed.
    /// True when the verdict changed.
    mutating func record(token: UInt64, _ result: ProbeResult, at wallTime: WallTime, now: Int64) -> Bool {
        guard let index = indexByToken[token] else { return false }
        let interval = Int64(max(entries[index].spec.intervalSeconds, 1)) * 1000
        let missed = max((now - entries[index].due) / interval, 0)
        entries[index].due += (missed + 1) * interval
        entries[index].isUnderWay = false
        queue.insert(entries[index].due, token)
        return entries[index].state.record(result, spec: entries[index].spec, at: wallTime)
    }

    /// What is concluded of each probed service, sorted by name.
    func observations(at now: WallTime) -> [Observation] {
        var result = entries.map { entry in
            let at = entry.state.lastResultAt ?? now
            return Observation(
                service: entry.name, source: .probe, condition: entry.state.condition(spec: entry.spec, at: now),
                at: at, since: entry.state.since ?? at)
        }
        for name in portless {
            result.append(
                Observation(
                    service: name, source: .probe,
                    condition: .unknown(.sourceFailed(.probe, "it has a `probe` but no `host_port`")), at: now))
        }
        if !portless.isEmpty { result.sort { $0.service < $1.service } }
        return result
    }

    /// FNV-1a: the same phase in every process and on every host.
    static func hash(_ name: String) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return hash
    }
}

/// A binary heap of due times.
private struct DueQueue {
    private var heap: [(due: Int64, token: UInt64)] = []

    init() {}

    init(_ items: [(Int64, UInt64)]) {
        // A sorted array is a heap.
        heap = items.map { (due: $0.0, token: $0.1) }.sorted { $0.due < $1.due }
    }

    var first: Int64? { heap.first?.due }

    mutating func insert(_ due: Int64, _ token: UInt64) {
        heap.append((due, token))
        var child = heap.count - 1
        while child > 0, heap[child].due < heap[(child - 1) / 2].due {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func removeFirst() -> UInt64 {
        let token = heap[0].token
        heap[0] = heap[heap.count - 1]
        heap.removeLast()
        var parent = 0
        while true {
            var smallest = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < heap.count && heap[child].due < heap[smallest].due {
                smallest = child
            }
            if smallest == parent { return token }
            heap.swapAt(parent, smallest)
            parent = smallest
        }
    }
}
