"""Lists are read to their end, with the same filters all along."""

import httpx
import pytest

from prewatt_cli.lists import items_of

PAGES = {None: (["a", "b"], "c1"), "c1": (["c"], "c2"), "c2": (["d"], None)}


def service(asked: list[dict[str, str]]) -> httpx.Client:
    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(dict(request.url.params))
        items, next_ = PAGES[request.url.params.get("cursor")]
        return httpx.Response(200, json={"items": items, "next": next_})

    return httpx.Client(transport=httpx.MockTransport(answer), base_url="http://service")


def test_a_list_is_read_to_its_end():
    asked: list[dict[str, str]] = []
    assert list(items_of(service(asked), "/v1/things", {"kind": "x"})) == ["a", "b", "c", "d"]
    assert [each.pop("cursor", None) for each in asked] == [None, "c1", "c2"]
    assert asked == [{"kind": "x", "limit": "1000"}] * 3


def test_what_the_service_refuses_is_said():
    refusal = httpx.MockTransport(lambda _: httpx.Response(422, json={"detail": "no such kind"}))
    with (
        httpx.Client(transport=refusal, base_url="http://service") as client,
        pytest.raises(ValueError, match="422: no such kind"),
    ):
        list(items_of(client, "/v1/things", {}))
