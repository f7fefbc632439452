"""Messages to chats and apps, by whatever service Apprise knows."""
