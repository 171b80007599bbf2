"""Discord, by its HTTP API (https://docs.discord.com/developers/reference): channels of servers that a bot is in."""
