"""Floor 4: seeing what a fit does: derivations, pictures, diagnoses and reports."""
