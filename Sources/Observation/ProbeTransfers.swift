import CLibCurl
import FleetModel
import Glibc

/// The probes under way, on libcurl's multi interface with epoll: a turn costs as much as there are sockets that have
/// something to say, not as many as are open. Belongs to one thread.
final class ProbeTransfers {
    private let multi: UnsafeMutableRawPointer
    private let epoll: Int32
    private let wake: Int32
    private var idle: [UnsafeMutableRawPointer] = []
    /// The handles under way, each with its retained `Transfer`.
    private var underWay: [UnsafeMutableRawPointer: Unmanaged<Transfer>] = [:]
    /// When libcurl wants to be called next, in monotonic milliseconds.
    private var timer: Int64?
    private var events = [epoll_event](repeating: epoll_event(), count: 256)

    /// Bytes of an answer that are read and dropped; what comes after them is not waited for.
    static let bodyLimit = 64 << 10
    /// Configured handles kept for the next probes.
    private static let idleLimit = 256

    /// `wake` is an eventfd that ends a wait.
    init?(wake: Int32) {
        guard let multi = curl_multi_init() else { return nil }
        let epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard epoll >= 0 else {
            curl_multi_cleanup(multi)
            return nil
        }
        self.multi = multi
        self.epoll = epoll
        self.wake = wake
        var event = epoll_event(events: EPOLLIN.rawValue, data: epoll_data(fd: wake))
        epoll_ctl(epoll, EPOLL_CTL_ADD, wake, &event)
        // Unretained: libcurl calls back only within calls made by this object.
        let context = Unmanaged.passUnretained(self).toOpaque()
        muster_curl_multi_set_pointer(multi, CURLMOPT_SOCKETDATA, context)
        muster_curl_multi_set_pointer(multi, CURLMOPT_TIMERDATA, context)
        muster_curl_multi_set_socket_callback(multi) { _, socket, what, context, _ in
            guard let context else { return -1 }
            Unmanaged<ProbeTransfers>.fromOpaque(context).takeUnretainedValue().watch(socket, what)
            return 0
        }
        muster_curl_multi_set_timer_callback(multi) { _, timeout, context in
            guard let context else { return -1 }
            Unmanaged<ProbeTransfers>.fromOpaque(context).takeUnretainedValue().timer =
                timeout < 0 ? nil : MonotonicTime.milliseconds() + Int64(timeout)
            return 0
        }
    }

    var active: Int { underWay.count }

    deinit {
        for (handle, transfer) in underWay {
            curl_multi_remove_handle(multi, handle)
            curl_easy_cleanup(handle)
            transfer.release()
        }
        for handle in idle { curl_easy_cleanup(handle) }
        curl_multi_cleanup(multi)
        close(epoll)
    }

    /// Starts a probe; its result comes from `run`. A result at once when it cannot even begin.
    func start(_ job: ProbeJob) -> ProbeResult? {
        let isPooled = job.check != .tcp
        guard let handle = (isPooled ? idle.popLast() : nil) ?? makeHandle() else {
            return .failed("no memory for a probe")
        }
        let transfer = Unmanaged.passRetained(Transfer(job))
        let context = transfer.toOpaque()
        var path = "/"
        if case .http(let wanted) = job.check { path = wanted.hasPrefix("/") ? wanted : "/\(wanted)" }
        muster_curl_set_string(handle, CURLOPT_URL, "http://\(job.authority)\(path)")
        muster_curl_set_long(handle, CURLOPT_TIMEOUT_MS, job.timeoutSeconds * 1000)
        muster_curl_set_long(handle, CURLOPT_CONNECT_ONLY, isPooled ? 0 : 1)
        muster_curl_set_pointer(handle, CURLOPT_WRITEDATA, context)
        guard curl_multi_add_handle(multi, handle) == CURLM_OK else {
            transfer.release()
            curl_easy_cleanup(handle)
            return .failed("libcurl refused the probe")
        }
        underWay[handle] = transfer
        return nil
    }

    /// Waits at most until `deadline` for something to happen and hands over the results that came.
    func run(until deadline: Int64, _ result: (UInt64, ProbeResult) -> Void) {
        let now = MonotonicTime.milliseconds()
        let end = min(deadline, timer ?? deadline)
        let count = epoll_wait(epoll, &events, Int32(events.count), Int32(max(0, min(end - now, 60_000))))
        var running: Int32 = 0
        for index in 0..<Int(max(count, 0)) {
            let event = events[index]
            if event.data.fd == wake {
                var value: UInt64 = 0
                _ = read(wake, &value, 8)
                continue
            }
            var flags: Int32 = 0
            if event.events & EPOLLIN.rawValue != 0 { flags |= CURL_CSELECT_IN }
            if event.events & EPOLLOUT.rawValue != 0 { flags |= CURL_CSELECT_OUT }
            if event.events & (EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0 { flags |= CURL_CSELECT_ERR }
            curl_multi_socket_action(multi, event.data.fd, flags, &running)
        }
        if let timer, timer <= MonotonicTime.milliseconds() {
            self.timer = nil
            curl_multi_socket_action(multi, -1, 0, &running)
        }
        finish(result)
    }

    private func finish(_ result: (UInt64, ProbeResult) -> Void) {
        var left: Int32 = 0
        while let message = curl_multi_info_read(multi, &left) {
            guard message.pointee.msg == CURLMSG_DONE, let handle = message.pointee.easy_handle else { continue }
            let code = muster_curl_message_result(message)
            let transfer = underWay.removeValue(forKey: handle)?.takeRetainedValue()
            let outcome = transfer.map { ($0.job, $0.result(code, handle)) }
            curl_multi_remove_handle(multi, handle)
            // A handle that connected only keeps its connection until it is freed.
            if let job = outcome?.0, job.check != .tcp, idle.count < ProbeTransfers.idleLimit {
                idle.append(handle)
            } else {
                curl_easy_cleanup(handle)
            }
            if let (job, answer) = outcome { result(job.token, answer) }
        }
    }

    private func watch(_ socket: curl_socket_t, _ what: Int32) {
        if what == CURL_POLL_REMOVE {
            epoll_ctl(epoll, EPOLL_CTL_DEL, socket, nil)
            return
        }
        var flags: UInt32 = 0
        if what & CURL_POLL_IN != 0 { flags |= EPOLLIN.rawValue }
        if what & CURL_POLL_OUT != 0 { flags |= EPOLLOUT.rawValue }
        var event = epoll_event(events: flags, data: epoll_data(fd: socket))
        if epoll_ctl(epoll, EPOLL_CTL_MOD, socket, &event) != 0 {
            epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &event)
        }
    }

    /// A handle for any probe: loopback only, no proxy from the environment, no redirect followed, no connection kept:
    /// a kept one would prove that a process answers which no longer listens.
    private func makeHandle() -> UnsafeMutableRawPointer? {
        guard let handle = curl_easy_init() else { return nil }
        muster_curl_set_long(handle, CURLOPT_NOSIGNAL, 1)
        muster_curl_set_string(handle, CURLOPT_PROXY, "")
        muster_curl_set_string(handle, CURLOPT_NOPROXY, "*")
        muster_curl_set_long(handle, CURLOPT_FOLLOWLOCATION, 0)
        muster_curl_set_long(handle, CURLOPT_FRESH_CONNECT, 1)
        muster_curl_set_long(handle, CURLOPT_FORBID_REUSE, 1)
        muster_curl_set_long(handle, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        muster_curl_set_string(handle, CURLOPT_USERAGENT, "muster-probe")
        muster_curl_set_data_callback(handle, CURLOPT_WRITEFUNCTION) { _, size, count, context in
            guard let context else { return 0 }
            let transfer = Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
            transfer.received += size * count
            return transfer.received > ProbeTransfers.bodyLimit ? 0 : size * count
        }
        return handle
    }
}

private final class Transfer {
    let job: ProbeJob
    var received = 0

    init(_ job: ProbeJob) {
        self.job = job
    }

    func result(_ code: CURLcode, _ handle: UnsafeMutableRawPointer) -> ProbeResult {
        if code == CURLE_OK, job.check == .tcp { return .succeeded }
        var status = 0
        muster_curl_get_long(handle, CURLINFO_RESPONSE_CODE, &status)
        // An answer longer than the bound was cut off by us.
        if code == CURLE_OK || (code == CURLE_WRITE_ERROR && received > ProbeTransfers.bodyLimit) {
            return (200...399).contains(status) ? .succeeded : .failed("HTTP \(status)")
        }
        switch code {
        case CURLE_COULDNT_CONNECT:
            var number = 0
            muster_curl_get_long(handle, CURLINFO_OS_ERRNO, &number)
            return .failed(number == Int(ECONNREFUSED) ? "connection refused" : "no connection")
        case CURLE_OPERATION_TIMEDOUT: return .failed("no answer within \(job.timeoutSeconds) s")
        case CURLE_GOT_NOTHING, CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_PARTIAL_FILE:
            return .failed("the connection ended before the answer")
        case CURLE_WEIRD_SERVER_REPLY, CURLE_UNSUPPORTED_PROTOCOL: return .failed("the answer is not HTTP")
        default: return .failed(String(cString: curl_easy_strerror(code)))
        }
    }
}

/// Milliseconds of the clock that nobody sets and that stands still while the host sleeps (CLOCK_MONOTONIC).
enum MonotonicTime {
    static func milliseconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}
