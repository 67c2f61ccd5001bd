"""Dovecot's configuration in the documentation, verbatim, and what becomes of it; None if refused."""

from __future__ import annotations

GUIDES: dict[str, tuple[str, str | None]] = {
    "connections": ("mail_max_userip_connections = 100\n", "mail_max_userip_connections = 100\n"),
    "recipient-delimiter": ("recipient_delimiter = -\n", "recipient_delimiter = -\n"),
    "plain-text-access": (
        "ssl = yes\ndisable_plaintext_auth=no\n",
        "ssl = yes\nauth_allow_cleartext = yes\n",
    ),
    "proxy-protocol": (
        """\
haproxy_trusted_networks = 172.16.42.2

service imap-login {
 inet_listener imap-proxied {
 haproxy = yes
 port = 10143
 }

 inet_listener imaps-proxied {
 haproxy = yes
 port = 10993
 ssl = yes
 }
}
""",
        """\
haproxy_trusted_networks = 172.16.42.2

service imap-login {
 inet_listener imap-proxied {
 haproxy = yes
 port = 10143
 }

 inet_listener imaps-proxied {
 haproxy = yes
 port = 10993
 ssl = yes
 }
}
""",
    ),
    "full-text-search-solr": (
        """\
mail_plugins = $mail_plugins fts fts_solr

plugin {
 fts = solr
 fts_autoindex = yes
 fts_solr = url=http://solr:8983/solr/dovecot/
}
""",
        """\
mail_plugins {
  fts = yes
  fts_solr = yes
}

fts solr {
}
language en {
  default = yes
}
language_tokenizers = generic email-address
fts_autoindex = yes
fts solr {
  url = http://solr:8983/solr/dovecot/
}
""",
    ),
    "full-text-search-xapian": (
        """\
mail_plugins = $mail_plugins fts fts_xapian

plugin {
 fts = xapian
 fts_xapian = partial=3 full=20 verbose=0

 fts_autoindex = yes
 fts_enforced = yes

 # disable indexing of folders
 # fts_autoindex_exclude = \\Trash

 # Index attachements
 # fts_decoder = decode2text
}

service indexer-worker {
 # limit size of indexer-worker RAM usage, ex: 512MB, 1GB, 2GB
 vsz_limit = 1GB
}

# service decode2text {
# executable = script /usr/libexec/dovecot/decode2text.sh
# user = dovecot
# unix_listener decode2text {
# mode = 0666
# }
# }
""",
        """\
mail_plugins {
  fts = yes
  fts_xapian = yes
}

fts xapian {
}
language en {
  default = yes
}
language_tokenizers = generic email-address
fts xapian {
  partial = 3
  verbose = 0
}

fts_autoindex = yes
fts_search_add_missing = yes
fts_search_read_fallback = no

# disable indexing of folders
# fts_autoindex_exclude = \\Trash

# Index attachements
# fts_decoder = decode2text

service indexer-worker {
 # limit size of indexer-worker RAM usage, ex: 512MB, 1GB, 2GB
 vsz_limit = 1GB
}

# service decode2text {
# executable = script /usr/libexec/dovecot/decode2text.sh
# user = dovecot
# unix_listener decode2text {
# mode = 0666
# }
# }
""",
    ),
    "mail-crypt": (
        """\
# Enables mail_crypt for all services (imap, pop3, etc)
mail_plugins = $mail_plugins mail_crypt
plugin {
 mail_crypt_global_private_key = </certs/ecprivkey.pem
 mail_crypt_global_public_key = </certs/ecpubkey.pem
 mail_crypt_save_version = 2
}
""",
        """\
# Enables mail_crypt for all services (imap, pop3, etc)
mail_plugins {
  mail_crypt = yes
}
crypt_global_private_key key {
  crypt_private_key_file = /certs/ecprivkey.pem
}
crypt_global_public_key_file = /certs/ecpubkey.pem
""",
    ),
    "auth-lua": (
        """\
passdb {
 driver = lua
 args = file=/etc/dovecot/lua/auth-httpbasic.lua blocking=yes
}
""",
        """\
passdb auth-lua-1 {
 driver = lua
 lua_file = /etc/dovecot/lua/auth-httpbasic.lua
 use_worker = yes
}
""",
    ),
    "auth-lua-ldap": (
        """\
userdb {
 driver = ldap
 args = /etc/dovecot/dovecot-ldap.conf.ext
}
""",
        None,
    ),
    "ios-mail-push": (
        """\
protocol imap {
 mail_plugins = $mail_plugins notify push_notification xaps_push_notification xaps_imap
}

protocol lda {
 mail_plugins = $mail_plugins notify push_notification xaps_push_notification
}

protocol lmtp {
 mail_plugins = $mail_plugins notify push_notification xaps_push_notification
}

plugin {
 # xaps_config contains xaps specific configuration parameters
 xaps_config = url=http://127.0.0.1:11619 user_lookup=theattribute max_retries=6 timeout_msecs=5000
 push_notification_driver = xaps
}
""",
        None,
    ),
}
