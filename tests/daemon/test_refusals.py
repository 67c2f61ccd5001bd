"""Every class of mistake that a push is refused for, with file, line and cure, through real git."""

from __future__ import annotations

import pytest

from controlplane.errors import Refused
from tests.daemon.site import HASH, Clone, Site

ACCOUNTS = "config/postfix-accounts.cf"
VIRTUAL = "config/postfix-virtual.cf"
KEY = (
    "-----BEGIN PRIVATE KEY-----\n"
    + "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7\n" * 12
    + "-----END PRIVATE KEY-----\n"
)


def _refused(clone: Clone, *expected: str) -> str:
    site = clone.site
    site.settle()
    before = site.git("rev-parse", "main", "events", "rendered", cwd=site.repository).stdout
    done = clone.push()
    assert done.returncode != 0, done.stderr
    assert "refused: nothing was changed" in done.stderr
    for text in expected:
        assert text in done.stderr
    assert site.git("rev-parse", "main", "events", "rendered", cwd=site.repository).stdout == before
    return done.stderr


def test_a_cause_hides_its_symptoms(site: Site) -> None:
    """A conflict is one problem per file, whatever else is wrong with the lines of its sides."""
    clone = site.clone()
    for path in ("mailserver.env", ACCOUNTS):
        clone.append(path, "<<<<<<< HEAD\na@b|x\n=======\nNO_SUCH=1\n>>>>>>> topic\n")
    clone.commit()
    said = _refused(clone, "mailserver.env:", f"{ACCOUNTS}:", "2 problems")
    assert said.count("a merge conflict that nobody resolved") == 2
    site.must_agree()


def test_files_outside_config_are_noticed(site: Site) -> None:
    """A push that changes nothing else says why nothing changes."""
    clone = site.clone()
    clone.append("config2/postfix-accounts.cf", "x\n")
    clone.append("old/config/postfix-virtual.cf", "x\n")
    clone.commit()
    said = clone.push().stderr
    assert (
        "old/config/postfix-virtual.cf: nothing reads it there: did you mean config/postfix-virtual.cf?"
        in said
    )
    assert "nothing that the server reads changes" in said


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        (ACCOUNTS, "user@example.test no-bar\n", f"{ACCOUNTS}:"),
        (ACCOUNTS, f"user1@example.test|{HASH}\nUser1@example.test|{HASH}\n", "user1@example.test"),
        (ACCOUNTS, f"../../etc/x@example.test|{HASH}\n", f"{ACCOUNTS}:"),
        (VIRTUAL, "x@example.test  not an address@@\n", "write one or more addresses"),
        (VIRTUAL, "a@example.test b@example.test\nb@example.test a@example.test\n", "loop"),
        ("config/postfix-regexp.cf", "/(unclosed/ user@example.test\n", "config/postfix-regexp.cf:1"),
        ("mailserver.env", "ENABLE_RSPAMDD=1\n", "did you mean ENABLE_RSPAMD?"),
        ("mailserver.env", "SPOOF_PROTECTION=7\n", "mailserver.env:"),
        ("config/ssl/private.pem", KEY, "config/ssl/private.pem"),
    ],
)  # fmt: skip
def test_malformed_input_is_refused(site: Site, path: str, text: str, expected: str) -> None:
    """The answer names the place and the cure, and nothing moved."""
    clone = site.clone()
    clone.append(path, text)
    clone.commit()
    _refused(clone, expected)
    site.must_agree()


def test_a_symlink_is_refused(site: Site) -> None:
    """A link could lead anywhere."""
    clone = site.clone()
    (clone.path / "config" / "dovecot.cf").symlink_to("/etc/passwd")
    clone.commit()
    _refused(clone, "config/dovecot.cf")


def test_a_complaint_of_a_checker_is_led_back_to_main(site: Site) -> None:
    """What doveconf or postconf say of a rendered line is reported at the line that somebody wrote."""
    assert site.agent is not None
    clone = site.clone()
    clone.write("config/dovecot.cf", "mail_max_userip_connections = 5\n# fine\nno_such_setting = 1\n")
    clone.commit()
    site.agent.complaints = [
        {"service": "dovecot", "path": "etc/dovecot/local.conf", "line": 0, "message": "Unknown setting"}
    ]
    _refused(clone, "dovecot: Unknown setting")


def test_history_of_main_cannot_be_rewritten(site: Site) -> None:
    """A forced push is refused with the way out."""
    site.add("user1@example.test")
    clone = site.clone()
    clone.git("reset", "-q", "--hard", "HEAD~1")
    clone.commit("Another history")
    done = clone.push("--force", "origin", "HEAD:main")
    assert done.returncode != 0
    assert "git pull --rebase" in done.stderr


def test_main_cannot_be_deleted(site: Site) -> None:
    """The branch is what the server runs by."""
    clone = site.clone()
    done = clone.push("origin", ":main")
    assert done.returncode != 0
    assert site.git("rev-parse", "main", cwd=site.repository).returncode == 0


@pytest.mark.parametrize("branch", ["events", "rendered", "preview/x"])
def test_branches_of_the_server_are_its_own(site: Site, branch: str) -> None:
    """Nobody pushes what only the server may write."""
    clone = site.clone()
    clone.commit()
    done = clone.push("--force", "origin", f"HEAD:refs/heads/{branch}")
    assert done.returncode != 0
    assert "written by the server alone" in done.stderr


def test_most_accounts_go_only_on_purpose(site: Site) -> None:
    """Two of three accounts need the option."""
    for name in ("a", "b", "c"):
        site.add(f"{name}@example.test")
    clone = site.clone()
    clone.write(ACCOUNTS, f"a@example.test|{HASH}\n")
    clone.commit()
    _refused(clone, "allow-mass-delete")
    done = clone.push("-o", "allow-mass-delete", "origin", "HEAD:main")
    assert done.returncode == 0, done.stderr
    assert list(site.daemon.intake.state.desired.accounts) == ["a@example.test"]


def test_an_unknown_push_option_is_refused(site: Site) -> None:
    """A misspelt option must not be a push without it."""
    clone = site.clone()
    clone.commit()
    done = clone.push("-o", "dryrun", "origin", "HEAD:main")
    assert done.returncode != 0
    assert "is not a push option" in done.stderr


def test_without_a_daemon_a_push_is_refused(site: Site) -> None:
    """Nobody could answer for it."""
    clone = site.clone()
    site.server.stop()
    clone.append(VIRTUAL, "info@example.test user@example.test\n")
    clone.commit()
    done = clone.push()
    assert done.returncode != 0
    assert "Nothing was changed" in done.stderr


def test_most_of_anything_does_not_go_by_a_push(site: Site) -> None:
    """Each kind of entry is guarded, not only accounts, and named by its file; the option lets all go."""
    clone = site.clone()
    people = [f"user{n}@example.test" for n in range(3)]
    clone.write("config/postfix-accounts.cf", "".join(f"{one}|{HASH}\n" for one in people))
    written = {
        "postfix-virtual.cf": "".join(f"{n}@example.test {one}\n" for n, one in enumerate(people)),
        "postfix-regexp.cf": "".join(f"/^{n}x@/ {one}\n" for n, one in enumerate(people)),
        "dovecot-quotas.cf": "".join(f"{one}:5M\n" for one in people),
        "dovecot-masters.cf": "".join(f"boss{n}|{HASH}\n" for n, _ in enumerate(people)),
        "postfix-relaymap.cf": "".join(f"@{n}.test [relay.test]:25\n" for n, _ in enumerate(people)),
        "postfix-send-access.cf": "".join(f"{one} REJECT\n" for one in people),
        "postfix-receive-access.cf": "".join(f"{one} REJECT\n" for one in people),
    }
    for name, text in written.items():
        clone.write(f"config/{name}", text)
    clone.commit()
    assert clone.push().returncode == 0
    for name in written:
        clone.write(f"config/{name}", "")
    clone.commit()
    said = _refused(clone, "allow-mass-delete")
    preview = clone.push("origin", "HEAD:refs/heads/try")
    assert preview.returncode == 0
    assert "⚠ config/dovecot-quotas.cf: this would remove 3 of 3 quotas" in preview.stderr
    (warned,) = [line for line in site.ask("validate", revision="try")["warnings"] if "quotas" in line]
    assert "git push -o allow-mass-delete" in warned
    for name in written:
        assert f"config/{name}: this would remove 3 of 3 " in said
    done = clone.push("-o", "allow-mass-delete", "origin", "HEAD:main")
    assert done.returncode == 0, done.stderr
    site.must_agree()


def test_a_long_list_of_accounts_is_not_deleted_unasked(site: Site) -> None:
    """What a pipe lists is guarded; the few that a person names are meant, the last one too."""
    clone = site.clone()
    people = [f"user{n}@example.test" for n in range(14)]
    clone.write("config/postfix-accounts.cf", "".join(f"{one}|{HASH}\n" for one in people))
    clone.commit()
    assert clone.push().returncode == 0
    with pytest.raises(Refused) as caught:
        site.ask("edit", command="account.remove", addresses=people[:12])
    assert "12 of 14 accounts" in caught.value.problems[0].message
    site.ask("edit", command="account.remove", addresses=people[:12], allow_mass_delete=True)
    site.ask("edit", command="account.remove", addresses=people[12:])
    assert site.daemon.intake.state.desired.accounts == {}
