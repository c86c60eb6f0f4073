/// The signals that a `scaling:` block may name: the built-in ones and those of `signals:`.
package struct SignalCatalog: Sendable, Equatable {
    /// By name.
    package var definitions: [String: SignalDefinition]

    /// `own` win over the built-in ones of the same name.
    package init(_ own: [SignalDefinition] = []) {
        definitions = Dictionary((SignalCatalog.builtIn + own).map { ($0.name, $0) }) { _, last in last }
    }

    package subscript(name: String) -> SignalDefinition? { definitions[name] }

    package var names: [String] { definitions.keys.sorted() }

    /// Their queries are shared by the whole fleet: one answer has a series for each service, told apart by the
    /// label `service`. So a thousand services that scale on one of them cost one query.
    package static let builtIn: [SignalDefinition] = [
        // One series a service; a service with several queues says itself how they add up, in a signal of its own.
        SignalDefinition(
            name: "queue_depth", aggregation: .fleetTotal, unit: "items", query: #"queue_depth{service!=""}"#),
        // Exporters give the lag for each topic and partition.
        SignalDefinition(
            name: "consumer_lag", aggregation: .fleetTotal, unit: "messages",
            query: #"sum by (service) (consumer_lag{service!=""})"#),
        // cAdvisor: one cgroup a task (`id`), and within it one series a processor where it counts them apart.
        SignalDefinition(
            name: "cpu", aggregation: .perReplica, unit: "percent",
            query: """
                label_replace(100 * avg by (container_label_com_docker_swarm_service_name) (sum by \
                (container_label_com_docker_swarm_service_name, id) (rate(container_cpu_usage_seconds_total{\
                container_label_com_docker_swarm_service_name!=""}[2m]))), "service", "$1", \
                "container_label_com_docker_swarm_service_name", "(.*)")
                """),
    ]

    /// The label that tells the series of a shared query apart.
    package static let serviceLabel = "service"
}
