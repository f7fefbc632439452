"""The local stack: containers where an engine and the images are there, else native processes."""

from prewatt_devstack.endpoints import Endpoints
from prewatt_devstack.errors import StackError
from prewatt_devstack.stack import Stack

__all__ = ["Endpoints", "Stack", "StackError"]
