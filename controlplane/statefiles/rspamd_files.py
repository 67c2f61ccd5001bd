"""The files of rspamd/override.d/ that Rspamd looks for: its own configuration includes each by its name.

As of the version in the image; a test compares. Whatever else lies there counts only where another file
names it.
"""

from __future__ import annotations

import re

FOLDER = "rspamd/override.d/"
NAMES = frozenset(
    re.findall(
        r"\S+",
        "actions.conf antivirus.conf antivirus_group.conf arc.conf asn.conf aws_s3.conf bimi.conf "
        "chartable.conf classifier-bayes.conf clickhouse.conf composites.conf content_group.conf "
        "dcc.conf dkim.conf dkim_signing.conf dmarc.conf elastic.conf emails.conf "
        "excessb64_group.conf excessqp_group.conf external_relay.conf external_services.conf "
        "external_services_group.conf fann_redis.conf force_actions.conf forged_recipients.conf "
        "fuzzy_check.conf fuzzy_group.conf greylist.conf groups.conf headers_group.conf hfilter.conf "
        "hfilter_group.conf history_redis.conf http_headers.conf logging.inc maillist.conf "
        "metadata_exporter.conf metric_exporter.conf metrics.conf mid.conf milter_headers.conf "
        "mime_types.conf mime_types_group.conf mua_group.conf multimap.conf mx_check.conf neural.conf "
        "neural_group.conf once_received.conf options.inc p0f.conf phishing.conf phishing_group.conf "
        "policies_group.conf ratelimit.conf rbl.conf rbl_group.conf redis.conf regexp.conf "
        "replies.conf reputation.conf rmilter_headers.conf rspamd_update.conf settings.conf "
        "spamassassin.conf spamtrap.conf spf.conf statistic.conf statistics_group.conf "
        "subject_group.conf surbl.conf surbl_group.conf trie.conf url_redirector.conf whitelist.conf "
        "whitelist_group.conf worker-controller.inc worker-fuzzy.inc worker-normal.inc "
        "worker-proxy.inc ",
    )
)
