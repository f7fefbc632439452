"""What is wrong with a text, before anybody is told anything with it: pure.

Every way through its conditions is looked at, for every set of facts that its event may give: a
name that some notice would not have where it is said is found here, and not at the customer.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from jinja2 import nodes

from notifier.channels.segments import segments_of
from notifier.contacts.values import Channel
from notifier.notices.values import Facts, Template
from notifier.templates.language import NotThisLanguage, Unsaid, parse, say
from notifier.templates.samples import SAMPLE_NUMBER, sample_facts
from notifier.templates.values import Finding, Source, TextKey
from notifier.templates.variables import VARIABLES, Kind
from notifier.templates.wording import Signature, tail_of, values_of
from prewatt_common.contracts.ledger_events_v1 import ReconnectionStage

SUBJECT_CHARS_MAX = 150
_FINDINGS_MAX = 20
_ORDER = frozenset({"lt", "lteq", "gt", "gteq"})


@dataclass(frozen=True, slots=True)
class TextLimits:
    """``segments_max``: so many SMS the network may count for one text."""

    segments_max: int
    utility: str
    page: str | None = None

    @property
    def signature(self) -> Signature:
        """As the utility's notices have it."""
        return Signature(self.utility, self.page)


class Sample(NamedTuple):
    """A text as one notice would say it."""

    facts: Facts
    subject: str | None
    body: str
    segments: int | None
    """Of what goes by SMS."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What is wrong (nothing: it may be published), and how it reads."""

    findings: Sequence[Finding]
    samples: Sequence[Sample]


def check_source(source: Source, key: TextKey, *, limits: TextLimits) -> Checked:
    """How ``source`` would do as the text of ``key``."""
    findings = list(dict.fromkeys(_static(source, key)))
    if findings:
        return Checked(findings[:_FINDINGS_MAX], [])
    samples: list[Sample] = []
    for facts in sample_facts(key.template):
        try:
            sample = sample_of(
                source, key, facts, account_number=SAMPLE_NUMBER, signature=limits.signature
            )
        except Unsaid as error:
            findings.append(Finding("body", None, str(error)))
            continue
        samples.append(sample)
        findings += _wrong_with(sample, key, limits=limits)
    return Checked(list(dict.fromkeys(findings))[:_FINDINGS_MAX], samples)


def sample_of(
    source: Source, key: TextKey, facts: Facts, *, account_number: str, signature: Signature
) -> Sample:
    """How it reads with these facts. Raises `Unsaid` where they do not fit."""
    values = values_of(
        facts,
        account_number=account_number,
        signature=signature,
        language=key.language,
        channel=key.channel,
    )
    body = say(source.body, values)
    subject = None if source.subject is None else say(source.subject, values)
    is_sms = key.channel is Channel.SMS
    return Sample(facts, subject, body, len(segments_of(body).parts) if is_sms and body else None)


def _static(source: Source, key: TextKey) -> Iterator[Finding]:
    if (source.subject is not None) != (key.channel is Channel.EMAIL):
        yield Finding("subject", None, "a mail has one, and nothing else has")
        return
    for part, text in source.parts:
        try:
            tree = parse(text)
        except NotThisLanguage as error:
            yield Finding(part, error.line, error.says)
            continue
        for line, says in _Look(key.template).into(tree):
            yield Finding(part, line, says)


def _wrong_with(sample: Sample, key: TextKey, *, limits: TextLimits) -> Iterator[Finding]:
    if not sample.body:
        yield Finding("body", None, "it says nothing")
        return
    subject = sample.subject
    if subject is not None:
        if not subject or not subject.isprintable():
            yield Finding("subject", None, "it is one line of printable characters")
        if len(subject) > SUBJECT_CHARS_MAX:
            yield Finding("subject", None, f"over {SUBJECT_CHARS_MAX} characters")
    if any(not each.isprintable() and each != "\n" for each in sample.body):
        yield Finding("body", None, "a control character")
    if sample.segments is not None and sample.segments > limits.segments_max:
        says = f"{sample.segments} SMS ({len(sample.body)} characters): {sample.body}"
        yield Finding("body", None, f"over {limits.segments_max} SMS at a time: {says}")
    values = values_of(
        sample.facts,
        account_number=SAMPLE_NUMBER,
        signature=limits.signature,
        language=key.language,
        channel=key.channel,
    )
    for name in sorted(VARIABLES[key.template].must_say):
        said = tail_of(SAMPLE_NUMBER) if name == "tail" else str(values[name])
        if said not in sample.body:
            also = " (or the whole {{ account }})" if name == "tail" else ""
            yield Finding("body", None, f"it must say {{{{ {name} }}}}{also}, in every case")


class _Look:
    """Looks through a text for each set of facts that a notice of ``template`` may have."""

    def __init__(self, template: Template) -> None:
        self._template = template
        self._variables = VARIABLES[template]
        self._kinds: Mapping[str, Kind] = self._variables.kinds

    def into(self, tree: nodes.Template) -> Iterator[tuple[int, str]]:
        """Each finding with its line."""
        for name in tree.find_all(nodes.Name):
            if name.name not in self._kinds:
                known = ", ".join(sorted(self._kinds))
                yield name.lineno, f"{self._template} has no {name.name}; it has: {known}"
        for compare in tree.find_all(nodes.Compare):
            yield from self._compared(compare)
        for present in self._variables.presences():
            yield from self._body(tree.body, present)

    def _compared(self, compare: nodes.Compare) -> Iterator[tuple[int, str]]:
        sides = [compare.expr, *(each.expr for each in compare.ops)]
        stage = any(
            isinstance(side, nodes.Name) and self._kinds.get(side.name) is Kind.STAGE
            for side in sides
        )
        for side in sides:
            match side:
                case nodes.Const(value=str() as value) if stage:
                    if value not in set(ReconnectionStage):
                        words = ", ".join(ReconnectionStage)
                        yield compare.lineno, f"{value!r} is no stage; there are: {words}"
                case nodes.Const(value=int()) if not stage:
                    pass
                case nodes.Name(name=name) if self._kinds.get(name) in (
                    {Kind.STAGE} if stage else {Kind.NUMBER}
                ):
                    pass
                case _:
                    says = "a number is compared with a number, a stage with one of its words"
                    yield compare.lineno, says
        if stage and any(each.op in _ORDER for each in compare.ops):
            yield compare.lineno, "a stage is equal or not, and not more or less"

    def _body(
        self, body: Sequence[nodes.Node], present: frozenset[str]
    ) -> Iterator[tuple[int, str]]:
        for node in body:
            match node:
                case nodes.Output():
                    for each in node.nodes:
                        yield from self._said(each, present)
                case nodes.If():
                    yield from self._if(node, present)
                case _:
                    raise AssertionError(node)

    def _if(self, node: nodes.If, present: frozenset[str]) -> Iterator[tuple[int, str]]:
        for branch in [node, *node.elif_]:
            yield from self._asked(branch.test, present)
            holds = self._holds(branch.test, present)
            if holds is not False:
                yield from self._body(branch.body, present)
            if holds is True:
                return
        yield from self._body(node.else_, present)

    def _said(self, expr: nodes.Expr, present: frozenset[str]) -> Iterator[tuple[int, str]]:
        match expr:
            case nodes.Name(name=name):
                if name in self._kinds and name not in present:
                    says = f"some notices have no {name}: say it within {{% if {name} %}}"
                    yield expr.lineno, says
            case nodes.CondExpr(expr2=nodes.Expr() as otherwise):
                yield from self._asked(expr.test, present)
                holds = self._holds(expr.test, present)
                if holds is not False:
                    yield from self._said(expr.expr1, present)
                if holds is not True:
                    yield from self._said(otherwise, present)
            case nodes.TemplateData() | nodes.Const():
                pass
            case _:
                yield expr.lineno, "what is said is a name, a text or one of two of them by an if"

    def _asked(self, test: nodes.Node, present: frozenset[str]) -> Iterator[tuple[int, str]]:
        """A comparison needs what it compares; what stands alone may be missing."""
        match test:
            case nodes.Compare():
                for side in [test.expr, *(each.expr for each in test.ops)]:
                    yield from self._said(side, present)
            case nodes.Not():
                yield from self._asked(test.node, present)
            case nodes.And() | nodes.Or():
                yield from self._asked(test.left, present)
                holds = self._holds(test.left, present)
                if holds is not isinstance(test, nodes.Or):
                    yield from self._asked(test.right, present)
            case nodes.CondExpr():
                yield test.lineno, "no if within an if's condition"
            case _:
                pass

    def _holds(self, test: nodes.Node, present: frozenset[str]) -> bool | None:  # noqa: PLR0911
        """None: it depends on more than which facts there are."""
        match test:
            case nodes.Name(name=name):
                if name not in present:
                    return False
                return None if self._kinds[name] is Kind.NUMBER else True
            case nodes.Test(node=nodes.Name(name=name)):
                return name in present
            case nodes.Const(value=value):
                return bool(value)
            case nodes.Not():
                holds = self._holds(test.node, present)
                return None if holds is None else not holds
            case nodes.And() | nodes.Or():
                sides = {self._holds(test.left, present), self._holds(test.right, present)}
                ends = isinstance(test, nodes.Or)
                if ends in sides:
                    return ends
                return None if None in sides else not ends
            case _:
                return None
