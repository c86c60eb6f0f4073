package import FleetModel
package import Logging
internal import Synchronization

/// Stands for election on a seat: runs the machine `Election` against the seat, a clock and sleeps, and decides
/// nothing itself.
///
/// Each event is handled under one lock, in which nothing waits; what it directs is carried out by `run` in the same
/// order. What others ask (`standing`, `mayDispatch`) is answered from the machine and the clock alone, so the answer
/// is right even while `run` gets no time.
package final class Elector: Candidacy {
    private let seat: any ElectionSeat
    private let now: @Sendable () -> BootTime
    private let jitter: @Sendable () -> Double
    private let sleep: @Sendable (Duration) async -> Void
    private let logger: Logger
    private let shared: Mutex<Shared>
    private let directives: AsyncStream<Election.Directive>
    private let sink: AsyncStream<Election.Directive>.Continuation

    private struct Shared {
        var election: Election
        var isRunning = false
        var onChange: @Sendable () -> Void
        /// Who waits for the end.
        var waiters: [CheckedContinuation<Void, Never>] = []

        mutating func begin() -> Bool {
            defer { isRunning = true }
            return !isRunning
        }

        mutating func finish() -> [CheckedContinuation<Void, Never>] {
            isRunning = false
            return takeWaiters()
        }

        mutating func takeWaiters() -> [CheckedContinuation<Void, Never>] {
            defer { waiters = [] }
            return waiters
        }
    }

    /// `instance` holds the terms; no process before or after may have the same. `jitter` draws from 0 up to 1.
    /// `onChange` is called at each change of standing, and when what it allows has changed.
    package init(
        seat: any ElectionSeat, instance: String, timing: ElectionTiming,
        now: @escaping @Sendable () -> BootTime = BootTime.system,
        jitter: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) },
        sleep: @escaping @Sendable (Duration) async -> Void = { try? await Task.sleep(for: $0) },
        logger: Logger, onChange: @escaping @Sendable () -> Void = {}
    ) {
        self.seat = seat
        self.now = now
        self.jitter = jitter
        self.sleep = sleep
        self.logger = logger
        shared = Mutex(Shared(election: Election(instance: instance, timing: timing), onChange: onChange))
        (directives, sink) = AsyncStream.makeStream()
    }

    /// Replaces what `init` was given, for a loop that is made after its candidacy.
    package func whenChanged(_ onChange: @escaping @Sendable () -> Void) {
        shared.withLock { $0.onChange = onChange }
    }

    // MARK: - Candidacy

    package var standing: Standing { shared.withLock { $0.election.standing(at: now()) } }

    package func stand() async -> Standing { standing }

    package func mayDispatch(_ term: Term) -> Bool { shared.withLock { $0.election.mayDispatch(term, at: now()) } }

    package func lose(_ term: Term, reason: String) { send(.refused(term, reason)) }

    /// Once only.
    package func run() async {
        guard shared.withLock({ $0.begin() }) else { return }
        send(.start)
        await withTaskGroup(of: Void.self) { group in
            var timer: Task<Void, Never>?
            for await directive in directives {
                switch directive {
                case .setTimer(let moment):
                    timer?.cancel()
                    timer = Task { await self.fire(at: moment) }
                case .announce(let standing): announce(standing)
                case .tell(let remark): tell(remark)
                // In its turn: a session that is made afterwards must not be the one that ends.
                case .disconnect: await seat.disconnect()
                case .connect(let link): group.addTask { await self.connect(link) }
                case .campaign(let link, let campaign):
                    group.addTask {
                        await self.exchange(link) { seat throws(SeatError) in
                            .campaigned(link: link, try await seat.campaign(campaign))
                        }
                    }
                case .beat(let link, let term):
                    group.addTask {
                        await self.exchange(link) { seat throws(SeatError) in
                            .beaten(link: link, try await seat.beat(term))
                        }
                    }
                case .overthrow(let link, let blocker):
                    group.addTask {
                        await self.exchange(link) { seat throws(SeatError) in
                            .overthrown(link: link, try await seat.overthrow(blocker))
                        }
                    }
                case .resign(let link, let term):
                    group.addTask {
                        await self.exchange(link) { seat throws(SeatError) in
                            try await seat.resign(term)
                            return .resigned(link: link)
                        }
                    }
                }
            }
            timer?.cancel()
            group.cancelAll()
            // Breaks off what is still under way.
            await seat.disconnect()
        }
        release(shared.withLock { $0.finish() })
    }

    /// Bounded by the seat's own deadlines. Returns at once when `run` is not running.
    package func resign() async {
        send(.shutdown)
        await withCheckedContinuation { continuation in
            let mustWait = shared.withLock { shared in
                guard shared.isRunning, !shared.election.isOver else { return false }
                shared.waiters.append(continuation)
                return true
            }
            if !mustWait { continuation.resume() }
        }
    }

    /// Since when the lease that this process leads under runs; nil while it does not lead.
    package var leaseAge: Duration? {
        let moment = now()
        // Not in the closure: the optimiser of Swift 6.3.1 crashes on that (CopyPropagation).
        let provenAt = shared.withLock { $0.election.provenAt }
        return provenAt.map { moment - $0 }
    }

    // MARK: - Events

    private func send(_ event: Election.Event) {
        let ended = shared.withLock { shared in
            // Under the lock, so that directives stand in the order of the events that they come from.
            for directive in shared.election.handle(event, at: now(), jitter: jitter()) { sink.yield(directive) }
            return shared.election.isOver ? shared.takeWaiters() : []
        }
        release(ended)
    }

    private func release(_ waiters: [CheckedContinuation<Void, Never>]) {
        for waiter in waiters { waiter.resume() }
    }

    private func fire(at moment: BootTime) async {
        let span = moment - now()
        if span > .zero { await sleep(span) }
        // Replaced by another timer, or the end.
        guard !Task.isCancelled else { return }
        send(.timer)
    }

    // MARK: - Directives

    /// Stays for as long as the session lives, and passes on what it says.
    private func connect(_ link: Int) async {
        let signals: AsyncStream<SeatSignal>
        do throws(SeatError) {
            signals = try await seat.connect()
        } catch {
            return send(.failed(link: link, error))
        }
        send(.connected(link: link))
        for await signal in signals { send(.signalled(link: link, signal)) }
    }

    private func exchange(
        _ link: Int, _ body: (any ElectionSeat) async throws(SeatError) -> Election.Event
    ) async {
        do throws(SeatError) {
            send(try await body(seat))
        } catch {
            send(.failed(link: link, error))
        }
    }

    private func announce(_ standing: Standing) {
        logger.debug("standing", metadata: ["event": "standing", "standing": "\(standing)"])
        shared.withLock { $0.onChange }()
    }

    private func tell(_ remark: ElectionRemark) {
        let level: Logger.Level =
            switch remark {
            case .elected, .resigns: .notice
            case .steppedDown, .overthrew, .mayNotOverthrow, .foreignLock, .cannotStand: .warning
            }
        logger.log(level: level, "\(remark)", metadata: ["event": "election"])
    }
}
