"""A plan marks what will run as root or execute code."""

from __future__ import annotations

import pytest

from controlplane.events import AliasAdded, OverrideChanged
from controlplane.intake.checks.code_execution import marks
from controlplane.intake.plan import Notice, Plan, as_dict
from controlplane.model import Override
from controlplane.words.plans import markdown, plan_lines

SEALED = b"-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n-----END AGE ENCRYPTED FILE-----\n"


def told(path: str, text: str, before: str = "") -> str:
    """What a change of a file is marked with; empty for nothing."""
    known = {path: Override(path, before.encode())} if before else {}
    notices = list(marks(known, [OverrideChanged(path=path, content=text.encode())]))
    assert all(notice.executes and notice.subject == path for notice in notices)
    return notices[0].message if notices else ""


@pytest.mark.parametrize(
    ("path", "text", "part"),
    [
        ("user-patches.sh", "#!/bin/bash\n", "runs as root"),
        ("gitops/authorized_keys", "ssh-ed25519 AAAA ada\n", "root in the container"),
        ("sieve-pipe/learn", "#!/bin/sh\n", "program"),
        ("sieve-filter/x", "#!/bin/sh\n", "program"),
        ("before.dovecot.sieve", 'require "vnd.dovecot.pipe";\n', "line 1"),
        ("rspamd/rspamd.local.lua", "x = 1\n", "Lua"),
        (
            "rspamd/override.d/x.conf",
            "\ncondition = <<EOD\nreturn function(task) end\nEOD;\n",
            "Lua code (lines 2, 3)",
        ),
        ("rspamd/custom-commands.conf", 'add-line options.inc lua = "/x.lua";\n', "Lua"),
        (
            "dovecot.cf",
            "service x {\n  executable = script /bin/x\n  user = root\n}\n",
            "runs as root (line 3)",
        ),
        ("dovecot.cf", "service x {\n  executable = script /bin/x\n}\n", "starts a program (line 2)"),
        ("dovecot.cf", "passdb {\n  driver = lua\n  args = file=/x.lua\n}\n", "Lua code (lines 2, 3)"),
        ("dovecot.cf", "passdb {\n  driver = checkpassword\n}\n", "program"),
        ("dovecot.cf", "mail_plugins = $mail_plugins x\n", "loads code"),
        ("dovecot.cf", "!include /etc/x\n", "other files"),
        ("dovecot.cf", "plugin {\n  sieve_plugins = sieve_extprograms\n}\n", "program"),
        (
            "postfix-master.cf",
            "x unix - n n - - pipe\n  flags=R user=root argv=/bin/x\n",
            "runs as root (line 2)",
        ),
        (
            "postfix-master.cf",
            "x unix - n n - - pipe\n  user=nobody argv=/bin/x\n",
            "starts a program (lines 1, 2)",
        ),
        ("postfix-master.cf", "x unix - n n - 0 spawn\n", "starts a program"),
        ("postfix-master.cf", "2525 inet n - n - - smtpd\n", "adds or replaces a service (line 1)"),
        ("postfix-master.cf", "submission/inet/chroot=n\n", "chroot"),
        ("postfix-main.cf", "content_filter = x:\n", "another program"),
        ("postfix-main.cf", "mailbox_command = /bin/x\n", "another program"),
        (
            "postfix-main.cf",
            "smtpd_recipient_restrictions = check_policy_service unix:x\n",
            "another program",
        ),
        ("postfix-main.cf", "daemon_directory = /tmp\n", "what Postfix runs"),
        ("postfix-aliases.cf", 'x: "|/bin/x"\n', "starts a program"),
        ("postfix-aliases.cf", "x: :include:/etc/x\n", "file"),
        ("postfix-aliases.cf", "x: /var/spool/x\n", "file"),
        ("amavis.cf", "1;\n", "Perl"),
        ("spamassassin-rules.cf", "loadplugin X /x.pm\n", "loads code"),
        ("fail2ban-jail.cf", "[x]\naction = x\n", "as root"),
        ("fetchmail.cf", "poll x mda '/bin/x'\n", "program"),
        ("getmail-a.cf", "[destination]\ntype = MDA_external\n", "program"),
        ("cron.d/x", "* * * * * root x\n", "cron"),
        ("dovecot.cf", SEALED.decode(), "nobody sees"),
    ],
)
def test_what_runs_is_marked(path: str, text: str, part: str) -> None:
    """With the lines, where it is not the whole file."""
    assert part in told(path, text)


@pytest.mark.parametrize(
    ("path", "text", "before"),
    [
        ("dovecot.cf", "mail_max_userip_connections = 50\n", ""),
        ("dovecot.cf", "# user = root\n", ""),
        ("dovecot.cf", "a = b\nservice x {\n  user = root\n}\n", "service x {\n  user = root\n}\n"),
        ("postfix-main.cf", "message_size_limit = 1\n", ""),
        ("postfix-master.cf", "submission/inet/syslog_name=postfix/submission\n", ""),
        ("postfix-aliases.cf", "root: a@example.test\n", ""),
        ("before.dovecot.sieve", 'require "fileinto";\n', ""),
        ("rspamd/override.d/x.conf", "score = 1;\n", ""),
        ("dhparams.pem", "x\n", ""),
        ("rspamd/custom-commands.conf", "disable-module x\n", ""),
    ],
)
def test_what_runs_nothing_new_is_not_marked(path: str, text: str, before: str) -> None:
    """Also a file that ran something before, where another line of it changes."""
    assert told(path, text, before) == ""


def test_each_form_of_a_plan_shows_the_mark() -> None:
    """In text, Markdown and JSON; also where there are too many events to list each."""
    many = [AliasAdded(source=f"a{n}@example.test", targets=("b@example.test",)) for n in range(50)]
    script = OverrideChanged(path="user-patches.sh", content=b"x")
    for events in ((script,), (*many, script)):
        notices = (Notice("user-patches.sh", "weighs much"), *marks({}, events))
        plan = Plan(events=events, warnings=notices)
        for shown in ("\n".join(plan_lines(plan)), markdown(plan)):
            (line,) = [line for line in shown.splitlines() if "runs as root" in line]
            assert "⚠" in line
        assert [row["executes"] for row in as_dict(plan)["warnings"]] == [False, True]
