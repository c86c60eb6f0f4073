import Foundation
package import HTTPClient

/// Where Prometheus is and how Muster shows who it is. Turned to text it says nothing of the credential.
package struct PrometheusEndpoint: Sendable {
    /// A secret, or the file that holds it; a file is read for every batch, so that a rotation needs no restart.
    package enum Credential: Sendable, CustomStringConvertible {
        case value(String)
        case file(String)

        package var description: String { "<secret>" }
    }

    package enum Authorization: Sendable {
        case none
        case bearer(Credential)
        case basic(user: String, Credential)
    }

    /// Without a slash at its end; may have a path.
    package var url: String
    package var authorization: Authorization
    package var tls: HTTPTLS?

    package init(url: String, authorization: Authorization = .none, tls: HTTPTLS? = nil) {
        self.url = url
        self.authorization = authorization
        self.tls = tls
    }
}

extension PrometheusEndpoint {
    /// Why the credential cannot be shown. Names the file, never what is in it.
    struct CredentialError: Error, CustomStringConvertible {
        let description: String
    }

    /// The header, or none. Reads a file on a thread of its own.
    func authorizationHeader() async throws(CredentialError) -> String? {
        switch authorization {
        case .none: return nil
        case .bearer(let credential): return "Bearer \(try await read(credential))"
        case .basic(let user, let credential):
            return "Basic \(Data("\(user):\(try await read(credential))".utf8).base64EncodedString())"
        }
    }

    private func read(_ credential: Credential) async throws(CredentialError) -> String {
        let text: String
        switch credential {
        case .value(let value): text = value
        case .file(let path):
            let data = await withCheckedContinuation { continuation in
                DispatchQueue.global().async {
                    continuation.resume(returning: FileManager.default.contents(atPath: path))
                }
            }
            guard let data else { throw CredentialError(description: "the credential file `\(path)` cannot be read") }
            text = String(decoding: data.prefix(65_536), as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        }
        // A line break would let the text end the header and begin another.
        guard !text.isEmpty, text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            throw CredentialError(description: "the credential is empty or is not one line of text")
        }
        return text
    }
}
