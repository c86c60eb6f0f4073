import Glibc

/// SplitMix64 (Steele, Lea, Flood 2014): everything random of one simulated world comes from one of these.
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 0xD1B5_4A32_D192_ED03 }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }

    /// From 0 up to `bound`.
    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

    mutating func between(_ low: Int64, _ high: Int64) -> Int64 { low + Int64(next() % UInt64(high - low + 1)) }

    /// True with this many chances of a thousand.
    mutating func chance(_ thousandths: Int) -> Bool { below(1000) < thousandths }
}

/// Runs all of Swift's jobs on the one thread of this process, each for the life (one process of Muster) that made it.
///
/// A job that is made while a life's job runs, or while the world answers one of its calls, is that life's. So a life
/// can be stopped, and dropped, at every point at which it waits for anything.
enum Scheduler {
    /// Whose jobs are made now. One thread alone touches these: the hook is called on the thread that makes a job, and
    /// all jobs run on that one.
    nonisolated(unsafe) static var current = JobQueue()

    private typealias Original = @convention(thin) (UnownedJob) -> Void
    private typealias EnqueueHook = @convention(thin) (UnownedJob, Original) -> Void

    /// Takes the place of the global executor (`swift_task_enqueueGlobal_hook`, stdlib/public/Concurrency/Task.h).
    static func install() -> Bool {
        guard let symbol = dlsym(dlopen(nil, RTLD_LAZY), "swift_task_enqueueGlobal_hook") else { return false }
        symbol.assumingMemoryBound(to: EnqueueHook?.self).pointee = { job, _ in Scheduler.current.jobs.append(job) }
        return true
    }
}

/// What one life has ready to run.
final class JobQueue {
    var jobs: [UnownedJob] = []

    /// Runs one of those that are ready. Which is for the caller to draw: jobs of a pool are in no order either.
    func run(at index: Int) {
        let job = jobs.remove(at: index)
        let before = Scheduler.current
        Scheduler.current = self
        swiftJobRun(job, unsafeBitCast((UInt(0), UInt(0)), to: UnownedSerialExecutor.self))
        Scheduler.current = before
    }
}

/// The runtime's own way to run a job; `runSynchronously` wants an executor, and default actors have none.
@_silgen_name("swift_job_run")
private func swiftJobRun(_ job: UnownedJob, _ executor: UnownedSerialExecutor)
