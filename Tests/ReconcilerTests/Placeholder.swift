// ReconcilerTests
