#!/usr/bin/env python3
"""Ends with 0 when the service at the address serves HTTP and has begun to consume, or has had a
minute to: while Kafka is away HTTP alone is health enough. The image has no curl."""

import sys
import urllib.request

for path in ("/readyz", "/readyz/consume?within_s=60"):
    with urllib.request.urlopen(sys.argv[1] + path, timeout=4):  # noqa: S310 - the address is ours
        pass
