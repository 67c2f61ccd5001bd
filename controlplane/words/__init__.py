"""Problems and plans as text for people: one wording, used by the daemon and by the commands."""
