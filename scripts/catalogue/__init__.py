"""Every message of the code that says what went wrong, for docs/messages.md."""
