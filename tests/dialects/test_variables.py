"""Variables of 2.3 get 2.4's form, or are refused."""

from __future__ import annotations

import pytest

from renderers.dovecot.dialects.formats import FORMATS
from renderers.dovecot.dialects.variable_names import LOGIN, MAIL, Variables
from renderers.dovecot.dialects.variables import Untranslatable, of_new_form, old_form, translate


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("/var/mail/%Ld/%Ln", "/var/mail/%{user | domain | lower}/%{user | username | lower}"),
        ("%u", "%{user}"),
        ("%Uu", "%{user | upper}"),
        ("%{user}@%{domain}", "%{user}@%{user | domain}"),
        ("%L{username}", "%{user | username | lower}"),
        ("%h/x", "%{home}/x"),
        ("%s(%u)<%{pid}><%{session}>: ", "%{service}(%{user})<%{process:pid}><%{session}>: "),
        ("95%%", "95%"),
        ("%{env:HOME}", "%{env:HOME}"),
        ("%{userdb:quota}", "%{userdb:quota}"),
        ("%{userdb:quota:none}", "%{userdb:quota | default('none')}"),
        ("%{user | domain}", "%{user | domain}"),
        ("no variable", "no variable"),
    ],
)
def test_mail_variables(old: str, new: str) -> None:
    """Those of the processes that open mailboxes."""
    assert translate(old) == new


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("%Lu", "%{user | lower}"),
        ("user=<%u> method=%m rip=%r", "user=<%{user}> method=%{mechanism} rip=%{remote_ip}"),
        ("%{service} %s", "%{protocol} %{protocol}"),
        ("%{orig_user} %{rip}", "%{original_user} %{remote_ip}"),
    ],
)
def test_login_variables(old: str, new: str) -> None:
    """Those of the auth and login processes."""
    assert translate(old, LOGIN) == new


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("pop3_uidl_format", "%08Xu%08Xv", "%{uid | hex(8)}%{uidvalidity | hex(8)}"),
        ("pop3_uidl_format", "%v.%u", "%{uidvalidity}.%{uid}"),
        ("deliver_log_format", "msgid=%m: %$", "msgid=%{msgid}: %{message}"),
        ("login_log_format", "%$: %s", "%{message}: %{elements}"),
        ("imap_logout_format", "in=%i out=%o %{deleted}", "in=%{input} out=%{output} %{deleted}"),
        ("pop3_logout_format", "top=%t/%p", "top=%{top_count}/%{top_bytes}"),
        ("rejection_reason", "to <%t>:%n%r", "to <%{to}>:%{literal('\\r\\n')}%{reason}"),
    ],
)
def test_formats_have_variables_of_their_own(name: str, old: str, new: str) -> None:
    """The same letter means something else in each."""
    assert translate(old, FORMATS[name]) == new


@pytest.mark.parametrize(
    "value",
    ["%1Mu", "%256Nu", "%Hu", "%2.1u", "%{if;%u;eq;x;a;b}", "%{sha256:user}", "%z", "%%u", "100% full", "%"],
)
def test_what_has_no_equal_is_refused(value: str) -> None:
    """Hashes, conditions, parts and unknown letters are not guessed."""
    if value == "%":
        assert translate(value) == "%"
        return
    with pytest.raises(Untranslatable):
        translate(value)


@pytest.mark.parametrize(
    ("value", "known", "found"),
    [
        ("/var/mail/%d/%n", MAIL, "%d"),
        ("%Lu", LOGIN, "%Lu"),
        ("%{rip}", LOGIN, "%{rip}"),
        ("%{user | lower}", LOGIN, ""),
        ("%{user}", MAIL, ""),
        ("95% of it", MAIL, ""),
        ("http://x/%20d", MAIL, ""),
        ("%{if;%u;eq;x;a;b}", MAIL, "%{if;"),
    ],
)
def test_the_old_form_is_recognized(value: str, known: Variables, found: str) -> None:
    """What 2.4 would take for text is found, and nothing else."""
    assert old_form(value, known) == found


def test_the_new_form_is_recognized() -> None:
    """Filters are 2.4's."""
    assert of_new_form("%{user | domain}")
    assert of_new_form("%{literal('x')}")
    assert not of_new_form("%{user}")
