internal import FleetModel
internal import HTTPTypes

/// The API's description (OpenAPI 3.1), made from the routes that serve it.
enum OpenAPI {
    static func document(version: String, routes: [Route]) -> JSONValue {
        var paths = JSONObject()
        for route in routes {
            var item = paths[route.path]?.object ?? JSONObject()
            item[route.method.rawValue.lowercased()] = operation(route)
            paths[route.path] = .object(item)
        }
        return [
            "openapi": "3.1.0",
            "info": [
                "title": "Muster", "version": .string(version),

                "license": ["name": "Apache-2.0", "identifier": "Apache-2.0"],
                "description":
                    "A control plane for fleets of services. Every answer bears X-Request-ID; HEAD works like GET.",
            ],
            "servers": [["url": "/"]],
            "paths": .object(paths),
            "components": [
                "schemas": .object(JSONObject(Schemas.all.map { ($0.name, $0.schema) })),
                "securitySchemes": [
                    "bearer": ["type": "http", "scheme": "bearer"],
                    "key": ["type": "apiKey", "in": "header", "name": "X-API-Key"],
                ],
            ],
        ]
    }

    private static func operation(_ route: Route) -> JSONValue {
        var operation = JSONObject([
            ("operationId", .string(route.name)), ("summary", .string(route.summary)),
            ("parameters", .array(pathParameters(route) + route.query.map(queryParameter) + headerParameters(route))),
            ("responses", responses(route)),
        ])
        if let schema = route.body.schema {
            operation["requestBody"] = [
                "required": .bool(!route.body.mayBeMissing),
                "content": ["application/json": ["schema": reference(schema)]],
            ]
        }
        switch route.access {
        case .everyone, .page: operation["security"] = []
        case .scope(let scope):
            operation["security"] = [["bearer": []], ["key": []]]
            operation["x-scope"] = .string(scope.rawValue)
        }
        return .object(operation)
    }

    private static func pathParameters(_ route: Route) -> [JSONValue] {
        route.path.split(separator: "/").filter { $0.hasPrefix("{") }.map { segment in
            [
                "name": .string(String(segment.dropFirst().dropLast())), "in": "path", "required": true,
                "schema": ["type": "string"],
            ]
        }
    }

    private static func queryParameter(_ parameter: QueryParameter) -> JSONValue {
        [
            "name": .string(parameter.name), "in": "query", "schema": parameter.schema,
            "description": .string(parameter.summary),
        ]
    }

    private static func headerParameters(_ route: Route) -> [JSONValue] {
        guard route.method == .post, route.path == "/api/fleet/actions" else { return [] }
        return [
            [
                "name": "Idempotency-Key", "in": "header",
                "schema": ["type": "string", "minLength": 1, "maxLength": 128],
                "description": "the same key with the same request is answered once and then replayed",
            ]
        ]
    }

    private static func responses(_ route: Route) -> JSONValue {
        let schema: JSONValue = route.answer.schema.map(reference) ?? ["type": "string"]
        let media: JSONValue = ["schema": schema]
        let content = JSONValue.object(JSONObject([(route.answer.contentType, media)]))
        var responses = JSONObject([
            (String(route.answer.status), ["description": .string(route.summary), "content": content])
        ])
        for (status, text) in failures(route) {
            responses[String(status)] = [
                "description": .string(text), "content": ["application/json": ["schema": reference("Error")]],
            ]
        }
        if route.path == "/readyz" {
            responses["503"] = ["description": "`not_ready`", "content": content]
        }
        return .object(responses)
    }

    private static func failures(_ route: Route) -> [(Int, String)] {
        var failures = [(400, "`bad_request`"), (401, "`unauthorized`"), (403, "`forbidden`")]
        if route.path.contains("{") || route.body.schema != nil { failures.append((404, "`not_found`")) }
        if route.body.schema != nil {
            failures += [
                (409, "`conflict`"), (413, "`payload_too_large`"), (415, "`unsupported_media_type`"),
                (422, "`unprocessable`"),
            ]
        }
        if case .scope = route.access { failures.append((503, "`unavailable`, with Retry-After")) }
        return failures
    }

    private static func reference(_ schema: String) -> JSONValue {
        ["$ref": .string("#/components/schemas/\(schema)")]
    }
}
