import ActionPolicy
import ControlPlane
import DockerCLI
package import FleetConfig
package import FleetModel
import Observation
import Reconciler
import Store

/// What commands answer with `--offline`: from the files and docker as they are here, without a daemon, its ledger
/// or its store. So no budget is used, nothing is held, and no action is under way.
package enum Offline {
    /// The flags as the daemon would read them.
    package static func flags(environment: [String: String]) throws(CommandError) -> Flags {
        do {
            return try Flags.load(environment: environment, home: environment["HOME"] ?? "/")
        } catch {
            throw .local("the configuration is not valid:\n\(error)")
        }
    }

    /// The contract's plan. Each docker host is looked at once; probes are not run, because what they say takes several rounds.
    package static func plan(_ flags: Flags, path: String, at now: WallTime) async throws(CommandError) -> JSONValue {
        let desired = try desiredState(flags)
        let policy = try policy(flags.policyPath)
        let snapshot = await snapshot(flags, path: path, desired, at: now)
        var settings = ControlSettings()
        settings.maximumActions = flags.reconcilerMaxActions
        settings.actuator = flags.actuator.rawValue
        settings.isDryRun = flags.actuator == .dryrun
        let inputs = TickInputs(
            desired: desired, snapshot: snapshot,
            plan: Reconciler.plan(desired, snapshot, History(holds: HoldSet(at: now)), now: now),
            working: WorkingSet(), holds: HoldSet(at: now), policy: policy, ledger: LedgerView(head: 0),
            settings: settings, term: Term(holder: "offline", epoch: 0), now: now)
        return PlanView(inputs).json
    }

    /// The answer of `POST /api/fleet/policy/evaluate`, judged by the policy file alone.
    package static func explain(
        _ proposal: Proposal, policyPath: String?, at now: WallTime
    ) throws(CommandError) -> JSONValue {
        let policy = try policy(policyPath)
        let verdict = ActionPolicy.decide(
            proposal, policy: policy, ledger: LedgerView(head: 0), hold: nil, now: now)
        return verdict.json(at: now, policyDigest: policy.digest)
    }

    /// The shipped file where no path is given.
    static func path(_ given: String?, shipped name: String) throws(CommandError) -> String {
        guard let path = given ?? ShippedFiles.locate(name) else {
            throw .local("the shipped `\(name)` is not found; name a file of your own with its flag")
        }
        return path
    }

    private static func policy(_ given: String?) throws(CommandError) -> Policy {
        let path = try path(given, shipped: ShippedFiles.policy)
        do {
            return try Policy.read(try YAMLFile.load(path))
        } catch {
            throw .local("the policy is not valid:\n\(error)")
        }
    }

    static func desiredState(_ flags: Flags) throws(CommandError) -> DesiredState {
        let registry = try path(flags.registryPath, shipped: ShippedFiles.registry)
        let loader = DesiredStateLoader(
            registryPath: registry, overlayPath: flags.desiredStatePath, profiles: flags.profiles)
        do {
            return try loader.load().desired
        } catch {
            throw .local("the registry is not valid:\n\(error)")
        }
    }

    private static func snapshot(
        _ flags: Flags, path: String, _ desired: DesiredState, at now: WallTime
    ) async -> Snapshot {
        guard let executable = DockerCLI.find(inPath: path) else {
            let source = Snapshot.Source(source: .docker, at: now, failure: "there is no `docker` in PATH")
            return Snapshot(observations: [], sources: [source], at: now, generation: 1)
        }
        let cli = DockerCLI(executable: executable, host: flags.dockerHost, timeout: .seconds(flags.dockerTimeout))
        let observer = FleetObserver(
            observers: [], docker: DockerHosts(cli), deadline: .seconds(flags.dockerTimeout + 4))
        let reports = await observer.observe(desired, now: now)
        var merger = SnapshotMerger(intervalSeconds: flags.reconcilerInterval)
        return merger.merge(reports, desired: desired, now: now)
    }
}
