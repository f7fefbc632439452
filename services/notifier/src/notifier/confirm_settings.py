"""The settings of the page on which anybody asks whether a notice is ours."""

from typing import Annotated

from pydantic import Field, HttpUrl, StringConstraints, field_validator

from prewatt_common.settings import ServiceSettings, none_where_empty

_PAGE_CHARS_MAX = 24
"""As it stands in texts, without its scheme: with more a warning would be two SMS."""


class ConfirmSettings(ServiceSettings):
    """Without a page texts say that it is found from the utility's website."""

    notice_page: HttpUrl | None = None
    """Where ``GET /n`` of this service is reached from outside: ``https://n.utility.example/n``."""
    help_phone: Annotated[str, StringConstraints(pattern=r"^\+?[0-9][0-9 -]{2,19}$")] | None = (
        Field(default=None)
    )
    """Whom to call who got what is not ours."""

    _confirm_unset = field_validator("notice_page", "help_phone", mode="before")(none_where_empty)

    @field_validator("notice_page")
    @classmethod
    def _short(cls, page: HttpUrl | None) -> HttpUrl | None:
        if page is not None and len(_as_said(page)) > _PAGE_CHARS_MAX:
            message = f"over {_PAGE_CHARS_MAX} characters after its scheme"
            raise ValueError(message)
        return page

    @property
    def notice_page_as_said(self) -> str | None:
        """As it stands in texts, and as it is typed."""
        return None if self.notice_page is None else _as_said(self.notice_page)


def _as_said(page: HttpUrl) -> str:
    return str(page).partition("://")[2].rstrip("/")
