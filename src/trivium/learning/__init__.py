"""Floor 3: the three steps, model, objective and algorithm, and the data they meet."""
