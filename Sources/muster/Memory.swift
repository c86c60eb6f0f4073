import CMalloc

/// How the C library's allocator is to behave in a daemon that reads a whole fleet every so often.
enum Memory {
    /// Call first, before other threads allocate.
    ///
    /// By default glibc gives each thread an arena and raises the size from which it maps memory apart to that of
    /// the largest block freed, so that a fleet's arrays stay resident after they are freed. Two arenas and a fixed
    /// bound of 1 MiB give them back (mallopt(3)).
    static func keepSmall() {
        mallopt(M_ARENA_MAX, 2)
        mallopt(M_MMAP_THRESHOLD, 1 << 20)
        mallopt(M_TRIM_THRESHOLD, 8 << 20)
    }

    /// Gives back what a tick has freed: over a large fleet that is much, in many small pieces, which the allocator
    /// keeps otherwise (malloc_trim(3)). Tens of milliseconds for 100,000 services, nothing to speak of for a few.
    static func giveBack() {
        malloc_trim(0)
    }
}
