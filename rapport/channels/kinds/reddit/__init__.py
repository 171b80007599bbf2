"""Reddit, by its Data API (https://www.reddit.com/dev/api): the inbox of an account, and searches for posts."""
