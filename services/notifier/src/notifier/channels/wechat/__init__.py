"""Template messages of a WeChat official account (公众号模板消息)."""
