"""XML of ISO 20022, read safely: no DTD, no entities, nothing from outside. Names without their
namespace, because each version has another."""

import codecs
import re
from collections.abc import Iterator
from typing import TypeAlias
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from prepay_ledger.bank_files.values import Unreadable

Node: TypeAlias = Element
_NAMESPACE = re.compile(r"urn:iso:std:iso:20022:tech:xsd:camt\.(05[234])\.001\.([0-9]{2})")
VERSION_MIN = 2
_DECLARED = re.compile(rb"""<\?xml[^>]{0,100}\sencoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def document_of(body: bytes) -> Node:
    """The element under ``Document``: of camt.052, .053 or .054, in a bank's envelope or not.
    Raises `Unreadable`."""
    root = xml_of(body)
    for node in root.iter():
        if local(node) != "Document" or not len(node):
            continue
        found = _NAMESPACE.fullmatch(node.tag.partition("}")[0].lstrip("{"))
        if found is None or int(found[2]) < VERSION_MIN:
            continue
        return node[0]
    message = (
        "the file is no camt.052, camt.053 or camt.054 of version 001.02 or later: its first "
        f"element is {root.tag[:200]}"
    )
    raise Unreadable(message)


def xml_of(body: bytes) -> Node:
    """The first element of any XML. Raises `Unreadable`."""
    try:
        return fromstring(_decoded(body), forbid_dtd=True)
    except ParseError as error:
        message = f"the file is no XML: {error}"
        raise Unreadable(message) from error
    except DefusedXmlException as error:
        message = "the file has a DTD or entities, which no statement needs"
        raise Unreadable(message) from error
    except (LookupError, UnicodeError, ValueError) as error:
        message = f"the file is in an encoding that is not read: {error}"
        raise Unreadable(message) from error


def _decoded(body: bytes) -> bytes | str:
    """As text where the file says its encoding: the XML parser knows none of many bytes a
    character but UTF-8 and UTF-16, and China's banks write GBK. Raises `LookupError` or
    `UnicodeError`."""
    found = None if body.startswith(_MARKS) else _DECLARED.match(body.lstrip())
    if found is None:
        return body
    name = codecs.lookup(found[1].decode()).name
    if name.startswith("utf"):
        return body
    # GB 18030 has all of GBK and GB 2312, and banks write more than they say.
    return body.decode("gb18030" if name in {"gbk", "gb2312"} else name)


def local(node: Node) -> str:
    """The element's name alone."""
    return node.tag.rpartition("}")[2]


def children(node: Node | None, *names: str) -> Iterator[Node]:
    """Those that the path ``names`` leads to, in their order; none of none."""
    if node is None:
        return
    first, *rest = names
    for child in node:
        if local(child) == first:
            if rest:
                yield from children(child, *rest)
            else:
                yield child


def child(node: Node | None, *names: str) -> Node | None:
    """The first of them."""
    return next(children(node, *names), None)


def text(node: Node | None, *names: str) -> str:
    """What stands there, with single spaces; empty where nothing does."""
    found = child(node, *names) if names else node
    return "" if found is None else " ".join((found.text or "").split())


def first_text(node: Node | None, *paths: tuple[str, ...]) -> str:
    """Of the first path that has any."""
    return next((found for path in paths if (found := text(node, *path))), "")


def is_true(node: Node | None, *names: str) -> bool:
    """Of an indicator."""
    return text(node, *names) in {"true", "1"}
