"""The guides of the documentation that this server is measured by: our own line for each page."""

from __future__ import annotations

from typing import NamedTuple


class Guide(NamedTuple):
    """A page: the name that marks use, what it is about, and why it is not (fully) carried out here."""

    name: str
    about: str
    later: str = ""
    not_applicable: str = ""


_ADVICE = "prose about mail in general, nothing to carry out"
_PROJECT = "about taking part in another project"

GUIDES = (
    Guide("usage", "from an empty host to the first account"),
    Guide("environment", "all settings"),
    Guide("optional-config", "volumes, and every file of the config volume"),
    Guide("setup.sh", "the command for the host"),
    Guide("user-management", "accounts, quotas, aliases, expressions, address tags"),
    Guide("debugging", "logs, log levels, restarts"),
    Guide("faq", "answers: backups, bare domains, catch-alls, own additions"),
    Guide("pop3", "mail over POP3"),
    Guide("dovecot-master-accounts", "one log-in for all mailboxes"),
    Guide("full-text-search", "an index of all mail, by Xapian"),
    Guide("ipv6", "serving and sending over IPv6"),
    Guide("kubernetes", "the same container under Kubernetes"),
    Guide("podman", "the same container under Podman"),
    Guide("mail-sieve", "filtering mail by scripts, for everybody and by person"),
    Guide("aws-ses", "sending through Amazon's mail service"),
    Guide("gmail-smtp", "sending through Google's mail service"),
    Guide("relay-hosts", "relay hosts: for all mail, by sender, with log-ins"),
    Guide("update-and-cleanup", "newer images"),
    Guide("dovecot", "adding to Dovecot's configuration"),
    Guide("postfix", "adding to Postfix's configuration"),
    Guide("user-patches", "a script that changes what was rendered"),
    Guide("mail_crypt", "mail encrypted where it lies"),
    Guide("rspamd", "filtering by Rspamd"),
    Guide("ssl", "certificates of every kind, and their renewal"),
    Guide("understanding-the-ports", "which port is for whom, and how each is encrypted"),
    Guide("basic-installation", "a whole server with Compose"),
    Guide("docker-build", "building the image"),
    Guide("mailserver-behind-proxy", "serving behind a reverse proxy, with the PROXY protocol"),
    Guide("auth-lua", "log-ins decided by a script in Lua"),
    Guide("bind-smtp-network-interface", "sending from one certain address"),
    Guide("external-relay-only-mailserver", "a relay in front of a server at home"),
    Guide("imap-folders", "folders with a special use, and their names"),
    Guide("auth-ldap", "accounts from a directory", later="LDAP"),
    Guide(
        "forward-only-mailserver-with-ldap-authentication",
        "a server that only forwards, with log-ins from a directory",
        later="LDAP",
    ),
    Guide("auth-oauth2", "log-ins by token", later="OAuth 2"),
    Guide("mail-fetchmail", "mail from elsewhere, by Fetchmail", later="fetching mail from elsewhere"),
    Guide("mail-getmail", "mail from elsewhere, by Getmail", later="fetching mail from elsewhere"),
    Guide("dkim_dmarc_spf", "signing mail, and judging signatures", later="DKIM"),
    Guide("mta-sts", "encryption between servers by policy", later="MTA-STS"),
    Guide("fail2ban", "shutting out who guesses passwords", later="Fail2Ban"),
    Guide("crowdsec", "a banning service beside the server", not_applicable="it reads the host's log folder"),
    Guide(
        "autodiscover",
        "settings that mail programs find by themselves",
        not_applicable="records in DNS and web services of other programs",
    ),
    Guide(
        "ios-mail-push-support",
        "push for Apple's mail program",
        not_applicable="an image of one's own, with a plugin built by others for it",
    ),
    Guide("introduction", "how mail travels", not_applicable=_ADVICE),
    Guide("index", "the front page", not_applicable=_ADVICE),
    Guide("blog-posts", "links to articles", not_applicable=_ADVICE),
    Guide("general", "how that project is worked on", not_applicable=_PROJECT),
    Guide("issues-and-pull-requests", "how that project takes reports", not_applicable=_PROJECT),
    Guide("tests", "how that project tests", not_applicable=_PROJECT),
)
