"""Floor 2: the mathematics of learning, written as expressions of the engine."""
