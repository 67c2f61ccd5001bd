"""Settings of accounts from a directory: Postfix's look-ups, and what the others take over from them."""

from __future__ import annotations

from typing import ClassVar

from controlplane.settings.field import Area, setting
from controlplane.settings.types import LdapUris, Text, YesNo

ON = {"ACCOUNT_PROVISIONER": "LDAP"}


class Ldap(Area):
    """Accounts from an LDAP directory (`ACCOUNT_PROVISIONER=LDAP`): the server, and Postfix's look-ups."""

    title: ClassVar[str] = "LDAP"

    ldap_server_host: LdapUris = setting(sample="ldaps://ldap.example.test", requires=ON)
    """The directory server, with the scheme `ldap://`, `ldaps://` or `ldapi://`."""

    ldap_start_tls: YesNo = setting("no", sample="yes", requires=ON)
    """Turn on TLS within Postfix's LDAP connections."""

    ldap_search_base: Text = setting(sample="ou=people,dc=example,dc=test", requires=ON)
    """The entry below which to search, such as `ou=people,dc=example,dc=test`."""

    ldap_bind_dn: Text = setting(sample="cn=mail,dc=example,dc=test", requires=ON)
    """The entry to log in to the directory as, such as `cn=admin,dc=example,dc=test`."""

    ldap_bind_pw: Text = setting(sample="sample", requires=ON, secret=True)
    """The password of `LDAP_BIND_DN`."""

    ldap_query_filter_user: Text = setting(sample="(&(mail=%s)(mailEnabled=TRUE))", requires=ON)
    """How to find a user by address, such as `(&(mail=%s)(mailEnabled=TRUE))`."""

    ldap_query_filter_group: Text = setting(sample="(&(mailGroupMember=%s)(mailEnabled=TRUE))", requires=ON)
    """How to find a group by address, such as `(&(mailGroupMember=%s)(mailEnabled=TRUE))`."""

    ldap_query_filter_alias: Text = setting(sample="(&(mailAlias=%s)(mailEnabled=TRUE))", requires=ON)
    """How to find an alias, such as `(&(mailAlias=%s)(mailEnabled=TRUE))`."""

    ldap_query_filter_domain: Text = setting(sample="(mail=*@%s)", requires=ON)
    """How to find out whether a domain is ours, such as `(|(mail=*@%s)(mailAlias=*@%s))`."""

    ldap_query_filter_senders: Text = setting(sample="(mail=%s)", requires={**ON, "SPOOF_PROTECTION": "1"})
    """How to find who may send as an address. Empty: the user, alias and group filters together."""
