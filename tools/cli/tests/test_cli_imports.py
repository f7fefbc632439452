"""A file of any size goes to a service in whole records, and a line at fault has its number."""

import csv
import io

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prewatt_cli.imports import ImportStopped, import_csv, portions_of
from prewatt_common.http.csv_upload import parse_csv
from prewatt_common.http.fields import Body
from prewatt_common.http.problems import Problem


class Thing(Body):
    """What a line says."""

    name: str
    note: str = ""


FIELDS = st.text(alphabet='ab",\n\r é', max_size=6)


@given(
    rows=st.lists(st.tuples(FIELDS.map("x{}".format), FIELDS), min_size=1, max_size=30),
    portion_lines=st.integers(1, 9),
    note=st.sampled_from(["note", '"note"']),
)
def test_the_portions_of_a_file_say_what_the_file_says(rows, portion_lines, note) -> None:
    text = io.StringIO()
    text.write(f"name,{note}\r\n")
    csv.writer(text).writerows(rows)
    body = text.getvalue().encode()
    whole = parse_csv(body, Thing)
    portions = list(portions_of(io.BytesIO(body), portion_lines=portion_lines))
    # By the bytes' lines, of which a lone carriage return ends none.
    parts = [
        (number, line)
        for each in portions
        for number, line in parse_csv(each.body, Thing, lines_before=each.lines_before)
    ]
    assert [line for _, line in parts] == [line for _, line in whole]
    if b"\r" not in body.replace(b"\r\n", b""):
        assert parts == whole


def service(sent: list[str]) -> httpx.Client:
    """A service that takes names once, and none that is bad."""

    def answer(request: httpx.Request) -> httpx.Response:
        before = int(request.url.params["lines_before"])
        try:
            lines = parse_csv(request.content, Thing, lines_before=before)
            bad = [f"line {n}: name: bad" for n, line in lines if line.name == "bad"]
            if bad:
                return httpx.Response(422, json={"detail": f"First: {bad[0]}."})
        except Problem as problem:
            return httpx.Response(422, json={"detail": problem.detail})
        new = [line.name for _, line in lines if line.name not in sent]
        sent.extend(new)
        return httpx.Response(200, json={"opened": len(new), "existing": len(lines) - len(new)})

    return httpx.Client(transport=httpx.MockTransport(answer), base_url="http://service")


def file_of(*names: str) -> io.BytesIO:
    return io.BytesIO("\n".join(["name", *names]).encode())


def test_what_is_refused_is_named_and_the_rest_stays_whole() -> None:
    sent: list[str] = []
    names = [f"n{number}" for number in range(40)]
    names[24] = "bad"
    with pytest.raises(ImportStopped) as refused:
        import_csv(service(sent), "/v1/things", file_of(*names), portion_lines=10)
    message = str(refused.value)
    assert message.startswith("lines 22 to 31: 422: First: line 26: name: bad.")
    # What was under way is waited for, and nothing is half done.
    assert len(sent) in (20, 30)
    assert (
        f"Imported are {len(sent) // 10} other portions, each whole: {len(sent)} opened" in message
    )
    assert "\n" not in message
    names[24] = "good"
    counted = import_csv(service(sent), "/v1/things", file_of(*names), portion_lines=10)
    assert counted["opened"] + counted["existing"] == 40
    assert len(sent) == len(set(sent)) == 40


@pytest.mark.parametrize("text", [b"", b"name", b"name\n"])
def test_a_file_without_lines_is_for_the_service_to_refuse(text: bytes) -> None:
    with pytest.raises(ImportStopped, match="no lines after its header"):
        import_csv(service([]), "/v1/things", io.BytesIO(text))


def test_a_quote_that_does_not_end_is_named_before_it_fills_the_memory() -> None:
    lines = [b"name\n", b"a\n", b'"b\n', *([b"x" * 2**20] * 9)]
    with pytest.raises(ImportStopped, match="line 3: a quoted field does not end"):
        import_csv(service([]), "/v1/things", lines)
