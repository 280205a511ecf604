"""The names that notebooks import from the reference's module of this name."""

from .hooks import ViewerState
from .viewer import AnnDataViewer, BaseViewer, CellucidViewer, cleanup_all, show, show_anndata

__all__ = ["AnnDataViewer", "BaseViewer", "CellucidViewer", "ViewerState", "cleanup_all", "show", "show_anndata"]
