"""How data is read: the reference's adapter options in the viewer's words."""

from __future__ import annotations

from typing import Any

_OPTIONS = {
    "latent_key": "latentKey",
    "normalize_embeddings": "normalize",
    "centroid_outlier_quantile": "centroidQuantile",
    "centroid_min_points": "centroidMinPoints",
    "dataset_name": "datasetName",
    "dataset_id": "datasetId",
}


def reading_options(*, gene_id_column: str = "index", backed: Any = "r", **given: Any) -> dict[str, Any]:
    """The reference's adapter options in the viewer's words. ``backed`` has no meaning here: data is always read in parts."""
    unknown = [name for name in given if name not in _OPTIONS]
    if unknown:
        known = ", ".join(("gene_id_column", "backed", *_OPTIONS))
        raise TypeError(f"unknown option {unknown[0]!r}; there are {known}")
    options = {_OPTIONS[name]: value for name, value in given.items() if value is not None}
    return options if gene_id_column == "index" else {**options, "geneIdColumn": gene_id_column}


def hosted(page: str) -> str:
    """The address of a hosted page, which has to be one that a notebook served by HTTPS may show."""
    if not page.lower().startswith(("https://", "http://localhost", "http://127.0.0.1")) or "#" in page:
        raise ValueError(f"page: {page!r} is not the https address of a page")
    return page
