"""What we use of chinesecalendar, which ships no types."""

from datetime import date

def get_holiday_detail(date: date) -> tuple[bool, str | None]: ...
