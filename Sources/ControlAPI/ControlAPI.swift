package import ControlPlane
internal import FleetModel
internal import Foundation
internal import HTTPTypes
internal import Hummingbird
package import Logging
internal import NIOCore
package import ServiceLifecycle

/// The HTTP side of Muster: the contract's routes over a `FleetControl`.
package struct ControlAPI: Sendable {
    private let control: any FleetControl
    private let identity: Identity
    private let version: String
    private let metricsEnabled: Bool
    private let hosts: [String]
    private let maximumStreams: Int
    private let heartbeat: Duration
    private let logger: Logger

    /// - Parameters:
    ///   - hosts: Further names that the `Host` header may bear where no identity is configured, beside loopback
    ///     names and the host listened on.
    ///   - maximumStreams: How many `GET /api/fleet/stream` may be open at once; beyond it 503.
    ///   - heartbeat: How often an idle stream sends a comment, so that proxies keep it and a dead one is noticed.
    package init(
        control: any FleetControl, identity: Identity = .none, version: String, metricsEnabled: Bool = true,
        hosts: [String] = [], maximumStreams: Int = 64, heartbeat: Duration = .seconds(15), logger: Logger
    ) {
        self.control = control
        self.identity = identity
        self.version = version
        self.metricsEnabled = metricsEnabled
        self.hosts = hosts
        self.maximumStreams = maximumStreams
        self.heartbeat = heartbeat
        self.logger = logger
    }

    /// The server as a service: it binds when run and throws when it cannot, and at graceful shutdown takes no new
    /// connections, ends the streams and finishes the requests under way.
    ///
    /// - Parameter onListening: Called once with the port bound; that is how a caller of port 0 learns it.
    package func makeApplication(
        host: String, port: Int, onListening: @escaping @Sendable (Int) async -> Void = { _ in }
    ) -> some Service {
        let shared = SharedState(
            version: version, metricsEnabled: metricsEnabled, streams: StreamSlots(maximum: maximumStreams),
            heartbeat: heartbeat, logger: logger)
        let responder = FleetResponder(
            control: control, identity: identity, guardian: BrowserGuard(host: host, others: hosts),
            matcher: RouteMatcher(RouteTable.all), shared: shared, logger: logger)
        return Application(
            responder: responder,
            server: .http1(
                configuration: .init(
                    idleTimeout: .seconds(30),
                    httpDecoderConfiguration: .init(
                        maxHeaderFieldSize: HTTPLimits.headerBytes, maxHeaderListSize: HTTPLimits.headerBytes,
                        maxHeaderFieldCount: HTTPLimits.headers))),
            configuration: ApplicationConfiguration(address: .hostname(host, port: port), serverName: nil),
            onServerRunning: { channel in await onListening(channel.localAddress?.port ?? port) },
            logger: quiet(logger))
    }

    /// Hummingbird's own notices repeat what the request log says; its warnings are kept.
    private func quiet(_ logger: Logger) -> Logger {
        var logger = logger
        logger.logLevel = max(logger.logLevel, .warning)
        return logger
    }
}

/// The limits of reliability.md, "bad input".
enum HTTPLimits {
    static let bodyBytes = 256 * 1024
    static let headerBytes = 16 * 1024
    static let headers = 100
}

/// What all requests share.
struct SharedState: Sendable {
    var version: String
    var metricsEnabled: Bool
    var streams: StreamSlots
    var heartbeat: Duration
    var idempotency = KeyedTurns(maximumWaiting: 256)
    /// The API's description, made once.
    var description: [UInt8]
    var logger: Logger

    init(version: String, metricsEnabled: Bool, streams: StreamSlots, heartbeat: Duration, logger: Logger) {
        self.version = version
        self.metricsEnabled = metricsEnabled
        self.streams = streams
        self.heartbeat = heartbeat
        self.description = OpenAPI.document(version: version, routes: RouteTable.all).bytes(sorted: false)
        self.logger = logger
    }

    /// The one reading of the clock of a request.
    func now() -> WallTime {
        WallTime(milliseconds: Int64((Date().timeIntervalSince1970 * 1000).rounded(.down)))
    }
}
