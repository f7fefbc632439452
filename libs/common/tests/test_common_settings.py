"""What every service needs to know."""

import pytest
from pydantic import ValidationError

from prewatt_common.settings import ServiceSettings


def settings(**changed: object) -> ServiceSettings:
    given = {"database_url": "d", "http_port": 1, "auth_public_key": "k"}
    return ServiceSettings.model_validate(given | changed)


def test_the_outbox_alone_never_holds_all_connections_to_the_database():
    assert settings(database_pool_size=3).database_pool_size == 3
    with pytest.raises(ValidationError, match="database_pool_size"):
        settings(database_pool_size=2)
