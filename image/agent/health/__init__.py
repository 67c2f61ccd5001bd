"""Whether services and volumes are well: probes, log, supervisor, free space."""
