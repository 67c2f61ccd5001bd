"""Works on a person's own files, without a server: a clone of `main`, a config folder."""
