"""Files of `config/` that others name at their place on the config volume, and that are read there."""
