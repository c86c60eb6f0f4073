package import FleetModel

/// What an evaluation wants to know: the value of a signal for a service.
package struct SignalRequest: Hashable, Sendable {
    package var service: String
    package var definition: SignalDefinition

    package init(service: String, definition: SignalDefinition) {
        self.service = service
        self.definition = definition
    }
}

extension SignalRequest {
    /// One for each service that scales on a signal that is defined, in the services' order.
    package static func all(_ desired: DesiredState) -> [SignalRequest] {
        desired.services.compactMap { spec in
            guard let scaling = spec.scaling, let definition = desired.signals[scaling.signal] else { return nil }
            return SignalRequest(service: spec.name, definition: definition)
        }
    }
}
