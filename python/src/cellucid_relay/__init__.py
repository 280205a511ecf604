"""Look at single-cell data in a notebook, and work with what is selected there.

    from cellucid_relay import show_anndata

    viewer = show_anndata("cells.h5ad")

    @viewer.on_selection
    def selected(event):
        print(adata[event["cells"]])

The viewer reads the file through the notebook's own connection: no server, no port, no download.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .apply import ApplySummary, apply_cellucid_session_to_anndata
    from .bundle import CellucidSessionBundle
    from .drift import add_transition_drift_to_obsm, compute_transition_drift
    from .elsewhere import clear_web_cache, get_web_cache_dir
    from .hooks import ViewerState
    from .messages import CommandError
    from .shown import AnnDataViewer, CellucidViewer, show, show_anndata
    from .viewer import Viewer, cleanup_all

__version__ = "0.1.0"

_HOMES = {
    "AnnDataViewer": "shown",
    "ApplySummary": "apply",
    "CellucidSessionBundle": "bundle",
    "CellucidViewer": "shown",
    "CommandError": "messages",
    "Viewer": "viewer",
    "ViewerState": "hooks",
    "add_transition_drift_to_obsm": "drift",
    "apply_cellucid_session_to_anndata": "apply",
    "cleanup_all": "viewer",
    "clear_web_cache": "elsewhere",
    "compute_transition_drift": "drift",
    "get_web_cache_dir": "elsewhere",
    "show": "shown",
    "show_anndata": "shown",
}

__all__ = [
    "AnnDataViewer",
    "ApplySummary",
    "CellucidSessionBundle",
    "CellucidViewer",
    "CommandError",
    "Viewer",
    "ViewerState",
    "__version__",
    "add_transition_drift_to_obsm",
    "apply_cellucid_session_to_anndata",
    "cleanup_all",
    "clear_web_cache",
    "compute_transition_drift",
    "get_web_cache_dir",
    "show",
    "show_anndata",
]


def __getattr__(name: str) -> Any:
    # Loaded when first used: importing the package is quick, and works where there is no notebook.
    if name in _HOMES:
        value = getattr(import_module(f".{_HOMES[name]}", __name__), name)
        globals()[name] = value
        return value
    from .elsewhere import INSTEAD, take

    if name in INSTEAD:
        return take(name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
