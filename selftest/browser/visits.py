"""A page that is open in the browser, and how a reader finds a cell in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Visit:
    """A page that is open, and what it must not do."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.requests: list[str] = []
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", self._asked)
        page.on("request", lambda request: self.requests.append(request.url))

    def _said(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def _asked(self, dialog: Any) -> None:
        self.complaints.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def cell(self, subject: str, dtype: str = "float32") -> Any:
        who = self.page.locator("summary > :nth-child(2)").filter(
            has=self.page.get_by_text(subject, exact=True)
        )
        cells = self.page.locator("details.cell").filter(has=who)
        return cells.filter(has=self.page.locator("summary i", has_text=dtype)).first

    def opened(self, subject: str, dtype: str = "float32") -> Any:
        """Open a cell from the matrix, as a reader would, and wait for its pictures."""
        cell = self.cell(subject, dtype)
        self.page.evaluate("id => { location.hash = id }", cell.get_attribute("id"))
        # What is drawn comes with its place, in one turn.
        cell.locator(".detail").wait_for(state="attached")
        return cell

    def shown(self) -> list[str]:
        """Return subject and dtype of each cell that no filter hides."""
        cells = self.page.locator("details.cell:not([hidden]) > summary > :nth-child(2)")
        return cells.all_text_contents()


Open = Callable[..., Visit]
