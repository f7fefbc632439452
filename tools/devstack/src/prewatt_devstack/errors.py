"""What can go wrong with a local stack; the message is one line for people."""


class StackError(Exception):
    """Something of the stack is missing or does not come up. Says what and where to look."""
