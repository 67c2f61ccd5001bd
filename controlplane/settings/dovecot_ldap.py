"""Settings of Dovecot's own look-ups in a directory."""

from __future__ import annotations

from typing import ClassVar, Literal

from controlplane.settings.field import Area, setting
from controlplane.settings.types import LdapUris, Text, Word, YesNo

ON = {"ACCOUNT_PROVISIONER": "LDAP"}


class DovecotLdap(Area):
    """Dovecot's look-ups in the directory (`dovecot-ldap.conf.ext`), where they differ from Postfix's."""

    title: ClassVar[str] = "Dovecot with LDAP"

    dovecot_uris: LdapUris = setting(
        default_from="{LDAP_SERVER_HOST}", sample="ldaps://other.example.test", requires=ON
    )
    """The directory servers that Dovecot asks, separated by spaces."""

    dovecot_tls: YesNo = setting("no", sample="yes", requires=ON)
    """Turn on TLS within Dovecot's LDAP connections."""

    dovecot_ldap_version: Literal["2", "3"] = setting("3", sample="2", requires=ON)
    """The version of the LDAP protocol."""

    dovecot_base: Text = setting(default_from="{LDAP_SEARCH_BASE}", sample="ou=mail,dc=example", requires=ON)
    """The entry below which Dovecot searches."""

    dovecot_dn: Text = setting(default_from="{LDAP_BIND_DN}", sample="cn=dovecot,dc=example", requires=ON)
    """The entry that Dovecot logs in to the directory as."""

    dovecot_dnpass: Text = setting(default_from="{LDAP_BIND_PW}", sample="sample", requires=ON, secret=True)
    """The password of `DOVECOT_DN`."""

    dovecot_auth_bind: YesNo = setting("no", sample="yes", requires=ON)
    """Check a user's password by logging in to the directory with it, instead of reading its hash."""

    dovecot_default_pass_scheme: Word = setting("SSHA", sample="SHA512-CRYPT", requires=ON)
    """The scheme of hashes in the directory that do not name theirs."""

    dovecot_user_filter: Text = setting(sample="(&(objectClass=Account)(uid=%n))", requires=ON)
    """How to find a mailbox, such as `(&(objectClass=PostfixBookMailAccount)(uniqueIdentifier=%n))`."""

    dovecot_user_attrs: Text = setting(sample="homeDirectory=home", requires=ON)
    """Which attributes hold what Dovecot needs of a mailbox: `attribute=field` pairs with commas between."""

    dovecot_pass_filter: Text = setting(default_from="{DOVECOT_USER_FILTER}", sample="(uid=%n)", requires=ON)
    """How to find the entry with the password."""

    dovecot_pass_attrs: Text = setting(sample="uid=user,userPassword=password", requires=ON)
    """Which attributes hold name and password, such as `uid=user,userPassword=password`."""
