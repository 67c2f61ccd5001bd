"""The table of full-text search, which 2.3 has in `plugin { }`."""

from __future__ import annotations

from renderers.dovecot.dialects import others, search
from renderers.dovecot.dialects.fates import Dropped, Place, Refused, Renamed, Rewritten, Row, rows, same

_P = Place.PLUGIN
_LANGUAGES = Refused("languages are blocks now", "write `language en { default = yes }`")

SEARCH: tuple[Row, ...] = (
    Row(
        _P,
        "fts",
        Rewritten(
            "`fts solr { }` with `language en { default = yes }`; lucene and squat are **refused**",
            search.backend,
        ),
        "solr",
    ),
    *same(_P, "fts_autoindex fts_autoindex_max_recent_msgs fts_header_excludes fts_header_includes"),
    Row(
        _P,
        "fts_autoindex_exclude#",
        Rewritten(
            "`mailbox NAME { fts_autoindex = no }`; `\\Trash` and patterns are **refused**", search.excluded
        ),
        "Trash",
    ),
    Row(
        _P,
        "fts_decoder",
        Rewritten("`fts_decoder_driver = script`, `fts_decoder_script_socket_path`", search.decoder),
        "decode2text",
    ),
    Row(
        _P,
        "fts_enforced",
        Rewritten("`fts_search_add_missing`, `fts_search_read_fallback`", search.enforced),
        "yes",
    ),
    Row(_P, "fts_index_timeout", Renamed("fts_search_timeout"), "30 secs"),
    Row(
        _P,
        "fts_message_max_size",
        Rewritten("the same; `0` is `unlimited`", others.unlimited("fts_message_max_size")),
        "0",
    ),
    Row(
        _P, "fts_solr", Rewritten("`fts solr { url = U }`", search.solr), "url=http://solr:8983/solr/dovecot/"
    ),
    Row(
        _P,
        "fts_tika",
        Rewritten("`fts_decoder_driver = tika`, `fts_decoder_tika_url`", search.tika),
        "http://tika:9998/tika/",
    ),
    Row(
        _P,
        "fts_xapian",
        Rewritten("`fts xapian { partial = N }`; `full` is left out", search.xapian),
        "partial=3 full=20 verbose=0",
    ),
    *rows(
        _P,
        _LANGUAGES,
        "fts_filters fts_filters_de fts_filters_en fts_language_config fts_languages fts_tokenizers"
        " fts_tokenizer_generic fts_tokenizer_email_address",
        "en",
    ),
    *rows(
        _P, Refused("the index is gone", "write fts = flatcurve"), "fts_lucene fts_squat", "partial=4 full=10"
    ),
    *same(
        _P,
        "fts_flatcurve_commit_limit fts_flatcurve_min_term_size fts_flatcurve_optimize_limit"
        " fts_flatcurve_substring_search",
    ),
    Row(_P, "fts_flatcurve_max_term_size", Dropped("it is part of the tokenizers"), "30"),
    Row(_P, "fts_flatcurve_rotate_size", Renamed("fts_flatcurve_rotate_count"), "5000"),
    Row(_P, "fts_flatcurve_rotate_time", Rewritten("the same, in `ms`", search.milliseconds), "5000"),
)
