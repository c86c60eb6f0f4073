/// How Muster shows Prometheus who it is, beside `SCALING_PROMETHEUS_URL`.
package struct PrometheusAccess: Sendable, Equatable {
    package var token: Secret?
    /// Read at every evaluation, so that a rotation needs no restart.
    package var tokenFile: String?
    package var user: String?
    package var password: Secret?
    package var passwordFile: String?
    /// PEM: what the server's certificate is checked against, in place of the system's.
    package var caFile: String?
    /// PEM: the certificate and key that Muster shows.
    package var certificateFile: String?
    package var keyFile: String?

    package init() {}
}

extension FlagReader {
    /// An http or https URL without a user, a query or a fragment: it is shown and logged, so it may hold no secret.
    mutating func prometheusURL() -> String? {
        guard
            let url = string(
                .scalingPrometheusURL, expected: "an http or https URL without a query", where: FlagRules.isBareHTTPURL)
        else { return nil }
        // A URL with a path keeps it (Prometheus' `--web.external-url`); what is asked for is put behind it.
        return url.hasSuffix("/") ? String(url.dropLast()) : url
    }

    mutating func prometheusAccess() -> PrometheusAccess {
        var access = PrometheusAccess()
        access.token = secret(.prometheusToken)
        access.tokenFile = string(.prometheusTokenFile)
        access.user = string(.prometheusUser, expected: "a user's name without a colon") { !$0.contains(":") }
        access.password = secret(.prometheusPassword)
        access.passwordFile = string(.prometheusPasswordFile)
        access.caFile = string(.prometheusCAFile)
        access.certificateFile = string(.prometheusCertificateFile)
        access.keyFile = string(.prometheusKeyFile)
        check(access)
        return access
    }

    /// What contradicts itself, or would silently do nothing, is a mistake in the flags.
    private mutating func check(_ access: PrometheusAccess) {
        let tokens = [access.token.map { _ in 1 }, access.tokenFile.map { _ in 1 }].compactMap { $0 }.count
        let passwords = [access.password.map { _ in 1 }, access.passwordFile.map { _ in 1 }].compactMap { $0 }.count
        if tokens == 2 { refuse(.prometheusTokenFile, "only one of SCALING_PROMETHEUS_TOKEN and this may be set") }
        if passwords == 2 {
            refuse(.prometheusPasswordFile, "only one of SCALING_PROMETHEUS_PASSWORD and this may be set")
        }
        if tokens > 0, access.user != nil {
            refuse(.prometheusUser, "a token and a user are both set; Prometheus can be shown one of them")
        }
        if access.user == nil, passwords > 0 { refuse(.prometheusUser, "a password is set, so a user is expected") }
        if access.user != nil, passwords == 0 {
            refuse(.prometheusUser, "SCALING_PROMETHEUS_PASSWORD or SCALING_PROMETHEUS_PASSWORD_FILE is expected too")
        }
        if (access.certificateFile == nil) != (access.keyFile == nil) {
            refuse(.prometheusKeyFile, "SCALING_PROMETHEUS_CERT_FILE and this are only of use together")
        }
        if access != PrometheusAccess(), !isSet(.scalingPrometheusURL) {
            refuse(.scalingPrometheusURL, "a URL is expected, since how to reach it is set")
        }
    }
}
