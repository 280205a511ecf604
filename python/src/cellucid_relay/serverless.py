"""What the reference says of its server and of the page it fetched: here there is neither."""

from __future__ import annotations

from pathlib import Path


class Serverless:
    """Of a viewer whose page reads through the notebook."""

    #: Address of a hosted page; None stands for the package's own.
    _page: str | None

    @property
    def port(self) -> None:
        """There is none: nothing listens."""
        return None

    @property
    def server_url(self) -> str:
        """There is no server: the viewer reads through the notebook."""
        return ""

    @property
    def viewer_url(self) -> str:
        """Where the viewer's page is: part of the notebook's own, unless a hosted one was asked for."""
        return self._page or "about:srcdoc"

    @property
    def viewer_origin(self) -> str:
        """The origin of a hosted page. The page inside the notebook has nobody's: it has no rights in the notebook."""
        return "null" if self._page is None else "/".join(self._page.split("/", 3)[:3])

    def ensure_web_ui_cached(self, *, force: bool = False, show_progress: bool = True) -> None:
        """Nothing has to be fetched: the page is part of the package."""

    def clear_web_cache(self) -> Path:
        """Nothing is cached; the folder of the package's own page is returned."""
        from .elsewhere import clear_web_cache

        return clear_web_cache()
