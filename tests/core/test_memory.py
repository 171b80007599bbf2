"""While modules are loaded nothing is searched for garbage, and afterwards it is as it was."""

import gc

import pytest

from rapport.core import memory


def test_the_search_for_garbage_rests_while_loading_and_goes_on_afterwards() -> None:
    assert gc.isenabled()
    with memory.loading():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_it_goes_on_after_what_cannot_be_loaded_too_and_stays_off_where_it_was_off() -> None:
    with pytest.raises(ImportError), memory.loading():
        raise ImportError
    assert gc.isenabled()
    gc.disable()
    try:
        with memory.loading():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
