import Glibc

/// `muster-simulation`: docs/simulation.md.
private struct Options {
    var seeds: Range<UInt64> = 0..<10_000
    var steps = 1000
    var plant: Plant?
    var trace: UInt64?
    var workers = 1

    init?(_ arguments: [String]) {
        var rest = arguments[...]
        while let name = rest.popFirst() {
            guard let value = rest.popFirst() else { return nil }
            switch name {
            case "--seeds":
                let ends = value.split(separator: "..<").compactMap { UInt64($0) }
                guard ends.count == 2, ends[0] < ends[1] else { return nil }
                seeds = ends[0]..<ends[1]
            case "--steps": steps = Int(value) ?? steps
            case "--plant":
                guard let known = Plant(rawValue: value) else { return nil }
                plant = known
            case "--trace": trace = UInt64(value)
            case "--workers": workers = max(1, Int(value) ?? 1)
            default: return nil
            }
        }
    }
}

/// Sets of Swift are in another order in each process unless this is set before it starts.
private func restartDeterministically() {
    guard getenv("SWIFT_DETERMINISTIC_HASHING") == nil else { return }
    setenv("SWIFT_DETERMINISTIC_HASHING", "1", 1)
    var arguments = CommandLine.arguments.map { strdup($0) } + [nil]
    execv("/proc/self/exe", &arguments)
}

private func printTrace(_ result: Run.Result) {
    print(result.trace.joined(separator: "\n"))
    let digest = String(result.digest, radix: 16)
    print("\(result.steps) steps, \(result.dispatches) dispatches, \(result.elections) elections, digest \(digest)")
}

/// Runs the seeds one after the other; 1 at the first violation, with its trace.
private func work(_ seeds: some Sequence<UInt64>, _ options: Options) -> Int32 {
    var count = 0
    var steps = 0
    var dispatches = 0
    var elections = 0
    var digest: UInt64 = 0
    for seed in seeds {
        let result = Run(seed: seed, steps: options.steps, plant: options.plant).run()
        count += 1
        steps += result.steps
        dispatches += result.dispatches
        elections += result.elections
        digest ^= result.digest &* (2 * seed + 1)
        if let violation = result.violation {
            let again = Run(seed: seed, steps: options.steps, plant: options.plant, isTraced: true).run()
            print(again.trace.suffix(400).joined(separator: "\n"))
            print("seed \(seed), step \(result.steps): \(violation)")
            if again.digest != result.digest { print("THE SAME SEED GAVE ANOTHER TRACE") }
            return 1
        }
    }
    print(
        "\(count) seeds, \(steps) steps, \(dispatches) dispatches, \(elections) elections, digest "
            + String(digest, radix: 16))
    return 0
}

/// Each worker takes every so many'th seed, so that the first violations are found first.
private func spread(_ options: Options) -> Int32 {
    var children: [pid_t] = []
    for worker in 0..<options.workers {
        let seeds = stride(
            from: options.seeds.lowerBound + UInt64(worker), to: options.seeds.upperBound, by: options.workers)
        fflush(nil)
        let child = forkWorker()
        if child == 0 {
            let code = work(seeds, options)
            fflush(nil)
            _exit(code)
        }
        children.append(child)
    }
    var code: Int32 = 0
    while !children.isEmpty {
        var status: Int32 = 0
        let ended = wait(&status)
        if ended < 0 { return 1 }
        children.removeAll { $0 == ended }
        guard status != 0 else { continue }
        code = 1
        // One violation is enough.
        for child in children { kill(child, SIGKILL) }
    }
    return code
}

/// Swift does not show `fork`, since most programs have threads; this one has none.
@_silgen_name("fork") private func forkWorker() -> pid_t

restartDeterministically()
guard let options = Options(Array(CommandLine.arguments.dropFirst())) else {
    print("usage: muster-simulation [--seeds A..<B] [--steps N] [--plant NAME] [--workers N] [--trace SEED]")
    print("plants: " + Plant.allCases.map(\.rawValue).joined(separator: " "))
    exit(64)
}
guard Scheduler.install() else {
    print("this Swift runtime has no swift_task_enqueueGlobal_hook")
    exit(70)
}
if let seed = options.trace {
    let result = Run(seed: seed, steps: options.steps, plant: options.plant, isTraced: true).run()
    printTrace(result)
    fflush(nil)
    exit(result.violation == nil ? 0 : 1)
}
let code = options.workers > 1 ? spread(options) : work(options.seeds, options)
fflush(nil)
exit(code)
