"""Write the JSON schemas and the AsyncAPI document, or check that they are as committed.

``python -m prewatt_common.contracts.generate [--check]``. A reader ignores fields it does not
know, so a new optional field is safe; a removed or retyped one needs a new version of the event.
"""

import inspect
import sys
from pathlib import Path
from typing import Any

import msgspec

from prewatt_common.contracts import mqtt_v1, procedure_v1
from prewatt_common.contracts.base import Event
from prewatt_common.contracts.supply_policy_v1 import SupplyPolicy
from prewatt_common.contracts.topics import TOPICS, Topic

OUTPUT = Path(__file__).parents[5] / "docs" / "contracts"
_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_MQTT = {
    "reading": mqtt_v1.MqttReading,
    "profile": mqtt_v1.MqttProfile,
    "event": mqtt_v1.MqttEvent,
    "status": mqtt_v1.MqttStatus,
    "response": mqtt_v1.MqttResponse,
    "command": mqtt_v1.CommandClaims,
    "key": mqtt_v1.KeyClaims,
}
_DOCUMENTS = {"procedure": procedure_v1.Procedure, "supply-policy": SupplyPolicy}
"""What people write, and events carry as text."""


def schema_of(struct: type[msgspec.Struct]) -> dict[str, Any]:
    """The JSON schema of a struct and of what it is made of, docstrings as descriptions."""
    (reference,), components = msgspec.json.schema_components([struct])
    for component in components.values():
        if "description" in component:
            # Python 3.13 and later strip a docstring's indentation, earlier ones keep it.
            component["description"] = inspect.cleandoc(component["description"])
    return {"$schema": _DRAFT, **reference, "$defs": components}


def _message(event: type[Event]) -> dict[str, Any]:
    return {
        "name": event.ce_type,
        "title": event.__name__,
        "summary": (event.__doc__ or "").strip().splitlines()[0],
        "contentType": "application/json",
        "headers": {
            "type": "object",
            "properties": {
                name: {"type": "string"}
                for name in ("ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time")
            },
        },
        "payload": {"$ref": f"./{event.ce_type}.json"},
    }


def _asyncapi() -> dict[str, Any]:
    def channel(topic: Topic) -> dict[str, Any]:
        return {
            "address": topic.name,
            "description": f"Key: {topic.key}. CloudEvents 1.0, binary mode.",
            "messages": {event.__name__: _message(event) for event in topic.events},
        }

    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Prewatt events", "version": "1"},
        "channels": {topic.name.replace(".", "-"): channel(topic) for topic in TOPICS},
    }


def documents() -> dict[str, bytes]:
    """File name to content, of everything generated."""
    made: dict[str, Any] = {
        f"{event.ce_type}.json": schema_of(event) for topic in TOPICS for event in topic.events
    }
    made |= {f"mqtt.{name}.v1.json": schema_of(struct) for name, struct in _MQTT.items()}
    made |= {f"{name}.v1.json": schema_of(struct) for name, struct in _DOCUMENTS.items()}
    made["asyncapi.json"] = _asyncapi()
    return {
        name: msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n"
        for name, content in made.items()
    }


def main() -> None:
    """Command line."""
    made = documents()
    if sys.argv[1:] == ["--check"]:
        kept = {path.name: path.read_bytes() for path in OUTPUT.glob("*.json")}
        differing = sorted(name for name in made | kept if made.get(name) != kept.get(name))
        if differing:
            sys.exit(
                f"contracts differ from docs/contracts: {', '.join(differing)}. If no reader "
                "breaks, run `make schemas` and commit; else add a new version of the event."
            )
        return
    OUTPUT.mkdir(parents=True, exist_ok=True)
    for path in OUTPUT.glob("*.json"):
        path.unlink()
    for name, content in made.items():
        (OUTPUT / name).write_bytes(content)


if __name__ == "__main__":
    main()
