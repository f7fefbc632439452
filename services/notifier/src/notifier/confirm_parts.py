"""The page on which anybody asks whether a notice is ours, as the settings say."""

from zoneinfo import ZoneInfo

from fastapi import APIRouter

from notifier.confirm.api import confirm_router
from notifier.confirm.find_notice import FindNotice
from notifier.confirm.page import HtmlPage
from notifier.confirm.postgres import PostgresSaidNotices
from notifier.settings import NotifierSettings
from prewatt_common.db.database import Database


def make_confirm(settings: NotifierSettings, database: Database) -> APIRouter:
    """``/n``."""
    return confirm_router(
        find=FindNotice(notices=PostgresSaidNotices(database)),
        page=HtmlPage(
            utility_name=settings.utility_name,
            help_phone=settings.help_phone,
            zone=ZoneInfo(settings.timezone),
        ),
        default_language=settings.default_language,
    )
