"""When to try again. Pure.

The first retry comes after about half a minute, each next one after twice as long, never more than four
hours apart; after two days of trying it is given up, as mail servers do.
"""

from datetime import timedelta

FIRST = timedelta(seconds=30)
LONGEST = timedelta(hours=4)
GIVE_UP_ATTEMPTS = 20


def pause(attempts: int, chance: float) -> timedelta | None:
    """How long to wait after the `attempts`th failed attempt (from 1), or None to give up.

    `chance` (0 to 1) spreads retries over a quarter to either side, so that a thousand do not come back at
    once.
    """
    if attempts >= GIVE_UP_ATTEMPTS:
        return None
    plain = min(FIRST * 2 ** min(attempts - 1, 20), LONGEST)
    spread: timedelta = plain * (0.75 + chance / 2)
    return spread


def reconnect_seconds(failures: int, chance: float) -> float:
    """How long to wait before the next connection after `failures` (from 1) in a row: 1 s doubling to five
    minutes.
    """
    return float(min(2.0 ** min(failures - 1, 20), 300.0) * (0.75 + chance / 2))
