// DockerCLITests
