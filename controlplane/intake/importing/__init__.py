"""Imports an existing configuration: a config folder and a mailserver.env become files of `main`."""
