"""The tables of the mail flow are what Postfix's configuration says, whatever services add to them."""

from __future__ import annotations

import re

import pytest

from controlplane.model import State
from renderers import mailflow
from renderers.dovecot.hops import quota_policy
from renderers.hops import ContentFilter, Maps, MasterService, Milter, Policy
from renderers.postfix import render
from renderers.service import RenderedFile
from tests.renderers.states import render_node, state

RSPAMD = {"ENABLE_RSPAMD": "1"}


def main(of: State) -> dict[str, str]:
    """The parameters of main.cf."""
    rows = render.main_cf(of).content.decode().splitlines()
    return {name.strip(): value.strip() for name, _, value in (row.partition("=") for row in rows)}


def test_policies_are_asked_last_and_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind the rules on relaying, so that nobody makes a policy service work for mail that is refused."""
    found = (lambda _: Policy("unix:private/spf"), lambda _: None, quota_policy)
    monkeypatch.setattr(mailflow, "POLICIES", found)
    restrictions = main(state())["smtpd_recipient_restrictions"].split(", ")
    assert restrictions[-2:] == [
        "check_policy_service unix:private/spf",
        "check_recipient_access lmdb:/etc/postfix/mailbox_quota_recipients",
    ]
    assert restrictions.index("reject_unauth_destination") < len(restrictions) - 2


def test_a_policy_may_be_about_some_recipients() -> None:
    """Their table names a restriction class; where people have classes of their own, it is about all."""
    found = main(state())
    assert found["smtpd_restriction_classes"].split() == ["from_inside", "mailbox_quota"]
    assert found["mailbox_quota"] == "check_policy_service { inet:localhost:65265, request_limit=1 }"
    own = {"postfix-main.cf": b"smtpd_restriction_classes = mine\nmine = permit\n"}
    found = main(state(overrides=own))
    assert found["smtpd_restriction_classes"] == "mine"
    assert found["smtpd_recipient_restrictions"].endswith(
        ", check_policy_service { inet:localhost:65265, request_limit=1 }"
    )


def test_milters_are_named_and_chained(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each has a parameter of its own; local mail passes those that want it."""
    dmarc = Milter("dmarc", "unix:/opendmarc.sock", local=False)
    monkeypatch.setattr(mailflow, "MILTERS", (*mailflow.MILTERS, lambda _: dmarc))
    found = main(state(RSPAMD))
    assert found["rspamd_milter"] == "inet:127.0.0.1:11332"
    assert found["dmarc_milter"] == "unix:/opendmarc.sock"
    assert found["smtpd_milters"] == "$rspamd_milter $dmarc_milter"
    assert found["non_smtpd_milters"] == "$rspamd_milter"


@pytest.mark.parametrize("protocols", ["all", "ipv4", "ipv6"])
def test_a_milter_listens_where_it_is_asked_and_probed(protocols: str) -> None:
    """Postfix reaches it by a protocol that it may use, the agent's probe by 127.0.0.1."""
    of = state({**RSPAMD, "POSTFIX_INET_PROTOCOLS": protocols})
    file = render_node(of).files["etc/rspamd/local.d/worker-proxy.inc"]
    assert isinstance(file, RenderedFile)
    listens = re.findall(r'^bind_socket = "(.+)";$', file.content.decode(), re.MULTILINE)
    assert set(listens) == {main(of)["rspamd_milter"].removeprefix("inet:"), "127.0.0.1:11332"}


def test_nothing_filters_by_itself() -> None:
    """Without a service that filters, main.cf names none."""
    assert not {"smtpd_milters", "milter_default_action", "content_filter"} & main(state()).keys()


def test_one_content_filter(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first that is enabled; none of the settings of milters comes with it."""
    first, second = ContentFilter("smtp-amavis:[127.0.0.1]:10024"), ContentFilter("other:")
    monkeypatch.setattr(mailflow, "CONTENT_FILTERS", (lambda _: None, lambda _: first, lambda _: second))
    found = main(state())
    assert found["content_filter"] == "smtp-amavis:[127.0.0.1]:10024"
    assert "milter_default_action" not in found


def test_maps_of_one_parameter_are_joined(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several services may have tables for one parameter; they are asked in the order of the page."""
    canonical = Maps("recipient_canonical_maps", ("tcp:localhost:10002",))
    policy = Maps("smtp_tls_policy_maps", ("socketmap:unix:/sts:postfix",))
    more = Maps("recipient_canonical_maps", ("lmdb:/a", "lmdb:/b"))
    monkeypatch.setattr(mailflow, "MAPS", tuple(lambda _, m=m: m for m in (canonical, policy, more)))
    found = main(state())
    assert found["recipient_canonical_maps"] == "tcp:localhost:10002 lmdb:/a lmdb:/b"
    assert found["smtp_tls_policy_maps"] == "socketmap:unix:/sts:postfix"


def test_processes_of_others_take_options_of_people(monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry that a service adds to master.cf is one that postfix-master.cf may change."""
    spf = MasterService("policyd-spf unix - n n - 0 spawn\n  user=policyd-spf argv=/usr/bin/policyd-spf")
    monkeypatch.setattr(mailflow, "MASTER_SERVICES", (*mailflow.MASTER_SERVICES, lambda _: spf))
    own = {"postfix-master.cf": b"policyd-spf/unix/syslog_name=spf\n"}
    rows = render.master_cf(state(overrides=own)).content.decode().splitlines()
    at = rows.index("policyd-spf unix - n n - 0 spawn")
    assert "  -o syslog_name=spf" in rows[at : at + 3]
    assert rows[at - 3].startswith("# Dovecot's delivery agent")
