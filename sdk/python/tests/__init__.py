"""The SDK against a host in memory."""
