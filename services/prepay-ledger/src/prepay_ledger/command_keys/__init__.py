"""The keys that commands are signed with, and which of them each meter holds."""
