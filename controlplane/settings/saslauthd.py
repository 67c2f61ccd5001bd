"""Settings of saslauthd."""

from __future__ import annotations

from typing import ClassVar, Literal

from controlplane.settings.field import Area, setting
from controlplane.settings.types import AbsolutePath, LdapUris, Mechanisms, Switch, Text, Word, YesNo

ON = {"ENABLE_SASLAUTHD": "1"}
BY_LDAP = {**ON, "SASLAUTHD_MECHANISMS": "ldap"}


class Saslauthd(Area):
    """Password checks of sending users by saslauthd instead of Dovecot."""

    title: ClassVar[str] = "saslauthd"

    enable_saslauthd: Switch = setting("0", sample="1")
    """Check the passwords of sending users with saslauthd."""

    saslauthd_mechanisms: Mechanisms = setting("pam", sample="ldap", requires=ON)
    """What saslauthd asks: `pam`, a directory (`ldap`), `shadow`, `mysql`, an IMAP server (`rimap`).

    Several with spaces between are tried in turn.
    """

    saslauthd_mech_options: Text = setting(
        sample="192.0.2.7", requires={**ON, "SASLAUTHD_MECHANISMS": "rimap"}
    )
    """What the mechanism needs to know; for `rimap` the IMAP server's name or address."""

    saslauthd_ldap_server: LdapUris = setting(
        default_from="{LDAP_SERVER_HOST}", sample="ldaps://other.example.test", requires=BY_LDAP
    )
    """The directory server that saslauthd asks, with its scheme."""

    saslauthd_ldap_start_tls: YesNo = setting("no", sample="yes", requires=BY_LDAP)
    """Turn on TLS within the connection (`ldap_start_tls`)."""

    saslauthd_ldap_tls_check_peer: YesNo = setting("no", sample="yes", requires=BY_LDAP)
    """Check the directory server's certificate (`ldap_tls_check_peer`)."""

    saslauthd_ldap_tls_cacert_dir: AbsolutePath = setting(sample="/etc/ssl/certs", requires=BY_LDAP)
    """A folder of authorities to check that certificate with (`ldap_tls_cacert_dir`). Empty: not written."""

    saslauthd_ldap_tls_cacert_file: AbsolutePath = setting(sample="/etc/ssl/ca.pem", requires=BY_LDAP)
    """A file of authorities to check that certificate with (`ldap_tls_cacert_file`). Empty: not written."""

    saslauthd_ldap_bind_dn: Text = setting(
        default_from="{LDAP_BIND_DN}", sample="cn=sasl,dc=example,dc=test", requires=BY_LDAP
    )
    """The entry that saslauthd logs in to the directory as; it must be allowed to search."""

    saslauthd_ldap_password: Text = setting(
        default_from="{LDAP_BIND_PW}", sample="sample", requires=BY_LDAP, secret=True
    )
    """The password of `SASLAUTHD_LDAP_BIND_DN`."""

    saslauthd_ldap_search_base: Text = setting(
        default_from="{LDAP_SEARCH_BASE}", sample="ou=mail,dc=example,dc=test", requires=BY_LDAP
    )
    """The entry below which saslauthd searches."""

    saslauthd_ldap_filter: Text = setting(
        "(&(uniqueIdentifier=%u)(mailEnabled=TRUE))", sample="(uid=%U)", requires=BY_LDAP
    )
    """How to find a user, such as `(&(uid=%U)(objectClass=person))`."""

    saslauthd_ldap_password_attr: Word = setting(sample="userPassword", requires=BY_LDAP)
    """The attribute with the password (`ldap_password_attr`). Empty: not written, which is userPassword."""

    saslauthd_ldap_auth_method: Literal["bind", "fastbind", "custom"] = setting(
        "bind", sample="fastbind", requires=BY_LDAP
    )
    """How a password is checked: by logging in after a search, at once, or by comparing it here."""

    saslauthd_ldap_mech: Word = setting(sample="GSSAPI", requires=BY_LDAP)
    """The SASL mechanism for logging in to the directory (`ldap_mech`). Empty: not written."""
