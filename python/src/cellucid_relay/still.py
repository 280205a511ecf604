"""What is left of a viewer where no kernel runs: a note, and once something has been drawn, a picture.

It is an output of its own below the viewer, which hides it while it lives. So it is there in a notebook that is opened again, on
a page that a notebook was exported to, and where nobody was there to draw.
"""

from __future__ import annotations

import base64
import html
import logging

#: What a picture begins with, and how large it may be: notebooks keep it.
JPEG = b"\xff\xd8\xff"
LARGEST = 512 << 10

logger = logging.getLogger("cellucid_relay")


class Still:
    """The note of one viewer, or its newest picture."""

    def __init__(self, viewer_id: str, name: str) -> None:
        self.viewer_id = viewer_id
        self.name = name
        self._picture = b""
        self._shown = False

    def html(self) -> str:
        """As a notebook keeps it. The viewer finds it by the attribute."""
        name = html.escape(self.name)
        note = f"Cellucid viewer of <b>{name}</b>. Run this cell to use it; if nothing appears then, install anywidget where the notebook server runs."
        picture = ""
        if self._picture:
            data = base64.b64encode(self._picture).decode()
            picture = f'<img alt="Cellucid viewer of {name}" src="data:image/jpeg;base64,{data}" style="max-width:100%">'
        return (
            f'<figure data-cellucid-still="{self.viewer_id}" style="margin:0">{picture}<figcaption>{note}</figcaption></figure>'
        )

    def show(self) -> None:
        """Puts it into the notebook."""
        self._shown = True
        self._publish(update=False)

    def update(self, picture: bytes) -> None:
        """A newer picture, in place of what is there. Raises :class:`ValueError` for what is none."""
        if not picture.startswith(JPEG) or len(picture) > LARGEST:
            raise ValueError("a picture that is none, or too large")
        self._picture = picture
        if self._shown:
            self._publish(update=True)

    def _publish(self, *, update: bool) -> None:
        from IPython.display import publish_display_data

        transient = {"display_id": f"cellucid-{self.viewer_id}"}
        data = {"text/html": self.html(), "text/plain": f"Cellucid viewer of {self.name}"}
        try:
            publish_display_data(data=data, transient=transient, update=update)  # type: ignore[no-untyped-call]
        except Exception:
            # A picture less, that is all.
            logger.debug("the picture was not kept", exc_info=True)
