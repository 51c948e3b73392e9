"""Floor 1: expressions, their derivatives, the passes over them and the backends."""
