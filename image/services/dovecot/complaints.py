"""How doveconf(1) says what is wrong, and where."""

from __future__ import annotations

import re

AT_LINE = re.compile(r"Error in configuration file (/\S+) line (\d+): (.*)")
SECTION = re.compile(r"(Missing '}') \(section started at (/\S+):(\d+)\)")
NO_PLUGIN = re.compile(r"(Plugin '(\w+)' not found) from directory (\S+)")
NAMED = re.compile(r"Error in configuration file /[^\s:]+: (\w+)(.*)")
