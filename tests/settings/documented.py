"""The documented settings, apart from the code: name | default | values that are listed.

Defaults are those on a host mail.example.test, where they are made of other settings.
"""

from __future__ import annotations

from typing import NamedTuple


class Documented(NamedTuple):
    """One row."""

    name: str
    default: str
    values: tuple[str, ...]


_ROWS = """\
OVERRIDE_HOSTNAME |  |
LOG_LEVEL | info | error warn info debug trace
SUPERVISOR_LOGLEVEL | warn | critical error warn info debug
DMS_VMAIL_UID | 5000 |
DMS_VMAIL_GID | 5000 |
ACCOUNT_PROVISIONER | FILE | LDAP OIDC FILE
PERMIT_DOCKER | none | none container host network connected-networks
TZ |  |
ENABLE_AMAVIS | 1 | 0 1
AMAVIS_LOGLEVEL | 0 | -3 -2 -1 0 1 2 3 4 5
ENABLE_DNSBL | 0 | 0 1
ENABLE_MTA_STS | 0 | 0 1
ENABLE_OPENDKIM | 1 | 1 0
ENABLE_OPENDMARC | 1 | 1 0
ENABLE_POLICYD_SPF | 1 | 0 1
ENABLE_POP3 | 0 | 0 1
ENABLE_IMAP | 1 | 0 1
ENABLE_CLAMAV | 0 | 0 1
ENABLE_FAIL2BAN | 0 | 0 1
FAIL2BAN_BLOCKTYPE | drop | drop reject
SMTP_ONLY | 0 | 1
SSL_TYPE |  | letsencrypt manual custom self-signed
TLS_LEVEL | modern | modern intermediate
SPOOF_PROTECTION | 0 | 0 1
ENABLE_SRS | 0 | 0 1
NETWORK_INTERFACE | eth0 |
VIRUSMAILS_DELETE_DELAY | 7 |
POSTFIX_DAGENT | lmtp:unix:/var/run/dovecot/lmtp |
POSTFIX_MAILBOX_SIZE_LIMIT | 0 |
ENABLE_QUOTAS | 1 | 1 0
POSTFIX_MESSAGE_SIZE_LIMIT | 10240000 |
CLAMAV_MESSAGE_SIZE_LIMIT | 25M |
ENABLE_MANAGESIEVE | 0 | 1
POSTMASTER_ADDRESS | postmaster@example.test |
ENABLE_UPDATE_CHECK | 1 | 0 1
UPDATE_CHECK_INTERVAL | 1d |
POSTSCREEN_ACTION | enforce | enforce drop ignore
DOVECOT_MAILBOX_FORMAT | maildir | maildir sdbox mdbox
POSTFIX_REJECT_UNKNOWN_CLIENT_HOSTNAME | 0 | 0 1
POSTFIX_INET_PROTOCOLS | all | all ipv4 ipv6
DOVECOT_INET_PROTOCOLS | all | all ipv4 ipv6
MOVE_SPAM_TO_JUNK | 1 | 0 1
MARK_SPAM_AS_READ | 0 | 0 1
SPAM_SUBJECT |  |
ENABLE_RSPAMD | 0 | 0 1
ENABLE_RSPAMD_REDIS | 0 | 0 1
RSPAMD_CHECK_AUTHENTICATED | 0 | 0 1
RSPAMD_GREYLISTING | 0 | 0 1
RSPAMD_LEARN | 0 | 0 1
RSPAMD_HFILTER | 1 | 0 1
RSPAMD_HFILTER_HOSTNAME_UNKNOWN_SCORE | 6 |
RSPAMD_NEURAL | 0 | 0 1
PFLOGSUMM_TRIGGER | none | daily_cron logrotate
PFLOGSUMM_RECIPIENT | postmaster@example.test |
PFLOGSUMM_SENDER | mailserver-report@mail.example.test |
LOGWATCH_INTERVAL | none | none daily weekly
LOGWATCH_RECIPIENT | postmaster@example.test |
LOGWATCH_SENDER | mailserver-report@mail.example.test |
REPORT_RECIPIENT | postmaster@example.test |
REPORT_SENDER | mailserver-report@mail.example.test |
LOGROTATE_INTERVAL | weekly | weekly daily monthly
LOGROTATE_COUNT | 4 |
ENABLE_SPAMASSASSIN | 0 | 0 1
ENABLE_SPAMASSASSIN_KAM | 0 | 0 1
SPAMASSASSIN_SPAM_TO_INBOX | 1 | 0 1
SA_TAG | 2.0 |
SA_TAG2 | 6.31 |
SA_KILL | 10.0 |
SA_SHORTCIRCUIT_BAYES_SPAM | 0 | 1
SA_SHORTCIRCUIT_BAYES_HAM | 0 | 1
ENABLE_FETCHMAIL | 0 | 0 1
FETCHMAIL_POLL | 300 |
FETCHMAIL_PARALLEL | 0 | 0 1
ENABLE_GETMAIL | 0 | 0 1
GETMAIL_POLL | 5 |
ENABLE_OAUTH2 | 0 | 1
OAUTH2_INTROSPECTION_URL |  |
LDAP_START_TLS | no | yes
LDAP_SERVER_HOST |  |
LDAP_SEARCH_BASE |  |
LDAP_BIND_DN |  |
LDAP_BIND_PW |  |
LDAP_QUERY_FILTER_USER |  |
LDAP_QUERY_FILTER_GROUP |  |
LDAP_QUERY_FILTER_ALIAS |  |
LDAP_QUERY_FILTER_DOMAIN |  |
LDAP_QUERY_FILTER_SENDERS |  |
DOVECOT_TLS | no | yes
DOVECOT_BASE |  |
DOVECOT_DEFAULT_PASS_SCHEME | SSHA |
DOVECOT_DN |  |
DOVECOT_DNPASS |  |
DOVECOT_URIS |  |
DOVECOT_LDAP_VERSION | 3 | 2 3
DOVECOT_AUTH_BIND | no | yes
DOVECOT_USER_FILTER |  |
DOVECOT_USER_ATTRS |  |
DOVECOT_PASS_FILTER |  |
DOVECOT_PASS_ATTRS |  |
ENABLE_POSTGREY | 0 | 0 1
POSTGREY_DELAY | 300 |
POSTGREY_MAX_AGE | 35 |
POSTGREY_AUTO_WHITELIST_CLIENTS | 5 |
POSTGREY_TEXT | Delayed by Postgrey |
ENABLE_SASLAUTHD | 0 | 0 1
SASLAUTHD_MECHANISMS | pam | ldap shadow mysql rimap
SASLAUTHD_MECH_OPTIONS |  |
SASLAUTHD_LDAP_SERVER |  |
SASLAUTHD_LDAP_START_TLS | no | yes
SASLAUTHD_LDAP_TLS_CHECK_PEER | no | yes
SASLAUTHD_LDAP_TLS_CACERT_DIR |  |
SASLAUTHD_LDAP_TLS_CACERT_FILE |  |
SASLAUTHD_LDAP_BIND_DN |  |
SASLAUTHD_LDAP_PASSWORD |  |
SASLAUTHD_LDAP_SEARCH_BASE |  |
SASLAUTHD_LDAP_FILTER | (&(uniqueIdentifier=%u)(mailEnabled=TRUE)) |
SASLAUTHD_LDAP_PASSWORD_ATTR |  |
SASLAUTHD_LDAP_AUTH_METHOD | bind | fastbind custom
SASLAUTHD_LDAP_MECH |  |
SRS_SENDER_CLASSES | envelope_sender | envelope_sender header_sender envelope_sender,header_sender
SRS_EXCLUDE_DOMAINS |  |
SRS_SECRET |  |
SRS_DOMAINNAME | example.test |
DEFAULT_RELAY_HOST |  |
RELAY_HOST |  |
RELAY_PORT | 25 |
RELAY_USER |  |
RELAY_PASSWORD |  |
SSL_CERT_PATH |  |
SSL_KEY_PATH |  |
SSL_ALT_CERT_PATH |  |
SSL_ALT_KEY_PATH |  |
SSL_DOMAIN |  |
"""


def _row(line: str) -> Documented:
    name, default, values = (part.strip() for part in (line + " ").split(" |"))
    return Documented(name, default, tuple(values.split()))


DOCUMENTED = [_row(line) for line in _ROWS.splitlines()]
