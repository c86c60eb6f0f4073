internal import ControlPlane
internal import FleetModel
internal import HTTPTypes
internal import Hummingbird
internal import NIOCore
internal import ServiceLifecycle
internal import Synchronization

/// `GET /api/fleet/stream`: what happens, as server-sent events (WHATWG HTML, section 9.2).
enum StreamRoute {
    static let all: [Route] = [
        Route(
            .get, "/api/fleet/stream", .scope(.fleetRead), name: "stream",
            summary:
                "server-sent events `approval`, `action`, `event`, `service`, `leader`; a slow reader loses the oldest",
            answer: .text("text/event-stream"), handler: stream)
    ]

    @Sendable static func stream(_ call: Call) async throws(APIError) -> Response {
        guard let slot = call.shared.streams.take() else {
            throw .unavailable("all \(call.shared.streams.maximum) streams are in use")
        }
        let headers: HTTPFields = [.contentType: "text/event-stream", .accelBuffering: "no"]
        guard call.request.method == .get else { return Response(status: .ok, headers: headers) }
        let events = await call.control.stream()
        let body = ResponseBody { writer in
            // The slot lives as long as this closure: it is given back whichever way the stream ends.
            defer { withExtendedLifetime(slot) {} }
            try await serve(events, heartbeat: call.shared.heartbeat, request: call.request, to: &writer)
            try await writer.finish(nil)
        }
        return Response(status: .ok, headers: headers, body: body)
    }

    /// Writes until the events end, the client goes, or the server shuts down.
    private static func serve(
        _ events: AsyncStream<StreamEvent>, heartbeat: Duration, request: Request,
        to writer: inout any ResponseBodyWriter
    ) async throws {
        let (lines, source) = AsyncStream.makeStream(of: ByteBuffer.self, bufferingPolicy: .bufferingNewest(256))
        // The first bytes carry the head to the client at once.
        source.yield(ByteBuffer(string: ": muster\n\n"))
        try await request.body.consumeWithInboundCloseHandler { _ in
            try await withGracefulShutdownHandler {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        for await event in events { source.yield(frame(event)) }
                        source.finish()
                    }
                    group.addTask {
                        while true {
                            try await Task.sleep(for: heartbeat)
                            source.yield(ByteBuffer(string: ": still here\n\n"))
                        }
                    }
                    for await line in lines { try await writer.write(line) }
                    group.cancelAll()
                }
            } onGracefulShutdown: {
                source.finish()
            }
        } onInboundClosed: {
            source.finish()
        }
    }

    /// One event. The data is one line: written JSON holds no line break.
    static func frame(_ event: StreamEvent) -> ByteBuffer {
        var buffer = ByteBuffer(string: "event: \(event.name)\ndata: ")
        buffer.writeBytes(event.data.bytes(sorted: false))
        buffer.writeString("\n\n")
        return buffer
    }
}

/// How many streams may be open at once.
final class StreamSlots: Sendable {
    let maximum: Int
    private let taken = Mutex(0)

    init(maximum: Int) {
        self.maximum = maximum
    }

    /// A slot, given back when the last reference to it goes; nil when all are taken.
    func take() -> Slot? {
        taken.withLock { count in
            guard count < maximum else { return nil }
            count += 1
            return Slot(slots: self)
        }
    }

    final class Slot: Sendable {
        private let slots: StreamSlots

        fileprivate init(slots: StreamSlots) {
            self.slots = slots
        }

        deinit {
            slots.taken.withLock { $0 -= 1 }
        }
    }
}
