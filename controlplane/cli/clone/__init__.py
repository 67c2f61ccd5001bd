"""Works on a person's own files, with no server needed: a clone of `main`, a config folder."""
