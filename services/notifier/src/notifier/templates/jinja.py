"""Notices in words: ``texts/<language>/<template>.txt`` with blocks subject, body, short."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError

from notifier.notices.values import Notice, Text
from notifier.templates.money import money_text
from notifier.templates.ports import Unrenderable

_TEXTS = Path(__file__).parent / "texts"


class JinjaRenderer:
    """Renders plain text. What a template names and a notice does not have is an error."""

    def __init__(self, *, utility_name: str) -> None:
        self._utility_name = utility_name
        self._environment = Environment(
            loader=FileSystemLoader(_TEXTS),
            undefined=StrictUndefined,
            autoescape=False,  # noqa: S701 - plain text, no markup
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def render(self, notice: Notice, *, account_number: str) -> Text:
        """Raises `Unrenderable` where the template and the notice do not fit."""
        facts = notice.facts
        amounts = {
            "balance": facts.balance_micro,
            "threshold": facts.threshold_micro,
            "amount": facts.amount_micro,
            "paid_off": facts.paid_off_micro,
            "owed": facts.owed_micro,
            "owed_again": facts.owed_again_micro,
            "left": facts.left_micro,
            "repaid": facts.repaid_micro,
        }
        values = {
            "utility": self._utility_name,
            "account": account_number,
            "stage": facts.stage,
            "days_left": facts.days_left,
            "limit_w": facts.limit_w,
            "after_days": facts.after_days,
            "instalments": facts.instalments,
            "next_due": facts.next_due,
            **{
                name: money_text(amount, facts.currency)
                for name, amount in amounts.items()
                if amount is not None
            },
        }
        try:
            template = self._environment.get_template(f"{notice.language}/{notice.template}.txt")
            context = template.new_context(values)
            subject, body, short = (
                "".join(template.blocks[block](context)).strip()
                for block in ("subject", "body", "short")
            )
        except (TemplateError, KeyError) as error:
            detail = f"template {notice.template} in {notice.language}: {error!r}"
            raise Unrenderable(detail) from error
        return Text(subject=subject, body=f"{body}\n", short=short)
