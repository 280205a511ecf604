"""The names that notebooks import from the reference's module of this name."""

from .hooks import ViewerState
from .shown import AnnDataViewer, BaseViewer, CellucidViewer, show, show_anndata
from .viewer import cleanup_all

__all__ = ["AnnDataViewer", "BaseViewer", "CellucidViewer", "ViewerState", "cleanup_all", "show", "show_anndata"]
