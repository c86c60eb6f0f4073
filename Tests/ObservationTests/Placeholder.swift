// ObservationTests
