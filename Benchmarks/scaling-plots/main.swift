import Foundation
import ScalingSimulation

/// `make scaling-plots`: simulates the comparison of docs/autoscaling.md and writes its plots and its table. Run in
/// the checkout. The same code writes the same bytes; a test compares them with what is committed.

do {
    let page = try String(contentsOfFile: Comparison.page, encoding: .utf8)
    guard let files = Comparison.files(page: page) else {
        print("\(Comparison.page) has no place for the table")
        exit(1)
    }
    for file in files {
        try Data(file.content.utf8).write(to: URL(fileURLWithPath: file.path))
        print("\(file.path): \(file.content.utf8.count) bytes")
    }
} catch {
    print("cannot write the plots, run this in the checkout: \(error)")
    exit(1)
}
