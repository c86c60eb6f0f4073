import Actuators
import FleetModel
import Foundation
import Testing

/// One kind of action on a fake fleet: what stands there, how it comes to be asked for, and what the journal of it
/// comes by.
struct KindCase: Sendable {
    var kind: ActionKind
    /// The first command's verb as the faults name it.
    var firstVerb: String
    /// How many commands it takes.
    var commands: Int
    /// An exchange of containers, which is undone when it fails halfway.
    var isExchange = false
    /// Asked for by a person; the loop asks for the others.
    var isManual = false

    static let all: [KindCase] = [
        KindCase(kind: .restartService, firstVerb: "restart", commands: 1),
        KindCase(kind: .scaleService, firstVerb: "service-scale", commands: 1),
        KindCase(kind: .deployService, firstVerb: "create", commands: 5, isExchange: true),
        KindCase(kind: .rollbackService, firstVerb: "stop", commands: 5, isExchange: true, isManual: true),
        KindCase(kind: .stopService, firstVerb: "stop", commands: 1),
        KindCase(kind: .redeployStack, firstVerb: "restart", commands: 2, isManual: true),
    ]

    func comesBy(_ point: JournalPoint) -> Bool {
        switch point {
        case .betweenCommands: commands > 1
        case .beforeUndo, .betweenUndo, .afterUndo: isExchange
        default: true
        }
    }
}

/// What docs/faults.md promises for a crash at one point: the state of the action afterwards, and how often its
/// commands have been begun.
enum Documented: Equatable, Sendable {
    /// Carried out once, as if nothing had been.
    case succeeded
    /// Ended as failed with none of its commands run; what the loop wants it asks for anew.
    case failedUntouched
    /// Ended as failed after its first command, and put back as it was where it was an exchange.
    case failedHalfway

    init(_ point: JournalPoint, _ kind: KindCase) {
        switch point {
        case .afterClaim, .beforeCommand: self = .failedUntouched
        case .commandStarted, .betweenCommands: self = kind.commands == 1 ? .succeeded : .failedHalfway
        // A deploy goes forward: its new container stands in place and only has to be started. A rollback tries the
        // same, in vain here, and is put back.
        case .beforeUndo: self = kind.kind == .deployService ? .succeeded : .failedHalfway
        case .betweenUndo, .afterUndo: self = .failedHalfway
        default: self = .succeeded
        }
    }

    var state: ActionState { self == .succeeded ? .succeeded : .failed }
}

/// One crash: where, doing what.
struct Cell: Sendable, CustomTestStringConvertible {
    var point: JournalPoint
    var kind: KindCase

    var testDescription: String { "\(kind.kind) at \(point.rawValue)" }

    static let all: [Cell] = JournalPoint.allCases.flatMap { point in
        KindCase.all.filter { $0.comesBy(point) }.map { Cell(point: point, kind: $0) }
    }

    /// The crash that leaves something to settle comes before the one at such a point.
    var earlierPoint: JournalPoint? {
        switch point {
        case .beforeSettle, .afterLook, .beforeSettled, .afterSettled: .afterCommand
        default: nil
        }
    }

    var isAtShutdown: Bool { point == .beforeResign || point == .afterResign }
}

extension Cell {
    /// All of them; `CHAOS_CELLS` narrows a run down to those whose description has the text in it.
    static let wanted: [Cell] = {
        let text = ProcessInfo.processInfo.environment["CHAOS_CELLS"] ?? ""
        return all.filter { text.isEmpty || $0.testDescription.contains(text) }
    }()
}
