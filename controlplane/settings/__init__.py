"""All settings, typed: one field per setting, one class per concern.

The environment name of a field is its name in upper case. Defaults, bounds, documentation and what uses
a setting stand at its field; everything else is derived (`controlplane.settings.catalog`).
"""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import ValidationError

from controlplane.errors import Problem, Refused
from controlplane.settings.defaults import Texts, domain_of
from controlplane.settings.dovecot import Dovecot
from controlplane.settings.dovecot_ldap import DovecotLdap
from controlplane.settings.fetching import Fetching
from controlplane.settings.field import Rule
from controlplane.settings.filters import Filters
from controlplane.settings.general import General
from controlplane.settings.gitops import GitOps
from controlplane.settings.junk import Junk
from controlplane.settings.ldap import Ldap
from controlplane.settings.messages import misfit, rule_of
from controlplane.settings.oauth2 import OAuth2
from controlplane.settings.postfix import Postfix
from controlplane.settings.postgrey import Postgrey
from controlplane.settings.relay import Relay
from controlplane.settings.reports import Reports
from controlplane.settings.rspamd import Rspamd
from controlplane.settings.saslauthd import Saslauthd
from controlplane.settings.spamassassin import SpamAssassin
from controlplane.settings.srs import Srs
from controlplane.settings.tls import Tls

__all__ = ["AREAS", "ENV_FILE", "RULES", "Settings"]

AREAS = (
    General,
    Tls,
    Postfix,
    Dovecot,
    Junk,
    Rspamd,
    Filters,
    SpamAssassin,
    Postgrey,
    Srs,
    Relay,
    Reports,
    Fetching,
    OAuth2,
    Ldap,
    DovecotLdap,
    Saslauthd,
    GitOps,
)
"""The concerns, in the order of the reference page."""


class Settings(
    General,
    Tls,
    Postfix,
    Dovecot,
    Junk,
    Rspamd,
    Filters,
    SpamAssassin,
    Postgrey,
    Srs,
    Relay,
    Reports,
    Fetching,
    OAuth2,
    Ldap,
    DovecotLdap,
    Saslauthd,
    GitOps,
):
    """The settings in effect on one node. Make them with `resolve`."""

    hostname: str
    """The fully qualified name of the server: OVERRIDE_HOSTNAME, else what the container reported."""

    @property
    def domainname(self) -> str:
        """The mail domain that the host name implies."""
        return domain_of(self.hostname)

    @classmethod
    def resolve(cls, values: Mapping[str, str], hostname: str) -> Settings:
        """Type the given texts by setting name, and fill in the defaults for the rest.

        An empty text stands for the default. Names that are no settings have no effect (an old log may
        hold some; reading `main` reports them). Raises Refused with a Problem a value that does not fit.
        """
        texts = Texts(RULES, values, hostname)
        typed: dict[str, str] = {name.lower(): texts[name] for name in RULES}
        typed["hostname"] = texts["HOSTNAME"]
        try:
            return cls.model_validate(typed)
        except ValidationError as error:
            names = dict.fromkeys(str(fault["loc"][0]).upper() for fault in error.errors())
            # a bad value also spoils what takes its default from it: name the cause only
            given = [name for name in names if values.get(name)] or list(names)
            raise Refused(_problem(name, texts[name]) for name in given) from None


def _problem(name: str, raw: str) -> Problem:
    message, cure = misfit(name, raw, Settings.model_fields[name.lower()])
    return Problem(path=ENV_FILE, line=0, message=message, cure=cure)


def _rules() -> Mapping[str, Rule]:
    fields = (field for area in AREAS for field in area.model_fields.items())
    return {name.upper(): rule for name, info in fields if (rule := rule_of(info))}


RULES = _rules()
"""The declaration of every setting by its name in mailserver.env, in the order of the reference page."""

ENV_FILE = "mailserver.env"
"""Where settings stand on `main`."""
