#!/usr/bin/env python3
"""Ends with 0 when the address answers 2xx: the image has no curl."""

import sys
import urllib.request

with urllib.request.urlopen(sys.argv[1], timeout=4):  # noqa: S310 - the address is ours
    pass
