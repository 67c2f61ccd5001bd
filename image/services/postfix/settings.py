"""Each setting as the programs of Postfix see it, held against what is there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from agent.commands import run_all
from agent.errors import Problem
from agent.files.staged_tree import StagedTree
from services.postfix.answers import DEADLINE, Answers, pairs
from services.postfix.daemons import MAIN, MASTER
from services.postfix.lines import Line, main_lines, option_lines
from services.postfix.named_files import wrong_pairs
from services.postfix.references import Setting, sasl_server, wrong_references
from services.postfix.surroundings import Surroundings, approved
from services.postfix.table_files import refused_tables
from services.postfix.tables import tables

_NAMED = re.compile(r"\$[{(]?(\w+)")


def wrong_settings(staged: StagedTree, said: Answers) -> list[Problem]:
    """References of main.cf, and of the options of master.cf, that lead nowhere, each at its line."""
    lines, options = main_lines(staged.text(MAIN)), option_lines(staged.text(MASTER))
    about = Surroundings(
        staged,
        said.types,
        said.values["queue_directory"],
        said.values["mail_owner"],
        approved(f"{said.values['proxy_read_maps']} {said.values['proxy_write_maps']}"),
        said.services,
    )
    settings = [*_of_main(said, lines), *_of_master(said, options), *_seen_by_services(said, lines, options)]
    classes = set(re.split(r"[\s,]+", said.values["smtpd_restriction_classes"])) - {""}
    found = [(s, text) for s in settings for text in wrong_references(s, about, classes)]
    found += _together(settings, said, about)
    found += _refused(settings, about)
    return _problems(found, lines)


def _of_main(said: Answers, lines: Mapping[str, Line]) -> Iterator[Setting]:
    for name, value in pairs(said.settings.output):
        if name in lines:  # the rest are defaults of Postfix's own
            yield Setting(MAIN, lines[name].number, name, value, lines[name].raw)


def _of_master(said: Answers, options: Mapping[tuple[str, str], Line]) -> Iterator[Setting]:
    for whole, value in pairs(said.options.output):
        service, _, name = whole.rpartition("/")
        if line := options.get((service, name)):
            yield Setting(MASTER, line.number, name, value, line.raw)


def _seen_by_services(
    said: Answers, lines: Mapping[str, Line], options: Mapping[tuple[str, str], Line]
) -> Iterator[Setting]:
    """Parameters of main.cf that name another one which a service sets for itself: they differ there."""
    named = {name for line in lines.values() for name in _NAMED.findall(line.raw)}
    own: dict[str, dict[str, Line]] = {}
    for (service, name), line in options.items():
        if name in named:
            own.setdefault(service, {})[name] = line
    commands = [("postconf", "-c", said.folder, *_overridden(service, said), "-nx") for service in own]
    general = dict(pairs(said.settings.output))
    for (service, mine), ran in zip(own.items(), run_all(commands, DEADLINE), strict=True):
        for name, value in pairs(ran.output):
            if name in lines and value != general.get(name) and (service, name) not in options:
                at = next((mine[n].number for n in _NAMED.findall(lines[name].raw) if n in mine), 0)
                yield Setting(MASTER, at, name, value, lines[name].raw, service)


def _overridden(service: str, said: Answers) -> Iterator[str]:
    for whole, value in pairs(said.options.output):
        of, _, name = whole.rpartition("/")
        if of == service:
            yield "-o"
            yield f"{name}={value}"


def _together(
    settings: Iterable[Setting], said: Answers, about: Surroundings
) -> Iterator[tuple[Setting, str]]:
    """What is wrong with settings that belong together."""
    main = {s.name: s for s in settings if s.path == MAIN}
    values = {name: setting.value for name, setting in main.items()}
    for name, text in wrong_pairs(values, about):
        yield main[name], text
    for setting in settings:
        if setting.name == "smtpd_sasl_path" and said.values["smtpd_sasl_type"] == "dovecot":
            yield from ((setting, text) for text in sasl_server(setting.value, about))


def _refused(settings: Iterable[Setting], about: Surroundings) -> Iterator[tuple[Setting, str]]:
    """Tables that are there, and that Postfix cannot open all the same."""
    named = {s: list(tables(s.value)) for s in settings}
    refused = refused_tables([table for each in named.values() for table in each], about)
    for setting, each in named.items():
        for table in each:
            if table in refused:
                yield setting, f"{setting.name}: {refused[table]}"


def _problems(found: Iterable[tuple[Setting, str]], lines: Mapping[str, Line]) -> list[Problem]:
    """One problem for each line. What is wrong with a parameter of one's own is told where that is set."""
    wrong = {(s.name, text.partition(": ")[2]) for s, text in found if s.path == MAIN}
    problems = []
    for setting, text in found:
        reason = text.partition(": ")[2]
        by = {n for n in _NAMED.findall(setting.raw) if n in lines}
        if any((name, reason) in wrong for name in by):
            continue
        where = f" (as {setting.service} sees it)" if setting.service else ""
        problems.append(Problem("postfix", setting.path, setting.line, text + where))
    return list(dict.fromkeys(problems))
