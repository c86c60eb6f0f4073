package import FleetConfig
import FleetModel
import HTTPClient
package import Signals

extension SignalReader {
    /// As the flags say: from Prometheus where its address is set, else from what is pushed.
    package init(_ flags: Flags) {
        self.init(prometheus: PrometheusEndpoint(flags).map { PrometheusSource($0) })
    }
}

extension PrometheusEndpoint {
    /// Nil where no address is set.
    init?(_ flags: Flags) {
        guard let url = flags.scalingPrometheusURL else { return nil }
        let access = flags.prometheusAccess
        let authorization: Authorization
        if let token = PrometheusEndpoint.credential(access.token, access.tokenFile) {
            authorization = .bearer(token)
        } else if let user = access.user,
            let password = PrometheusEndpoint.credential(access.password, access.passwordFile)
        {
            authorization = .basic(user: user, password)
        } else {
            authorization = .none
        }
        let tls = HTTPTLS(
            caFile: access.caFile, certificateFile: access.certificateFile, keyFile: access.keyFile)
        self.init(url: url, authorization: authorization, tls: tls)
    }

    private static func credential(_ value: Secret?, _ file: String?) -> Credential? {
        value.map { .value($0.revealed) } ?? file.map { .file($0) }
    }
}

enum PrometheusFindings {
    /// Asks what every Prometheus can answer, in the way in which the daemon asks.
    static func all(_ flags: Flags) async -> [Finding] {
        guard let endpoint = PrometheusEndpoint(flags) else { return [] }
        let request = SignalRequest(
            service: "doctor",
            definition: SignalDefinition(name: "doctor", aggregation: .fleetTotal, unit: "", query: "vector(1)"))
        switch await PrometheusSource(endpoint).read([request])[request.service] {
        case .sample: return [.ok("prometheus", "it answers queries")]
        case .missing(let reason):
            return [.fail("prometheus", "\(reason)", do: "check SCALING_PROMETHEUS_URL and what is shown to it")]
        case nil: return [.fail("prometheus", "it was not asked", do: "report this")]
        }
    }
}
