"""A configuration that somebody brings along: a config folder and a mailserver.env become files of `main`."""
