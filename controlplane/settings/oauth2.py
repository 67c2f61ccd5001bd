"""Settings of logins by OAuth 2."""

from __future__ import annotations

from typing import ClassVar

from controlplane.settings.field import Area, setting
from controlplane.settings.types import Switch, Url


class OAuth2(Area):
    """Logins with a token, beside passwords. Accounts still come from `ACCOUNT_PROVISIONER`."""

    title: ClassVar[str] = "OAuth 2"

    enable_oauth2: Switch = setting("0", sample="1")
    """Accept OAuth 2 tokens (XOAUTH2 and OAUTHBEARER) as logins."""

    oauth2_introspection_url: Url = setting(
        sample="https://oauth2.example.test/userinfo/", requires={"ENABLE_OAUTH2": "1"}
    )
    """Where the provider tells whose token it is: its user info endpoint."""
