import Foundation
import Glibc
import Synchronization

/// What Prometheus scrapes in these tests: an HTTP server on loopback whose text the test sets.
final class LoadExporter: Sendable {
    let port: Int
    private let socket: Int32
    private let text = Mutex("")

    init() throws {
        socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = socket
        let isListening = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && listen(descriptor, 16) == 0
                    && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard isListening else { throw HarnessError("the exporter cannot listen: errno \(errno)") }
        port = Int(UInt16(bigEndian: address.sin_port))
        Thread { self.acceptAll() }.start()
    }

    /// Ends `accept`, and with it the thread.
    func stop() { shutdown(socket, Int32(SHUT_RDWR)) }

    /// The lines of the next scrape, in Prometheus' text format.
    func expose(_ lines: String...) {
        text.withLock { $0 = lines.map { $0 + "\n" }.joined() }
    }

    private func acceptAll() {
        defer { close(socket) }
        while true {
            let connection = accept(socket, nil, nil)
            guard connection >= 0 else { return }
            // Scrapes come one by one, a second apart.
            var buffer = [UInt8](repeating: 0, count: 8192)
            _ = recv(connection, &buffer, buffer.count, 0)
            let body = text.withLock { $0 }
            let answer =
                "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nConnection: close\r\n"
                + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
            _ = Array(answer.utf8).withUnsafeBytes { send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            close(connection)
        }
    }
}

/// Debian's Prometheus, scraping one exporter every second.
final class Prometheus: Sendable {
    let port: Int
    private let scratch: Scratch
    private let process = Mutex<Process?>(nil)

    /// Nil where the package is not installed.
    static let executable = ["/usr/bin/prometheus", "/usr/local/bin/prometheus"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    var url: String { "http://127.0.0.1:\(port)" }

    init(_ scratch: Scratch, scraping exporter: LoadExporter) throws {
        self.scratch = scratch
        port = try Muster.freePort()
        try scratch.write(
            """
            global: {scrape_interval: 1s, scrape_timeout: 1s}
            scrape_configs:
              - job_name: load
                static_configs: [{targets: ["127.0.0.1:\(exporter.port)"]}]

            """, to: "prometheus.yml")
    }

    /// Starts it and waits until it answers queries.
    func start() async throws {
        guard let executable = Prometheus.executable else { throw HarnessError("prometheus is not installed") }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: executable)
        process.arguments = [
            "--config.file=\(scratch.path("prometheus.yml"))", "--storage.tsdb.path=\(scratch.path("tsdb"))",
            "--web.listen-address=127.0.0.1:\(port)", "--log.level=warn",
        ]
        process.currentDirectoryURL = scratch.folder
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        self.process.withLock { $0 = process }
        try await eventually("prometheus is ready", within: 60) { () -> Bool? in
            try await Shell.output(["curl", "-fsS", "\(self.url)/-/ready"]).isEmpty ? nil : true
        }
    }

    func signal(_ number: Int32) {
        process.withLock { process in
            guard let process, process.isRunning else { return }
            kill(process.processIdentifier, number)
        }
    }

    /// Ends it whatever it does, and takes it off the table of processes.
    func kill9() {
        signal(SIGKILL)
        process.withLock { process in
            process?.waitUntilExit()
            process = nil
        }
    }
}
