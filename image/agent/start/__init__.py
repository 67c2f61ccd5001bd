"""The start: serve what was applied, then catch up with the control plane."""
