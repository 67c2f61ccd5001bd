"""Settings of Postfix: receiving, sending, delivering."""

from __future__ import annotations

from typing import ClassVar, Literal

from controlplane.settings.field import Area, setting
from controlplane.settings.types import Address, Switch, Transport, Whole


class Postfix(Area):
    """Receiving mail, taking it from users, and handing it over for delivery."""

    title: ClassVar[str] = "Postfix"

    postmaster_address: Address = setting(
        default_from="postmaster@{DOMAINNAME}", consumers=("postfix", "dovecot"), sample="boss@example.test"
    )
    """Where mail about the mail server itself goes."""

    spoof_protection: Switch = setting(
        "0",
        consumers=("postfix",),
        sample="1",
        risks={"0": "lets every user send under any address"},
    )
    """Let users send only from their own address and their aliases.

    Addresses with an extension (`user+tag@…`) cannot send then. With `0` any user may use any sender.
    """

    postfix_message_size_limit: Whole = setting(
        "10240000",
        ge=0,
        unit="bytes",
        consumers=("postfix", "dovecot"),
        sample="20480000",
        risks={"0": "takes messages of any size"},
    )
    """The largest message that is accepted; 0 for no limit, which is not advisable."""

    postfix_mailbox_size_limit: Whole = setting(
        "0", ge=0, unit="bytes", consumers=("postfix", "dovecot"), sample="50000000"
    )
    """The largest size of a mailbox that `config/dovecot-quotas.cf` does not name; 0 for no limit."""

    postfix_inet_protocols: Literal["all", "ipv4", "ipv6"] = setting(
        "all", consumers=("postfix",), sample="ipv4"
    )
    """Which versions of the Internet protocol Postfix uses; behind Docker often `ipv4`."""

    postfix_reject_unknown_client_hostname: Switch = setting("0", consumers=("postfix",), sample="1")
    """Refuse mail from clients whose address and name in DNS do not lead to each other.

    Also honest but badly set up servers are refused: `RSPAMD_HFILTER` is the milder way.
    """

    postfix_dagent: Transport = setting(
        "lmtp:unix:/var/run/dovecot/lmtp", consumers=("postfix",), sample="lmtp:inet:store.example.test:24"
    )
    """Who stores the mail: the LMTP server that Postfix delivers to. The default is Dovecot's socket.

    Such as `lmtp:unix:private/dovecot-lmtp`, `lmtps:inet:host:port` or `lmtp:host:2003`.
    """

    postscreen_action: Literal["enforce", "drop", "ignore"] = setting(
        "enforce", consumers=("postfix",), sample="drop", risks={"ignore": "lets failing clients deliver"}
    )
    """What postscreen does with a client on port 25 that fails its tests.

    `enforce` lets the other tests finish, refuses the mail with 550 and logs who tried what; `drop` hangs
    up at once with 521; `ignore` goes on, to watch what would be blocked.
    """

    enable_dnsbl: Switch = setting("0", consumers=("postfix",), sample="1")
    """Ask DNS block lists about clients on port 25, and refuse those that are listed.

    The lists answer only a resolver of your own: most public resolvers are blocked there.
    """
