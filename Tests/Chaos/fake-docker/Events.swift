import Glibc

/// `docker events`: a line whenever something in the fleet has changed, until whoever reads it is gone.
struct Events {
    let fleet: Fleet

    func follow() -> Never {
        let descriptor = inotify_init1(Int32(IN_CLOEXEC))
        let changes = UInt32(IN_MOVED_TO | IN_DELETE)
        for folder in ["c", "s"] { inotify_add_watch(descriptor, "\(fleet.home)/\(folder)", changes) }
        let parent = getppid()
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let ready = poll(&waiting, 1, 1000)
            if getppid() != parent || (ready < 0 && errno != EINTR) { exit(0) }
            guard ready > 0, read(descriptor, &buffer, buffer.count) > 0 else { continue }
            Files.write("container start\n", to: STDOUT_FILENO)
        }
    }
}
