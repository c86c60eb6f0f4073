import CLibCurl
import Glibc

/// One transfer. Made, run and ended on one thread; libcurl calls back into it on that thread only.
final class Transfer {
    private let request: HTTPRequest
    private let cancellation: Cancellation
    private let onLine: ((String) -> Bool)?
    private var status = 0
    private var headers: [String: String] = [:]
    private var body: [UInt8] = []
    /// What has come of the line that is not complete yet.
    private var partialLine: [UInt8] = []
    private var end: End?

    /// Why a callback stopped the transfer.
    private enum End {
        case tooLarge
        case readerStopped
    }

    /// Once per process, before the first handle (curl_global_init(3)).
    private static let isReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    init(_ request: HTTPRequest, cancellation: Cancellation, onLine: ((String) -> Bool)?) {
        self.request = request
        self.cancellation = cancellation
        self.onLine = onLine
    }

    func run() -> Result<HTTPResponse, HTTPClientError> {
        guard let origin = Origin(url: request.url) else { return .failure(.badURL) }
        guard Transfer.isReady, let handle = curl_easy_init() else {
            return .failure(.failed(origin: "\(origin)", "libcurl could not be started"))
        }
        defer { curl_easy_cleanup(handle) }
        var list: UnsafeMutablePointer<curl_slist>?
        defer { curl_slist_free_all(list) }
        for header in request.headers { list = curl_slist_append(list, "\(header.name): \(header.value)") }
        // libcurl would wait for a `100 Continue` before it sends a larger body.
        list = curl_slist_append(list, "Expect:")
        _ = muster_curl_set_list(handle, CURLOPT_HTTPHEADER, list)
        configure(handle, origin)
        return withExtendedLifetime(self) { finish(curl_easy_perform(handle), handle, origin) }
    }

    private func configure(_ handle: UnsafeMutableRawPointer, _ origin: Origin) {
        _ = muster_curl_set_string(handle, CURLOPT_URL, request.url)
        _ = muster_curl_set_string(handle, CURLOPT_PROTOCOLS_STR, "http,https")
        _ = muster_curl_set_string(handle, CURLOPT_CUSTOMREQUEST, request.method)
        _ = muster_curl_set_long(handle, CURLOPT_NOSIGNAL, 1)
        _ = muster_curl_set_long(handle, CURLOPT_FOLLOWLOCATION, 0)
        _ = muster_curl_set_long(handle, CURLOPT_CONNECTTIMEOUT_MS, 5000)
        _ = muster_curl_set_long(handle, CURLOPT_TCP_KEEPALIVE, 1)
        if let seconds = request.timeoutSeconds {
            _ = muster_curl_set_long(handle, CURLOPT_TIMEOUT_MS, max(1, Int(seconds * 1000)))
        }
        if let path = request.tls?.caFile { _ = muster_curl_set_string(handle, CURLOPT_CAINFO, path) }
        if let path = request.tls?.certificateFile { _ = muster_curl_set_string(handle, CURLOPT_SSLCERT, path) }
        if let path = request.tls?.keyFile { _ = muster_curl_set_string(handle, CURLOPT_SSLKEY, path) }
        if origin.isLoopback { _ = muster_curl_set_string(handle, CURLOPT_NOPROXY, "*") }
        if let body = request.body {
            _ = muster_curl_set_long(handle, CURLOPT_POSTFIELDSIZE, body.count)
            body.withUnsafeBytes { bytes in
                // libcurl copies it now, because the size is set before.
                _ = muster_curl_set_pointer(
                    handle, CURLOPT_COPYPOSTFIELDS, UnsafeMutableRawPointer(mutating: bytes.baseAddress))
            }
        }
        let context = Unmanaged.passUnretained(self).toOpaque()
        _ = muster_curl_set_pointer(handle, CURLOPT_WRITEDATA, context)
        _ = muster_curl_set_data_callback(handle, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
            transfer(context).received(UnsafeRawBufferPointer(start: bytes, count: size * count))
        }
        _ = muster_curl_set_pointer(handle, CURLOPT_HEADERDATA, context)
        _ = muster_curl_set_data_callback(handle, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
            transfer(context).receivedHeader(UnsafeRawBufferPointer(start: bytes, count: size * count))
        }
        _ = muster_curl_set_long(handle, CURLOPT_NOPROGRESS, 0)
        _ = muster_curl_set_pointer(handle, CURLOPT_XFERINFODATA, context)
        _ = muster_curl_set_progress_callback(handle) { context, _, _, _, _ in
            transfer(context).cancellation.isCancelled ? 1 : 0
        }
    }

    /// One header line, the status line included; a new status line begins a new answer (after a `100 Continue`).
    private func receivedHeader(_ bytes: UnsafeRawBufferPointer) -> Int {
        let line = String(decoding: bytes, as: UTF8.self).filter { !$0.isNewline }
        if line.hasPrefix("HTTP/") {
            status = line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
            headers = [:]
        } else if let colon = line.firstIndex(of: ":") {
            let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
            headers[line[..<colon].lowercased()] = String(value)
        }
        return bytes.count
    }

    /// Answers the number of bytes taken; any other number ends the transfer (CURLOPT_WRITEFUNCTION(3)).
    private func received(_ bytes: UnsafeRawBufferPointer) -> Int {
        guard let onLine, (200..<300).contains(status) else {
            guard body.count + bytes.count <= request.maximumBytes else { return stop(.tooLarge) }
            body.append(contentsOf: bytes)
            return bytes.count
        }
        for byte in bytes {
            guard byte == UInt8(ascii: "\n") else {
                guard partialLine.count < request.maximumBytes else { return stop(.tooLarge) }
                partialLine.append(byte)
                continue
            }
            if partialLine.last == UInt8(ascii: "\r") { partialLine.removeLast() }
            let line = String(decoding: partialLine, as: UTF8.self)
            partialLine.removeAll(keepingCapacity: true)
            guard onLine(line) else { return stop(.readerStopped) }
        }
        return bytes.count
    }

    private func stop(_ end: End) -> Int {
        self.end = end
        // CURL_WRITEFUNC_ERROR, whatever the number of bytes was.
        return 0xFFFF_FFFF
    }

    private func finish(
        _ code: CURLcode, _ handle: UnsafeMutableRawPointer, _ origin: Origin
    ) -> Result<HTTPResponse, HTTPClientError> {
        switch end {
        case .tooLarge: return .failure(.tooLarge(limitBytes: request.maximumBytes))
        case .readerStopped: return .success(HTTPResponse(status: status, headers: headers))
        case nil: break
        }
        let message = String(cString: curl_easy_strerror(code))
        switch code {
        case CURLE_OK: return .success(HTTPResponse(status: status, headers: headers, body: body))
        case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL: return .failure(.badURL)
        case CURLE_COULDNT_RESOLVE_HOST: return .failure(.unresolved(host: origin.host))
        case CURLE_COULDNT_CONNECT: return .failure(.notConnected(origin: "\(origin)", systemError(handle) ?? message))
        case CURLE_OPERATION_TIMEDOUT:
            return .failure(.timedOut(origin: "\(origin)", afterSeconds: request.timeoutSeconds ?? 5))
        case CURLE_ABORTED_BY_CALLBACK: return .failure(.cancelled)
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CACERT_BADFILE:
            return .failure(.tls(origin: "\(origin)", message))
        default: return .failure(.failed(origin: "\(origin)", message))
        }
    }

    /// `Connection refused` and the like.
    private func systemError(_ handle: UnsafeMutableRawPointer) -> String? {
        var number = 0
        guard muster_curl_get_long(handle, CURLINFO_OS_ERRNO, &number) == CURLE_OK, number != 0 else { return nil }
        return String(cString: strerror(Int32(truncatingIfNeeded: number))).lowercased()
    }
}

private func transfer(_ context: UnsafeMutableRawPointer?) -> Transfer {
    // Libcurl hands back what `configure` set: the transfer that is running now and so is alive.
    Unmanaged<Transfer>.fromOpaque(context!).takeUnretainedValue()
}
