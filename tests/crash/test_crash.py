"""Killed at any moment, nothing is lost, nothing is there twice, and no answer goes out twice.

CRASH_ROUNDS says how many times processes are killed (10 by default; the full test does 200).
"""

import os
import random
import signal
import time
from pathlib import Path

import pytest

from tests.crash.stage import PATIENCE_S, Postman, Stage, World, kill, migrate, stage, wait_until

ROUNDS = int(os.environ.get("CRASH_ROUNDS", "10"))
SEED = int(os.environ.get("CRASH_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose database is of this version, to copy."""
    home = tmp_path_factory.mktemp("migrated")
    home.chmod(0o711)
    migrate(home)
    return home


def test_workers_and_answerers_killed_at_random_moments_lose_and_double_nothing(tmp_path: Path, migrated: Path) -> None:
    chance = random.Random(SEED)
    with stage(tmp_path, migrated) as (here, world):
        postman = Postman(here.listener)
        postman.start()
        for _ in range(ROUNDS):
            worker, answerer = here.worker(), here.answerer()
            wait_until(here.listening, "the worker to listen")
            wait_for_letters(postman, 1)
            time.sleep(chance.uniform(0, 0.6))
            if chance.random() < 0.7:
                here.hurry()
                time.sleep(chance.uniform(0, 0.4))
            for process in chance.sample([worker, answerer], 2):
                kill(process)
                time.sleep(chance.uniform(0, 0.05))
            here.lapse()
        finish(here, postman)
        check(here, world, postman)


def test_when_the_database_is_killed_and_comes_back_everything_goes_on_by_itself(
    tmp_path: Path, migrated: Path
) -> None:
    with stage(tmp_path, migrated) as (here, world):
        worker, answerer = here.worker(), here.answerer()
        postman = Postman(here.listener)
        postman.start()
        try:
            for _ in range(3):
                wait_for_letters(postman, 10)
                here.hurry()
                assert here.postgres.pid is not None
                os.kill(here.postgres.pid, signal.SIGKILL)
                time.sleep(0.5)
                assert here.postgres.start() == here.url
            wait_until(lambda: answered(here) and worker.poll() is None, "answers to go out")
            assert (worker.poll(), answerer.poll()) == (None, None)
        finally:
            kill(worker)
            kill(answerer)
        finish(here, postman)
        check(here, world, postman)


def wait_for_letters(postman: Postman, more: int) -> None:
    """Wait until so many more letters were taken."""
    enough = len(postman.delivered) + more
    wait_until(lambda: len(postman.delivered) >= enough, "letters to be taken")


def answered(here: Stage) -> bool:
    here.hurry()
    return bool(here.one("SELECT count(*) > 5 FROM outbound_delivery WHERE state = 'sent'"))


def finish(here: Stage, postman: Postman) -> None:
    """One worker that nobody kills finishes everything."""
    here.lapse()
    worker = here.worker()
    try:
        postman.enough.set()
        postman.join(PATIENCE_S)
        assert not postman.is_alive()
        wait_until(
            lambda: not here.one("SELECT count(*) FROM inbound_rawitem WHERE state = 'received'"), "the pipeline"
        )

        def sent() -> bool:
            here.hurry()
            return not here.one("SELECT count(*) FROM outbound_delivery WHERE state IN ('queued', 'retry', 'sending')")

        wait_until(sent, "the outbox")
    finally:
        kill(worker)


def check(here: Stage, world: World, postman: Postman) -> None:
    """Every promise, against what was really delivered and really sent."""
    why = f"CRASH_SEED={SEED}\n{here.log()}"
    stored = [
        row[0].strip("<>") for row in here.ask("SELECT message_id FROM conversations_message WHERE direction = 'in'")
    ]
    assert sorted(stored) == sorted(postman.delivered), why
    assert here.ask("SELECT DISTINCT state FROM inbound_rawitem WHERE state <> 'duplicate'") == [("stored",)], why

    # Threads of three letters each, however they were cut into batches.
    threads = here.ask("SELECT count(*) FROM conversations_message WHERE direction = 'in' GROUP BY conversation_id")
    assert sorted(n for (n,) in threads)[1:] == [3] * (len(threads) - 1), why
    assert not here.ask(
        """SELECT c.id FROM conversations_conversation c WHERE merged_into IS NULL AND message_count <>
        (SELECT count(*) FROM conversations_message m WHERE m.conversation_id = c.id)"""
    ), why

    # An answer is written together with the decision to send it.
    outgoing = "SELECT count(*) FROM conversations_message WHERE direction = 'out'"
    assert here.one(outgoing) == here.one("SELECT count(*) FROM outbound_delivery"), why
    states = {id.strip("<>"): state for id, state in here.ask("SELECT external_id, state FROM outbound_delivery")}
    assert states, "nothing was answered"
    assert set(states.values()) <= {"sent", "uncertain"}, why
    assert max(world.got.values()) == 1, why
    assert {id for id, state in states.items() if state == "sent"} <= world.got.keys() <= states.keys(), why
