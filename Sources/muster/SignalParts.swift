import FleetConfig
import HTTPClient
import Signals

extension SignalReader {
    /// As the flags say: from Prometheus where its address is set, else from what is pushed.
    init(_ flags: Flags) {
        guard let url = flags.scalingPrometheusURL else {
            self.init()
            return
        }
        let access = flags.prometheusAccess
        let authorization: PrometheusEndpoint.Authorization
        if let token = SignalReader.credential(access.token, access.tokenFile) {
            authorization = .bearer(token)
        } else if let user = access.user, let password = SignalReader.credential(access.password, access.passwordFile) {
            authorization = .basic(user: user, password)
        } else {
            authorization = .none
        }
        let tls = HTTPTLS(
            caFile: access.caFile, certificateFile: access.certificateFile, keyFile: access.keyFile)
        self.init(prometheus: PrometheusSource(PrometheusEndpoint(url: url, authorization: authorization, tls: tls)))
    }

    private static func credential(_ value: Secret?, _ file: String?) -> PrometheusEndpoint.Credential? {
        value.map { .value($0.revealed) } ?? file.map { .file($0) }
    }
}
