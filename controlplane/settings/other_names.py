"""Names that are no settings here but had, or have, a meaning elsewhere: what to write in their place.

The reference system knew them in earlier versions or knows them in later ones, or they are what people
write who look for a setting by what it does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Successor(NamedTuple):
    """What stands in for a name: a setting with or without a value, or, where `setting` is empty, nothing."""

    setting: str
    cure: str = ""
    """What to do; empty: write the setting."""


_CONTAINER = (
    "the container's own log has what services say: ship `docker logs`, or the files in /var/log/mail"
)
_FILE_OF_LOGINS = "or a line of config/postfix-sasl-password.cf"

SUCCESSORS: Mapping[str, Successor] = {
    # earlier versions
    "ENABLE_LDAP": Successor("ACCOUNT_PROVISIONER=LDAP"),
    "SA_SPAM_SUBJECT": Successor("SPAM_SUBJECT"),
    "DMS_DEBUG": Successor("LOG_LEVEL=debug"),
    "DMS_SSL": Successor("SSL_TYPE"),
    "OVERRIDE_DOMAINNAME": Successor("OVERRIDE_HOSTNAME", "write the whole name to OVERRIDE_HOSTNAME"),
    "ENABLE_POSTFIX_VIRTUAL_TRANSPORT": Successor("POSTFIX_DAGENT"),
    "REPORT_INTERVAL": Successor(
        "PFLOGSUMM_TRIGGER",
        "write PFLOGSUMM_TRIGGER for reports on mail, LOGWATCH_INTERVAL for those on logs",
    ),
    "AWS_SES_HOST": Successor("RELAY_HOST"),
    "AWS_SES_PORT": Successor("RELAY_PORT"),
    "AWS_SES_USERPASS": Successor("RELAY_USER", f"write RELAY_USER and RELAY_PASSWORD, {_FILE_OF_LOGINS}"),
    "SASL_PASSWD": Successor("RELAY_USER", f"write RELAY_USER and RELAY_PASSWORD, {_FILE_OF_LOGINS}"),
    "SASLAUTHD_LDAP_SSL": Successor("SASLAUTHD_LDAP_SERVER", "write SASLAUTHD_LDAP_SERVER=ldaps://HOST"),
    "DOVECOT_HOSTS": Successor("DOVECOT_URIS", "write DOVECOT_URIS=ldap://HOST"),
    "ONE_DIR": Successor("", "remove the line: what a volume at /var/mail-state holds is kept, always"),
    "ENABLE_ELK_FORWARDER": Successor("", f"remove the line: {_CONTAINER}"),
    "ELK_HOST": Successor("", f"remove the line: {_CONTAINER}"),
    "ELK_PORT": Successor("", f"remove the line: {_CONTAINER}"),
    "ENABLE_FILEBEAT": Successor("", f"remove the line: {_CONTAINER}"),
    # later ones
    "DMS_CONFIG_POLL": Successor("", "remove the line: edits of the config volume are seen at once"),
    # by what they do
    "HOSTNAME": Successor("OVERRIDE_HOSTNAME", "write OVERRIDE_HOSTNAME, or `hostname:` in compose.yaml"),
    "TIMEZONE": Successor("TZ"),
    "DEBUG": Successor("LOG_LEVEL=debug"),
    "ENABLE_TLS": Successor("SSL_TYPE"),
    "ENABLE_SSL": Successor("SSL_TYPE"),
    "LETSENCRYPT_DOMAIN": Successor("SSL_DOMAIN"),
    "ENABLE_LDAPS": Successor(
        "ACCOUNT_PROVISIONER=LDAP",
        "write ACCOUNT_PROVISIONER=LDAP and LDAP_SERVER_HOST=ldaps://HOST",
    ),
    "LDAP_URI": Successor("LDAP_SERVER_HOST", "write LDAP_SERVER_HOST=ldap://HOST"),
    "LDAP_URL": Successor("LDAP_SERVER_HOST", "write LDAP_SERVER_HOST=ldap://HOST"),
    "SASLAUTHD_LDAP_BIND_PW": Successor("SASLAUTHD_LDAP_PASSWORD"),
    "SASLAUTHD_LDAP_BIND_PASSWORD": Successor("SASLAUTHD_LDAP_PASSWORD"),
    "POSTMASTER": Successor("POSTMASTER_ADDRESS"),
    "HOST_NAME": Successor("OVERRIDE_HOSTNAME", "write OVERRIDE_HOSTNAME, or `hostname:` in compose.yaml"),
    "TIME_ZONE": Successor("TZ"),
    "ENABLE_GREYLIST": Successor("RSPAMD_GREYLISTING", "write RSPAMD_GREYLISTING=1, or ENABLE_POSTGREY=1"),
    "ENABLE_SPAM": Successor("ENABLE_RSPAMD", "write ENABLE_RSPAMD=1, or ENABLE_SPAMASSASSIN=1"),
    "ENABLE_RELAY": Successor("RELAY_HOST"),
    "PERMIT_NETWORKS": Successor("PERMIT_DOCKER"),
    "LDAP_PASSWORD": Successor("LDAP_BIND_PW"),
    "ENABLE_DKIM": Successor(
        "ENABLE_OPENDKIM", "write ENABLE_OPENDKIM=1, or ENABLE_RSPAMD=1 and sign with Rspamd"
    ),
    "ENABLE_DMARC": Successor("ENABLE_OPENDMARC", "write ENABLE_OPENDMARC=1, or ENABLE_RSPAMD=1"),
    "ENABLE_SPF": Successor("ENABLE_POLICYD_SPF", "write ENABLE_POLICYD_SPF=1, or ENABLE_RSPAMD=1"),
    "ENABLE_SIEVE": Successor(
        "ENABLE_MANAGESIEVE",
        "write ENABLE_MANAGESIEVE=1 to let users upload scripts; those in config/ always run",
    ),
    "ENABLE_GREYLISTING": Successor("RSPAMD_GREYLISTING", "write RSPAMD_GREYLISTING=1, or ENABLE_POSTGREY=1"),
    "ENABLE_ANTIVIRUS": Successor("ENABLE_CLAMAV"),
    "ENABLE_SPAMD": Successor("ENABLE_SPAMASSASSIN"),
    "ENABLE_POSTSRSD": Successor("ENABLE_SRS"),
    "ENABLE_RBL": Successor("ENABLE_DNSBL"),
    "ENABLE_IMAPS": Successor("ENABLE_IMAP", "write ENABLE_IMAP=1, and SSL_TYPE for TLS on its port 993"),
    "ENABLE_ACME": Successor("SSL_TYPE=letsencrypt"),
    "ENABLE_LETSENCRYPT": Successor("SSL_TYPE=letsencrypt"),
    "ENABLE_IPV6": Successor(
        "POSTFIX_INET_PROTOCOLS", "write POSTFIX_INET_PROTOCOLS and DOVECOT_INET_PROTOCOLS"
    ),
    "MAIL_SIZE_LIMIT": Successor("POSTFIX_MESSAGE_SIZE_LIMIT"),
    "PERMIT_NETWORK": Successor("PERMIT_DOCKER"),
    "ENABLE_PFLOGSUMM": Successor("PFLOGSUMM_TRIGGER"),
    "ENABLE_LOGWATCH": Successor("LOGWATCH_INTERVAL"),
}
_OFF = "DISABLE_"


def successor(name: str) -> Successor | None:
    """What stands in for a name (in any case); None where nothing is known of it.

    `DISABLE_X` is the opposite of `ENABLE_X`; whether there is such a setting is for the caller to see.
    """
    upper = name.upper()
    if upper.startswith(_OFF):
        return Successor(f"ENABLE_{upper.removeprefix(_OFF)}=0")
    return SUCCESSORS.get(upper)
