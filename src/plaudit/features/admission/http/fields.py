"""What the handlers of admission share."""

from typing import Annotated, Final

from plaudit.platform.web import Parameter

TAGS: Final = ("admission",)
CREATED: Final = 201

Limit = Annotated[int | None, Parameter(description="Items a page, 1 to 200; 50 when not given.")]
Cursor = Annotated[str | None, Parameter(description="next_cursor of the page before.")]
