package enum ScalingDirection: String, Sendable, CaseIterable {
    case up
    case down
}

/// So many samples in a row that ask for the same direction.
package struct ScalingStreak: Hashable, Sendable {
    package var direction: ScalingDirection
    /// Counted up to what the direction needs, so that a long streak is not news at every evaluation.
    package var samples: Int
    /// When the newest of them was measured. A sample closer to it than the evaluation's spacing is not counted.
    package var countedAt: WallTime

    package init(direction: ScalingDirection, samples: Int, countedAt: WallTime) {
        self.direction = direction
        self.samples = samples
        self.countedAt = countedAt
    }
}

/// What the autoscaler keeps of one service from evaluation to evaluation. The store holds it, so that it survives
/// restarts and failovers; one for dry run and one for real.
package struct ScalingMemory: Hashable, Sendable {
    package var streak: ScalingStreak?
    /// When the newest sample that was good was measured.
    package var newestSampleAt: WallTime?
    /// Since when there has been no data without a break; nil while there is.
    package var lostSince: WallTime?
    /// The replicas last observed, to notice who else changes them.
    package var replicas: Int?
    /// A number of replicas that nobody set through Muster, as long as it stands.
    package var outside: OutsideScaling?

    package init(
        streak: ScalingStreak? = nil, newestSampleAt: WallTime? = nil, lostSince: WallTime? = nil,
        replicas: Int? = nil, outside: OutsideScaling? = nil
    ) {
        self.streak = streak
        self.newestSampleAt = newestSampleAt
        self.lostSince = lostSince
        self.replicas = replicas
        self.outside = outside
    }

    /// Whether the store has to be told. The time of the newest sample alone is no news: it moves at every
    /// evaluation, and a tick in which nothing differs writes nothing.
    package func isNews(after previous: ScalingMemory) -> Bool {
        streak?.direction != previous.streak?.direction || streak?.samples != previous.streak?.samples
            || lostSince != previous.lostSince || replicas != previous.replicas || outside != previous.outside
    }
}

/// The replicas of a service changed and no action of Muster's did it: `docker service scale` by hand, say.
package struct OutsideScaling: Hashable, Sendable {
    package var replicas: Int
    package var noticedAt: WallTime

    package init(replicas: Int, noticedAt: WallTime) {
        self.replicas = replicas
        self.noticedAt = noticedAt
    }
}

/// The newest scaling of a service that the ledger allowed or an action carried out, in the scope of the actuator in
/// use (real or dry run).
package struct PastScaling: Hashable, Sendable {
    package enum Author: Hashable, Sendable {
        case autoscaler
        /// The reconciler or a playbook.
        case muster
        case person(String)
    }

    /// When it was allowed, or, once it ended, when it ended: the later of the two.
    package var at: WallTime
    package var replicas: Int
    package var from: Int?
    package var author: Author

    package init(at: WallTime, replicas: Int, from: Int? = nil, author: Author) {
        self.at = at
        self.replicas = replicas
        self.from = from
        self.author = author
    }
}
