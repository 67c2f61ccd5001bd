"""What the daemon says of settings: contradictions, what has no effect yet, where a value comes from."""

from __future__ import annotations

import base64

import pytest

from controlplane.intake.checks.warnings import unsupported
from tests.daemon.site import Site

RECIPIENT = "gitops/recipient.txt"


def _volume(site: Site, path: str, text: str) -> dict[str, object]:
    content = base64.b64encode(text.encode()).decode()
    change = {"path": path, "content": content, "executable": False, "base": ""}
    return site.ask("agent.volume", changes=[change])


def test_an_old_recipient_is_replaced_in_silence(site: Site) -> None:
    """The server's own key decides: no refusal, no event, and the agent writes its file again."""
    position = site.daemon.intake.position
    answer = _volume(site, RECIPIENT, "age1old\n")
    assert (answer["refused"], answer["overruled"]) == ([], [RECIPIENT])
    assert site.daemon.intake.position == position


def test_settings_that_contradict_each_other_are_refused(site: Site) -> None:
    """With the line in mailserver.env; it does not block a later change of something else."""
    clone = site.clone()
    clone.append("mailserver.env", "POSTFIX_MAILBOX_SIZE_LIMIT=1000\n")
    number = len((clone.path / "mailserver.env").read_text().splitlines())
    clone.commit()
    done = clone.push()
    assert done.returncode != 0
    assert f"mailserver.env:{number}" in done.stderr
    assert "smaller than POSTFIX_MESSAGE_SIZE_LIMIT" in done.stderr


def test_a_pinned_contradiction_does_not_block_other_changes(site: Site) -> None:
    """A push cannot correct the environment, so a push of something else goes through."""
    site.stop()
    site.environment |= {"POSTFIX_MAILBOX_SIZE_LIMIT": "1000"}
    site.start()
    assert site.add("user1@example.test")["outcome"]["outcome"] == "applied"


def test_only_what_is_wanted_and_missing_is_reported(site: Site) -> None:
    """Turning off what is missing anyway is no contradiction."""
    site.stop()
    site.environment |= {"ENABLE_AMAVIS": "0", "ENABLE_SRS": "1", "SSL_TYPE": "letsencrypt"}
    site.start()
    assert unsupported(site.daemon.intake.state) == ["ENABLE_SRS"]
    assert site.ask("status")["unsupported"] == ["ENABLE_SRS"]
    push = site.clone().change("mailserver.env", "ENABLE_CLAMAV=0\nENABLE_FAIL2BAN=1\n")
    lines = [line for line in push.stderr.splitlines() if "not supported yet" in line]
    assert any("ENABLE_FAIL2BAN" in line for line in lines)
    assert not any("ENABLE_CLAMAV" in line for line in lines)


@pytest.mark.parametrize(
    ("name", "source", "value", "supported"),
    [
        ("ENABLE_RSPAMD", "main", "1", True),
        ("ENABLE_SRS", "environment", "1", False),
        ("POSTMASTER_ADDRESS", "default", "postmaster@example.test", True),
    ],
)
def test_a_value_is_explained(site: Site, name: str, source: str, value: str, supported: bool) -> None:
    """The value in effect, where it comes from, and whether it does anything."""
    site.stop()
    site.environment |= {"ENABLE_SRS": "1"}
    site.start()
    answer = site.ask("explain", name=name)
    assert (answer["source"], answer["value"], answer["supported"]) == (source, value, supported)


def test_what_main_says_of_a_pinned_setting_is_told(site: Site) -> None:
    """So that nobody wonders why a push has no effect."""
    site.stop()
    site.environment |= {"ENABLE_RSPAMD": "0"}
    site.start()
    answer = site.ask("explain", name="ENABLE_RSPAMD")
    assert (answer["source"], answer["value"], answer["overruled"]) == ("environment", "0", "1")
    assert site.ask("explain", name="TLS_LEVEL")["overruled"] is None


def test_verify_counts_events(site: Site) -> None:
    """As many as the log has."""
    site.add("user1@example.test")
    found = site.ask("verify")
    assert found["ok"]
    assert found["events"] == len(site.ask("log")["entries"])


def test_reconcile_waits_for_its_own_apply(site: Site) -> None:
    """The answer comes after the agent was asked once more, not with what was known before."""
    site.add("user1@example.test")
    assert site.agent is not None
    before = sum(request["op"] == "apply" for request in site.agent.asked)
    answer = site.ask("reconcile", wait=True)
    assert answer["outcome"]["outcome"] == "applied"
    after = [request for request in site.agent.asked if request["op"] == "apply"]
    assert len(after) == before + 1
    assert after[-1]["retry"]


def test_reconcile_tells_what_it_put_right(site: Site) -> None:
    """Files that had drifted, the release that served before, edits of the volume that are refused."""
    site.add("user1@example.test")
    assert site.agent is not None
    drifted = [["etc/postfix/main.cf", "etc/x"], ["etc/x"]]
    refused = [{"path": "postfix-accounts.cf", "reason": "no"}]
    site.agent.answers |= {
        "drift": lambda: {"paths": drifted.pop(0)},
        "status": lambda: {"volume_refused": refused},
    }
    answer = site.ask("reconcile", wait=True)
    assert (answer["position"], answer["healed"]) == (0, ["etc/postfix/main.cf"])
    assert answer["before"] == answer["release"] == answer["outcome"]["release"]
    assert answer["volume_refused"] == refused
    site.agent.answers.clear()
    site.agent.fail = lambda _: {"outcome": "rolled_back", "service": "postfix"}
    site.add("user2@example.test")
    site.agent.fail = lambda _: None
    answer = site.ask("reconcile", wait=True)
    assert (answer["before"], answer["outcome"]["release"]) == (answer["release"] - 1, answer["release"])


def test_fetching_outcomes_does_not_swallow_a_delivery(site: Site) -> None:
    """Both that are asked for at the same moment are done."""
    assert site.agent is not None
    site.add("user1@example.test")
    with site.daemon.delivery._wanted:  # the thread cannot look between the two
        asked = site.daemon.delivery.poke()
        site.daemon.delivery._collect = True
    before = len(site.agent.asked)
    assert site.daemon.delivery.wait_done(asked, 10) is not None
    assert {"apply", "outcomes"} <= {request["op"] for request in site.agent.asked[before - 1 :]}


def test_a_preview_branch_may_be_rewritten(site: Site) -> None:
    """Only main, events and rendered hold their history."""
    clone = site.clone()
    clone.append("config/postfix-virtual.cf", "a@example.test user1@example.test\n")
    clone.commit("One way")
    assert clone.push("origin", "HEAD:refs/heads/idea").returncode == 0
    clone.git("commit", "-q", "--amend", "-m", "Another way")
    done = clone.push("--force", "origin", "HEAD:refs/heads/idea")
    assert done.returncode == 0, done.stderr


def test_a_name_that_is_no_server_name_is_refused(site: Site) -> None:
    """As the container's start refuses it, with its line in mailserver.env."""
    clone = site.clone()
    clone.append("mailserver.env", "OVERRIDE_HOSTNAME=foo\n")
    number = len((clone.path / "mailserver.env").read_text().splitlines())
    clone.commit()
    done = clone.push()
    assert done.returncode != 0
    assert f"mailserver.env:{number}: OVERRIDE_HOSTNAME=foo is not a fully qualified" in done.stderr
