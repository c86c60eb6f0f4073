import Actuators
import ControlPlane
import FleetModel
import Leadership
import Logging
import Observation
import Store

/// One process of Muster from its start to its death: the real control plane over simulated parts.
///
/// Unchecked: all of it is touched by the simulation's only thread.
final class Life: @unchecked Sendable {
    let index: Int
    let name: String
    let queue = JobQueue()
    unowned let world: World
    var isDead = false
    /// Stopped like by SIGSTOP until then; nothing of it runs and no answer reaches it.
    var pausedUntil: Int64?
    /// What came in while it was stopped, in that order.
    var heldBack: [() -> Void] = []
    /// Its wall clock, away from the true time by so much.
    var wallSkew: Int64 = 0
    /// How long it was stopped in all; a clock that does not count suspended time runs that much behind.
    var stoppedFor: Int64 = 0
    /// When the look began that its newest snapshot rests on.
    var lookedAt: Int64 = -1
    var link = LinkState.sound
    var merger = SnapshotMerger(staleAfterSeconds: 60)
    var control: ControlPlane!
    var elector: Elector!
    var root: Task<Void, Never>?
    /// Calls that wait for the world, and how each is ended when this life is.
    private var waiting: [Int: () -> Void] = [:]
    private var nextCall = 0
    /// The session of its election, if it has one.
    var sessionPID: Int32?
    var session: AsyncStream<SeatSignal>.Continuation?
    var notices: [AsyncStream<StoreNotice>.Continuation] = []

    enum LinkState: String {
        case sound
        case requestsLost = "requests lost"
        case answersLost = "answers lost"
    }

    init(_ world: World, index: Int, name: String) {
        self.world = world
        self.index = index
        self.name = name
    }

    var isRunnable: Bool { !isDead && pausedUntil == nil }
    var wallTime: WallTime { world.wallTime.adding(milliseconds: wallSkew) }

    /// Makes what is enqueued meanwhile this life's.
    func during(_ body: () -> Void) {
        let before = Scheduler.current
        Scheduler.current = queue
        body()
        Scheduler.current = before
    }

    /// Waits until `begin`'s argument is called, or gives `fallen` when this life dies first.
    func wait<T: Sendable>(fallen: T, _ begin: (@escaping (T) -> Void) -> Void) async -> T {
        if isDead { return fallen }
        return await withUnsafeContinuation { (continuation: UnsafeContinuation<T, Never>) in
            let call = nextCall
            nextCall += 1
            waiting[call] = { continuation.resume(returning: fallen) }
            begin { [self] answer in
                guard waiting.removeValue(forKey: call) != nil else { return }
                during { continuation.resume(returning: answer) }
            }
        }
    }

    func sleep(_ span: Duration) async {
        let ticket = SleepTicket()
        await withTaskCancellationHandler {
            await wait(fallen: ()) { wake in
                if ticket.isCancelled { return wake(()) }
                ticket.wake = { wake(()) }
                world.after(max(0, (span.inNanoseconds + 999) / 1000), for: self) { wake(()) }
            }
        } onCancel: {
            ticket.isCancelled = true
            ticket.wake?()
        }
    }

    /// Ends it: its tasks are cancelled and run out against a world that answers nothing, so that their memory is
    /// given back. Nothing they do meanwhile reaches anything.
    func die() {
        isDead = true
        session?.finish()
        for notice in notices { notice.finish() }
        heldBack = []
        during {
            root?.cancel()
            control.waker.finish()
        }
        var bound = 20_000
        while bound > 0 {
            let calls = waiting.keys.sorted()
            for call in calls { if let end = waiting.removeValue(forKey: call) { during(end) } }
            if queue.jobs.isEmpty { break }
            while !queue.jobs.isEmpty, bound > 0 {
                queue.run(at: 0)
                bound -= 1
            }
        }
        control = nil
        elector = nil
        root = nil
    }

    /// Unchecked: as `Life`.
    private final class SleepTicket: @unchecked Sendable {
        var isCancelled = false
        var wake: (() -> Void)?
    }
}
