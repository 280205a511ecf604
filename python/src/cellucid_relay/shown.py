"""Viewers of what somebody has: a path, a web address, an AnnData in memory."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from . import files, store
from .beside import Allowed
from .options import reading_options
from .viewer import Viewer

if TYPE_CHECKING:
    import anndata


class CellucidViewer(Viewer):
    """A viewer of an export folder, or of anything else by its path or web address."""

    def __init__(
        self,
        data_dir: str | os.PathLike[str],
        port: int | None = None,
        height: int = 600,
        auto_open: bool = True,
        *,
        page: str | None = None,
        beside: Allowed = False,
    ) -> None:
        super().__init__(files.source(data_dir), height=height, page=page, beside=beside)
        self.data_dir = data_dir
        if auto_open:
            self.display()


class AnnDataViewer(Viewer):
    """A viewer of an AnnData: in memory, or an ``.h5ad`` file or ``.zarr`` folder by its path or web address."""

    def __init__(
        self,
        data: str | os.PathLike[str] | anndata.AnnData,
        port: int | None = None,
        height: int = 600,
        auto_open: bool = True,
        *,
        page: str | None = None,
        beside: Allowed = False,
        **adapter_kwargs: Any,
    ) -> None:
        options = reading_options(**adapter_kwargs)
        if isinstance(data, (str, os.PathLike)):
            source: files.Source = files.source(data)
        elif hasattr(data, "obs") and hasattr(data, "obsm"):
            options.setdefault("datasetName", "AnnData")
            source = store.write(data)
        else:
            raise TypeError(f"an AnnData or a path is wanted, not {type(data).__name__}")
        super().__init__(source, options=options, height=height, page=page, beside=beside)
        self.data = data
        if auto_open:
            self.display()

    def apply_session_to_anndata(
        self, adata: Any, *, inplace: bool = False, timeout: float | None = 60.0, cleanup_bundle: bool = True, **kwargs: Any
    ) -> Any:
        """Adds what the person has made of the data to an AnnData; see :func:`apply_cellucid_session_to_anndata`."""
        expected = self._channel.welcome["options"].get("datasetId")
        if expected is not None:
            kwargs.setdefault("expected_dataset_id", expected)
        return super().apply_session_to_anndata(adata, inplace=inplace, timeout=timeout, cleanup_bundle=cleanup_bundle, **kwargs)


#: As the reference calls it.
BaseViewer = Viewer


def show(data_dir: str | os.PathLike[str], height: int = 600, **kwargs: Any) -> CellucidViewer:
    """Shows an export folder, an ``.h5ad`` file, a ``.zarr`` store or a web address.

    ``page`` is the address of a hosted copy of the viewer's page, for notebooks that forbid pages of their own. ``beside`` allows files
    to be read that the shown one leads to (external links, virtual datasets): a list of paths, or True for all in its folder.
    """
    return CellucidViewer(data_dir, height=height, **kwargs)


def show_anndata(data: str | os.PathLike[str] | anndata.AnnData, height: int = 600, **kwargs: Any) -> AnnDataViewer:
    """Shows an AnnData: in memory, or by its path or web address.

    Options say how it is read: ``latent_key``, ``gene_id_column``, ``normalize_embeddings``, ``centroid_outlier_quantile``,
    ``centroid_min_points``, ``dataset_name``, ``dataset_id``. ``page`` and ``beside`` as for :func:`show`.
    """
    return AnnDataViewer(data, height=height, **kwargs)
