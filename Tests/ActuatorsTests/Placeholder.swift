// ActuatorsTests
