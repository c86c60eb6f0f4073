internal import CLibPQ
internal import Glibc
internal import Synchronization

/// One session with Postgres, asynchronous to the outside.
///
/// libpq is driven by a thread of the connection's own, so no thread of the cooperative pool ever waits in it, and a
/// body given to `run` may talk to the server as often as it likes without giving its place up in between. Bodies run
/// one after the other. A session that has ended stays so: make a new one.
package final class PostgresConnection: Sendable {
    /// What LISTEN brings, in order; ends with the session. The newest 1,000 are kept for a slow reader.
    package let notifications: AsyncStream<PostgresNotification>
    /// The server's process, as pg_stat_activity has it.
    package let backendPID: Int32
    /// 150004 for 15.4.
    package let serverVersion: Int
    private let mailbox: Mailbox

    private init(_ opened: Opened, mailbox: Mailbox, notifications: AsyncStream<PostgresNotification>) {
        self.notifications = notifications
        self.mailbox = mailbox
        backendPID = opened.backendPID
        serverVersion = opened.serverVersion
    }

    deinit {
        mailbox.close()
    }

    /// Makes a session: tries the DSN's hosts in order, each for `connect_timeout` (5 s where the DSN does not say),
    /// all together for `timeout`. Not cancelled with the task.
    package static func connect(
        _ dsn: PostgresDSN, applicationName: String, timeout: Duration = .seconds(10)
    ) async throws(PostgresError) -> PostgresConnection {
        let mailbox = try Mailbox()
        let (notifications, sink) = AsyncStream.makeStream(
            of: PostgresNotification.self, bufferingPolicy: .bufferingNewest(1000))
        let opening = Opening(dsn: dsn, applicationName: applicationName, deadline: .now + timeout, mailbox: mailbox)
        let opened: Result<Opened, PostgresError> = await withCheckedContinuation { continuation in
            let answer = Once { continuation.resume(returning: $0) }
            startThread {
                serve(opening, answer: answer) { sink.yield($0) }
                sink.finish()
            }
            // The thread holds the deadline itself, except while the resolver keeps it.
            answer.timer = Task {
                try? await Task.sleep(for: timeout + .seconds(1))
                guard !Task.isCancelled else { return }
                answer.give(.failure(.notConnected("\(dsn.place): the name was not resolved in time")))
                mailbox.close()
            }
        }
        return PostgresConnection(try opened.get(), mailbox: mailbox, notifications: notifications)
    }

    /// Runs `body` on the connection's thread; `timeout` is for the whole of it. What it throws is thrown here; a
    /// session that has ended fails with why, before `body` begins. Not cancelled with the task.
    package func run<T: Sendable>(
        timeout: Duration = .seconds(10), _ body: @escaping @Sendable (PostgresSession) throws -> T
    ) async throws -> T {
        let result: Result<T, any Error> = await withCheckedContinuation { continuation in
            mailbox.post(
                Mailbox.Job(
                    run: { continuation.resume(returning: $0.perform(timeout, body)) },
                    fail: { continuation.resume(returning: .failure($0)) }))
        }
        return try result.get()
    }

    /// One statement outside a transaction.
    @discardableResult
    package func query(
        _ sql: String, _ values: [PostgresValue] = [], timeout: Duration = .seconds(10)
    ) async throws(PostgresError) -> PostgresRows {
        do {
            return try await run(timeout: timeout) { try $0.query(sql, values) }
        } catch let error as PostgresError {
            throw error
        } catch {
            throw PostgresError.lost("\(error)", mayHaveHappened: true)
        }
    }

    /// Why it ended; nil while it can be used. Known within a second or so of the server's end, without asking, and
    /// for a half-open link when keepalives have found it.
    package var end: PostgresError? { mailbox.end }

    /// Waits until the session has ended, and says why.
    package func ended() async -> PostgresError {
        await withCheckedContinuation { continuation in mailbox.whenEnded { continuation.resume(returning: $0) } }
    }

    /// Breaks off what is under way, which fails with `closed`, and waits until the session has ended.
    package func close() async {
        mailbox.close()
        _ = await ended()
    }
}

package struct PostgresNotification: Sendable, Equatable {
    package var channel: String
    package var payload: String
    /// `backendPID` of the session that sent it.
    package var senderPID: Int32
}

// MARK: - The thread

/// What a connection's thread has to begin with.
private struct Opening: Sendable {
    var dsn: PostgresDSN
    var applicationName: String
    var deadline: ContinuousClock.Instant
    var mailbox: Mailbox
}

private struct Opened: Sendable {
    var backendPID: Int32
    var serverVersion: Int
}

/// The life of a connection's thread.
private func serve(
    _ opening: Opening, answer: Once<Opened>, onNotification: @escaping @Sendable (PostgresNotification) -> Void
) {
    let mailbox = opening.mailbox
    let session: PostgresSession
    switch open(opening, onNotification) {
    case .success(let opened): session = opened
    case .failure(let error):
        answer.give(.failure(error))
        mailbox.finish(error)
        return
    }
    let link = session.link
    answer.give(.success(Opened(backendPID: link.backendPID, serverVersion: link.serverVersion)))
    repeat {
        while !mailbox.isClosing, !link.isBroken, let job = mailbox.next() { job.run(session) }
        if mailbox.isClosing { link.close() }
    } while link.idle()
    mailbox.finish(link.end ?? .closed)
}

private func open(
    _ opening: Opening, _ onNotification: @escaping @Sendable (PostgresNotification) -> Void
) -> Result<PostgresSession, PostgresError> {
    var problems: [String] = []
    for target in opening.dsn.targets {
        let deadline = min(opening.deadline, .now + .seconds(opening.dsn.secondsPerHost))
        switch connect(target, opening, until: deadline) {
        case .success(let connection):
            let session = PostgresSession(
                Link(connection, mailbox: opening.mailbox, onNotification: onNotification))
            switch settle(session) {
            case .success: return .success(session)
            case .failure(let error): problems.append("\(error)")
            }
        case .failure(.closed): return .failure(.closed)
        case .failure(.notConnected(let problem)): problems.append(problem)
        case .failure(let error): return .failure(error)
        }
    }
    return .failure(.notConnected(problems.joined(separator: "; ")))
}

/// PQconnectStart and PQconnectPoll (libpq, Database Connection Control Functions) for one host.
private func connect(
    _ target: [String: String], _ opening: Opening, until deadline: ContinuousClock.Instant
) -> Result<OpaquePointer, PostgresError> {
    var target = target
    target["application_name"] = opening.applicationName
    target["client_encoding"] = "UTF8"
    let connection = withCStrings(Array(target.keys)) { keywords in
        withCStrings(Array(target.values)) { values in PQconnectStartParams(keywords, values, 0) }
    }
    guard let connection else { return .failure(.notConnected("libpq has no memory")) }
    // Without this libpq prints notices to stderr.
    PQsetNoticeReceiver(connection, { _, _ in }, nil)
    var state = PGRES_POLLING_WRITING
    while state != PGRES_POLLING_OK, state != PGRES_POLLING_FAILED, PQstatus(connection) != CONNECTION_BAD {
        let left = ContinuousClock.now.duration(to: deadline)
        guard left > .zero, !opening.mailbox.isClosing else {
            let place = target["host"] ?? target["hostaddr"] ?? "the local socket"
            let isClosing = opening.mailbox.isClosing
            PQfinish(connection)
            return .failure(isClosing ? .closed : .notConnected("\(place): no answer in time"))
        }
        // The socket may be another one after each step.
        waitFor(
            socket: PQsocket(connection), state == PGRES_POLLING_READING ? POLLIN : POLLOUT,
            milliseconds: left.inMilliseconds + 1, opening.mailbox)
        state = PQconnectPoll(connection)
    }
    guard state == PGRES_POLLING_OK else {
        let message = PQerrorMessage(connection).map { String(cString: $0) } ?? "no message"
        PQfinish(connection)
        return .failure(.notConnected(message.onOneLine))
    }
    return .success(connection)
}

/// What every session is set to, whatever the role's or the database's defaults are.
///
/// A commit is durable when it is answered: where the server's default is weaker, `on` (never weaker where it is
/// `remote_apply`). The server gives up by itself on what this process no longer waits for: on a statement after 60 s,
/// on a transaction whose client stands still after 30 s, on a client whose link is dead after about 10 s.
private func settle(_ session: PostgresSession) -> Result<Void, any Error> {
    session.perform(.seconds(10)) { session in
        _ = try session.query(
            """
            SELECT set_config('statement_timeout', '60000', false),
            set_config('idle_in_transaction_session_timeout', '30000', false),
            set_config('tcp_keepalives_idle', '5', false), set_config('tcp_keepalives_interval', '2', false),
            set_config('tcp_keepalives_count', '3', false), set_config('tcp_user_timeout', '10000', false),
            set_config('synchronous_commit', CASE WHEN current_setting('synchronous_commit') = 'remote_apply'
            THEN 'remote_apply' ELSE 'on' END, false)
            """)
    }
}

// MARK: - Threads

/// Runs `body` on a thread of its own, which ends with it. Nothing here can go on without one.
func startThread(_ body: @escaping @Sendable () -> Void) {
    final class Body: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }
    var thread = pthread_t()
    let context = Unmanaged.passRetained(Body(body)).toOpaque()
    let code = pthread_create(
        &thread, nil,
        { context in
            guard let context else { return nil }
            Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run()
            return nil
        }, context)
    precondition(code == 0, "no thread can be started: \(String(cString: strerror(code)))")
    pthread_detach(thread)
}

/// An answer that is given once, by whoever comes first.
private final class Once<Value: Sendable>: Sendable {
    private struct State {
        var resume: (@Sendable (Result<Value, PostgresError>) -> Void)?
        var timer: Task<Void, Never>?
    }

    private let state: Mutex<State>

    init(_ resume: @escaping @Sendable (Result<Value, PostgresError>) -> Void) {
        state = Mutex(State(resume: resume))
    }

    /// Cancelled with the answer, at once when that was given already.
    var timer: Task<Void, Never>? {
        get { state.withLock { $0.timer } }
        set {
            let isLate = state.withLock { state in
                state.timer = newValue
                return state.resume == nil
            }
            if isLate { newValue?.cancel() }
        }
    }

    func give(_ result: Result<Value, PostgresError>) {
        let (resume, timer) = state.withLock { state in
            defer { state.resume = nil }
            return (state.resume, state.timer)
        }
        timer?.cancel()
        resume?(result)
    }
}

/// `strings` as a NULL-terminated array of C strings, valid within `body`.
private func withCStrings<T>(_ strings: [String], _ body: ([UnsafePointer<CChar>?]) -> T) -> T {
    let copies = strings.map { strdup($0) }
    defer { for copy in copies { free(copy) } }
    return body(copies.map { UnsafePointer($0) } + [nil])
}
