/// The version that `muster --version` prints.
package enum Version {
    package static let current = "0.1.0"
}
