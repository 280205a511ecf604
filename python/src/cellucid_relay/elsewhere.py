"""The reference's names that a viewer without a server has no use for.

Those that write or serve files are taken from the reference where it is installed as well, so that one import statement is enough
for a whole notebook; without it, the error names what to use instead.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

#: What to use instead, by name.
INSTEAD = {
    "AnnDataAdapter": "show_anndata() reads the data itself",
    "AnnDataServer": "the program cellucid-wasm serve, or show_anndata() in a notebook",
    "CellucidServer": "the program cellucid-wasm serve, or show() in a notebook",
    "prepare": "show_anndata() needs no prepared folder; to write one, use the program cellucid-wasm export",
    "serve": "the program cellucid-wasm serve, or show() in a notebook",
    "serve_anndata": "the program cellucid-wasm serve, or show_anndata() in a notebook",
}


def take(name: str) -> Any:
    """The reference's own, if it is installed. Raises :class:`ImportError` that says what to use instead."""
    try:
        return getattr(import_module("cellucid"), name)
    except ModuleNotFoundError:
        raise ImportError(f"{name} is not part of cellucid-relay: {INSTEAD[name]} (or install cellucid beside it)") from None


def get_web_cache_dir() -> Path:
    """Where the viewer's page is: in the package. Nothing is fetched or cached."""
    return Path(__file__).parent / "page"


def clear_web_cache(*, cache_dir: Path | None = None) -> Path:
    """Nothing is cached, and nothing is removed; the folder is returned as the reference does."""
    return get_web_cache_dir() if cache_dir is None else cache_dir
