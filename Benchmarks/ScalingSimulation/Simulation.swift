package enum Simulation {}
