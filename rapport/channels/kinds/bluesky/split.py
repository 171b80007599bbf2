"""A text in posts of at most 300 characters as people see them and 3,000 bytes (app.bsky.feed.post)."""

from rapport.channels.kinds.bluesky.richtext import clusters

GRAPHEMES_MAX = 300
BYTES_MAX = 3_000


def split(text: str, ending: str = "") -> list[str]:
    """The text in order, cut where a paragraph, a sentence or at least a word ends; `ending` closes the last post.

    Nothing is lost but the white space at the cuts.
    """
    parts = _cut(text.strip(), GRAPHEMES_MAX, BYTES_MAX)
    if ending and not fits(parts[-1] + ending):
        last = parts.pop()
        parts += _cut(last, GRAPHEMES_MAX - len(clusters(ending)) - 1, BYTES_MAX - len(ending.encode()))
    parts[-1] = (parts[-1] + ending).strip()
    return parts


def fits(text: str) -> bool:
    """Whether a text goes into one post."""
    return len(text.encode()) <= BYTES_MAX and len(clusters(text)) <= GRAPHEMES_MAX


def _cut(text: str, graphemes: int, size: int) -> list[str]:
    left = clusters(text)
    parts: list[str] = []
    while True:
        room = _room(left, graphemes, size)
        if room == len(left):
            return [*parts, "".join(left)]
        end = _best_end(left, room)
        parts.append("".join(left[:end]).rstrip())
        while end < len(left) and left[end].isspace():
            end += 1
        left = left[end:]


def _room(left: list[str], graphemes: int, size: int) -> int:
    """How many characters fit, at least one: a character of more than 3,000 bytes is left for the service to refuse."""
    used = 0
    for number, cluster in enumerate(left[:graphemes]):
        used += len(cluster.encode())
        if used > size:
            return max(number, 1)
    return min(len(left), graphemes)


def _best_end(left: list[str], room: int) -> int:
    """Where to cut: after a line in the second half, else after a sentence there, else after a word, else anywhere."""
    spaces = [at for at in range(min(room, len(left) - 1), 0, -1) if left[at].isspace()]
    late = [at for at in spaces if at > room // 2]
    for at in late:
        if "\n" in left[at]:
            return at
    for at in late:
        if left[at - 1] in ".!?。！？…":
            return at
    return spaces[0] if spaces else room
