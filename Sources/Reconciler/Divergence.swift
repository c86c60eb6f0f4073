internal import FleetModel

/// A difference between desired and observed that evidence supports and an action would mend.
enum Divergence: Hashable {
    case down(DownCause)
    case absent(image: String, replicas: Int?)
    case version(wanted: String, version: String, observed: String)
    case replicas(observed: Int, wanted: Int, owner: ReplicasOwner)
    /// Up although it is to be stopped; or down in a way that still runs something.
    case runsThoughStopped(DownCause?)

    var kind: ActionKind {
        switch self {
        case .down: .restartService
        case .absent, .version: .deployService
        case .replicas: .scaleService
        case .runsThoughStopped: .stopService
        }
    }

    /// Stopping needs nobody else to be up.
    var waitsForDependencies: Bool {
        if case .runsThoughStopped = self { false } else { true }
    }

    var params: JSONObject {
        switch self {
        case .down, .runsThoughStopped:
            JSONObject()
        case .absent(let image, let replicas?):
            JSONObject([("create", true), ("image", .string(image)), ("replicas", .integer(replicas))])
        case .absent(let image, nil):
            JSONObject([("create", true), ("image", .string(image))])
        case .version(let wanted, _, let observed):
            JSONObject([("image", .string(wanted)), ("from_image", .string(observed))])
        case .replicas(let observed, let wanted, _):
            JSONObject([("replicas", .integer(wanted)), ("from_replicas", .integer(observed))])
        }
    }

    /// One short sentence with the facts. `at` is when the newest of them was collected.
    func reason(seenAt at: WallTime) -> String {
        switch self {
        case .down(let cause): "\(cause), seen at \(at)"
        case .absent(let image, _): "docker does not know it, seen at \(at); it is to be created from \(image)"
        case .version(_, let version, let observed): "runs \(observed), the registry wants \(version)"
        case .replicas(let observed, let wanted, .autoscaler):
            "has \(observed) replicas, `scaling` allows \(observed < wanted ? "no fewer" : "no more") than \(wanted)"
        case .replicas(let observed, let wanted, _): "has \(observed) replicas, the registry wants \(wanted)"
        case .runsThoughStopped(let cause?): "\(cause), seen at \(at), but the registry wants it stopped"
        case .runsThoughStopped(nil): "up, the registry wants it stopped"
        }
    }
}
