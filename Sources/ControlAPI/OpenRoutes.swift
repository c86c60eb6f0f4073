internal import ControlPlane
internal import FleetModel
internal import HTTPTypes
internal import Hummingbird

/// What everybody may ask: is it alive, is it ready, its metrics, its description.
enum OpenRoutes {
    static let all: [Route] =
        [("/livez", "livez"), ("/healthz", "healthz"), ("/health", "health"), ("/api/health", "api_health")].map {
            Route(
                .get, $0.0, .everyone, name: $0.1, summary: "whether the process is alive", answer: .json("Alive"),
                handler: alive)
        } + [
            Route(
                .get, "/readyz", .everyone, name: "readyz", summary: "whether it can do its work, check by check",
                answer: .json("Readiness"), handler: ready),
            Route(
                .get, "/metrics", .everyone, name: "metrics", summary: "Prometheus metrics",
                answer: .text("text/plain; version=0.0.4; charset=utf-8"), handler: metrics),
            Route(
                .get, "/openapi.json", .everyone, name: "openapi", summary: "this description", answer: .json("Any"),
                handler: description),
        ]

    @Sendable static func alive(_ call: Call) async throws(APIError) -> Response {
        .json(["status": "ok", "version": .string(call.shared.version)])
    }

    @Sendable static func ready(_ call: Call) async throws(APIError) -> Response {
        let (status, body) = await call.control.readiness()
        switch status {
        case .ready, .degraded: return .json(body)
        case .notReady: return .json(body, status: .serviceUnavailable, headers: [.retryAfter: "5"])
        }
    }

    @Sendable static func metrics(_ call: Call) async throws(APIError) -> Response {
        guard call.shared.metricsEnabled else { throw .notFound("`METRICS` is off") }
        return .text(await call.control.metrics(), contentType: "text/plain; version=0.0.4; charset=utf-8")
    }

    @Sendable static func description(_ call: Call) async throws(APIError) -> Response {
        .jsonText(call.shared.description, status: .ok)
    }
}
