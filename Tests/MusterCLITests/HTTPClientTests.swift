import FleetModel
import HTTPClient
import Synchronization
import Testing

@Suite("the HTTP client", .timeLimit(.minutes(1)))
struct HTTPClientTests {
    @Test("sends method, headers and body, and gives back status, headers and body")
    func exchange() async throws {
        let api = try CannedAPI { _ in .init(["made": true], status: 201) }
        defer { api.stop() }
        let response = try await HTTPClient().send(
            HTTPRequest("POST", api.url + "/things?a=b", headers: [("X-Test", "yes")], body: Array(#"{"x":1}"#.utf8)))
        #expect(response.status == 201)
        #expect(response.headers["content-type"] == "application/json")
        #expect(String(decoding: response.body, as: UTF8.self) == #"{"made":true}"#)
        let request = try #require(api.requests.first)
        #expect(request.line == "POST /things?a=b HTTP/1.1")
        #expect(request.headers["x-test"] == "yes" && request.body == #"{"x":1}"#)
    }

    @Test("an empty body is sent as one")
    func emptyBody() async throws {
        let api = try CannedAPI { _ in .init([:]) }
        defer { api.stop() }
        _ = try await HTTPClient().send(HTTPRequest("POST", api.url, body: []))
        #expect(api.requests.first?.headers["content-length"] == "0")
    }

    @Test("follows no redirect, so that credentials go nowhere else")
    func redirect() async throws {
        let api = try CannedAPI { _ in .init(text: "elsewhere", status: 302) }
        defer { api.stop() }
        #expect(try await HTTPClient().send(HTTPRequest("GET", api.url)).status == 302)
        #expect(api.requests.count == 1)
    }

    @Test("says that nobody listens")
    func refused() async throws {
        let port = try unusedPort()
        await #expect {
            try await HTTPClient().send(HTTPRequest("GET", "http://user:secret@127.0.0.1:\(port)/path?token=x"))
        } throws: { error in
            guard case HTTPClientError.notConnected(let origin, let message) = error else { return false }
            let text = "\(error)"
            return origin == "http://127.0.0.1:\(port)" && message == "connection refused"
                && !text.contains("secret") && !text.contains("token")
        }
    }

    @Test("ends at the deadline")
    func deadline() async throws {
        let api = try CannedAPI { _ in
            var answer = CannedAPI.Answer(text: "late")
            answer.holdsBodyBack = true
            return answer
        }
        defer { api.stop() }
        await #expect(throws: HTTPClientError.timedOut(origin: api.url, afterSeconds: 0.2)) {
            try await HTTPClient().send(HTTPRequest("GET", api.url, timeoutSeconds: 0.2))
        }
    }

    @Test("ends when the task is cancelled")
    func cancellation() async throws {
        let api = try CannedAPI { _ in
            var answer = CannedAPI.Answer(text: "never")
            answer.holdsBodyBack = true
            return answer
        }
        defer { api.stop() }
        let task = Task { () -> HTTPClientError? in
            do throws(HTTPClientError) {
                _ = try await HTTPClient().send(HTTPRequest("GET", api.url, timeoutSeconds: nil))
                return nil
            } catch {
                return error
            }
        }
        while api.requests.isEmpty { await Task.yield() }
        task.cancel()
        #expect(await task.value == .cancelled)
    }

    @Test("refuses an answer that is too long, and what is no URL")
    func bounds() async throws {
        let api = try CannedAPI { _ in .init(text: String(repeating: "x", count: 5000)) }
        defer { api.stop() }
        await #expect(throws: HTTPClientError.tooLarge(limitBytes: 4999)) {
            try await HTTPClient().send(HTTPRequest("GET", api.url, maximumBytes: 4999))
        }
        #expect(try await HTTPClient().send(HTTPRequest("GET", api.url, maximumBytes: 5000)).body.count == 5000)
        for url in ["", "127.0.0.1", "file:///etc/passwd", "ftp://127.0.0.1/"] {
            await #expect(throws: HTTPClientError.badURL) { try await HTTPClient().send(HTTPRequest("GET", url)) }
        }
    }

    @Test("hands out lines as they come, until the reader has enough")
    func lines() async throws {
        let api = try CannedAPI { _ in .init(text: "one\r\ntwo\n\nfour\nrest") }
        defer { api.stop() }
        let seen = Mutex<[String]>([])
        let whole = try await HTTPClient().lines(HTTPRequest("GET", api.url)) { line in
            seen.withLock { $0.append(line) }
            return true
        }
        #expect(whole.status == 200)
        #expect(seen.withLock { $0 } == ["one", "two", "", "four"])
        let first = Mutex<[String]>([])
        _ = try await HTTPClient().lines(HTTPRequest("GET", api.url)) { line in
            first.withLock { $0.append(line) }
            return false
        }
        #expect(first.withLock { $0 } == ["one"])
    }

    @Test("gives the body of an answer that is no stream")
    func refusedStream() async throws {
        let api = try CannedAPI { _ in .init(text: "no\n", status: 403) }
        defer { api.stop() }
        let response = try await HTTPClient().lines(HTTPRequest("GET", api.url)) { _ in
            Issue.record("a line of an error was handed out")
            return true
        }
        #expect(response.status == 403 && response.body == Array("no\n".utf8))
    }
}
