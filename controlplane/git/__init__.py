"""The state repo: everything that touches git, and the only import of pygit2."""

from controlplane.git.beside import Beside
from controlplane.git.commits import (
    SERVER,
    CommitInfo,
    Person,
    commit_content,
    format_message,
    parse_trailers,
)
from controlplane.git.durability import without_a_home, write_atomically
from controlplane.git.large_blobs import LARGE
from controlplane.git.leftovers import OF_THE_CONTROL_FOLDER, sweep
from controlplane.git.mending import damaged_packs, object_id, set_packs_aside, tree_objects
from controlplane.git.merge import merge_file, scrubbed_environment
from controlplane.git.objects import EXECUTABLE, FILE, TREE, Change, NewFile, TreeEntry
from controlplane.git.packing import (
    HEAVY,
    many_loose,
    merge_packs,
    pack_loose,
    prune_packed,
    remove_packs,
)
from controlplane.git.refs import STALE_AFTER, full_name
from controlplane.git.repo import StateRepo

__all__ = [
    "EXECUTABLE",
    "FILE",
    "HEAVY",
    "LARGE",
    "OF_THE_CONTROL_FOLDER",
    "SERVER",
    "STALE_AFTER",
    "TREE",
    "Beside",
    "Change",
    "CommitInfo",
    "NewFile",
    "Person",
    "StateRepo",
    "TreeEntry",
    "commit_content",
    "damaged_packs",
    "format_message",
    "full_name",
    "many_loose",
    "merge_file",
    "merge_packs",
    "object_id",
    "pack_loose",
    "parse_trailers",
    "prune_packed",
    "remove_packs",
    "scrubbed_environment",
    "set_packs_aside",
    "sweep",
    "tree_objects",
    "without_a_home",
    "write_atomically",
]
