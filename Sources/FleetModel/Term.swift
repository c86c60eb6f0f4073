/// One leadership: who holds it, and its epoch. Epochs only grow; every write of the loop carries one.
package struct Term: Hashable, Sendable {
    package var holder: String
    package var epoch: Int

    package init(holder: String, epoch: Int) {
        self.holder = holder
        self.epoch = epoch
    }
}
