internal import HTTPTypes

/// All routes. Methods, scopes, body rules and the API's description are read from here, so they cannot drift apart.
enum RouteTable {
    static let all: [Route] =
        OpenRoutes.all + PageRoute.all + ServiceRoutes.all + ApprovalRoutes.all + ActionRoutes.all
        + RecordRoutes.all + ScalingRoutes.all + HoldRoutes.all + PolicyRoutes.all + StreamRoute.all
}

/// Finds the route of a path and method.
struct RouteMatcher: Sendable {
    enum Match {
        case route(Route, parameters: [String: String])
        case noSuchPath
        case noSuchMethod(allowed: [HTTPRequest.Method])
    }

    private enum Segment: Hashable, Sendable {
        case literal(String)
        case parameter(String)
    }

    private struct Entry: Sendable {
        var segments: [Segment]
        var routes: [Route]
    }

    /// By number of segments; within one number the paths with fewer parameters first, so that
    /// `/approvals/grant` is never taken for an approval named `grant`.
    private let entries: [Int: [Entry]]

    init(_ routes: [Route]) {
        var entries: [Int: [Entry]] = [:]
        for route in routes {
            let segments = RouteMatcher.split(route.path).map { text -> Segment in
                text.hasPrefix("{") ? .parameter(String(text.dropFirst().dropLast())) : .literal(String(text))
            }
            var group = entries[segments.count] ?? []
            if let index = group.firstIndex(where: { $0.segments == segments }) {
                group[index].routes.append(route)
            } else {
                group.append(Entry(segments: segments, routes: [route]))
            }
            entries[segments.count] = group
        }
        self.entries = entries.mapValues { group in
            group.sorted { RouteMatcher.parameterCount($0.segments) < RouteMatcher.parameterCount($1.segments) }
        }
    }

    /// `path` as it stands in the request, still percent-encoded. `HEAD` finds the `GET` route.
    func match(_ method: HTTPRequest.Method, _ path: String) -> Match {
        var segments: [String] = []
        for part in RouteMatcher.split(path) {
            guard let decoded = PercentEncoding.decoded(part) else { return .noSuchPath }
            segments.append(decoded)
        }
        for entry in entries[segments.count] ?? [] {
            guard let parameters = RouteMatcher.parameters(segments, of: entry.segments) else { continue }
            let wanted = method == .head ? .get : method
            if let route = entry.routes.first(where: { $0.method == wanted }) {
                return .route(route, parameters: parameters)
            }
            return .noSuchMethod(allowed: RouteMatcher.allowed(entry.routes))
        }
        return .noSuchPath
    }

    private static func allowed(_ routes: [Route]) -> [HTTPRequest.Method] {
        routes.flatMap { $0.method == .get ? [.get, .head] : [$0.method] }
    }

    private static func parameters(_ path: [String], of segments: [Segment]) -> [String: String]? {
        var parameters: [String: String] = [:]
        for (text, segment) in zip(path, segments) {
            switch segment {
            case .literal(let literal): guard text == literal else { return nil }
            case .parameter(let name):
                guard !text.isEmpty else { return nil }
                parameters[name] = text
            }
        }
        return parameters
    }

    private static func parameterCount(_ segments: [Segment]) -> Int {
        segments.count { if case .parameter = $0 { true } else { false } }
    }

    private static func split(_ path: String) -> [Substring] {
        path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
    }
}
