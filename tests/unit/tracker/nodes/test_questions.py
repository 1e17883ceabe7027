"""Questions about codes that this node has not heard of yet."""

import asyncio
import threading

from tests.support.waiting import until
from tests.support.waiting_in_loop import until as until_in_loop
from tracker.nodes.questions import MOST_A_SECOND, Questions


class Elsewhere:
    """What other nodes know; `asked` are the codes that were asked for, `learned` what was told of."""

    def __init__(self, **known: str) -> None:
        self.known = known
        self.asked: list[str] = []
        self.learned: dict[str, str] = {}
        self.silent = threading.Event()
        self.silent.set()

    def token(self, code: str) -> str:
        """Return the token of a code, if any, once we are not silent any more."""
        self.asked.append(code)
        self.silent.wait()
        return self.known.get(code, "")

    def questions(self) -> Questions:
        """Return what asks us."""
        return Questions(self.token, lambda code, token: self.learned.update({code: token}))


async def answered(questions: Questions, *codes: str) -> list[str | None]:
    """Return the answers to questions that are asked at once."""
    loop = asyncio.get_running_loop()
    answers = [loop.create_future() for _ in codes]
    for code, answer in zip(codes, answers, strict=True):
        questions(code, answer.set_result)
    return await asyncio.gather(*answers)


async def test_a_code_of_another_node_is_found_and_learned() -> None:
    """So that nobody has to ask again."""
    there = Elsewhere(abc="AQ-token")
    assert await answered(there.questions(), "abc") == ["AQ-token"]
    assert there.learned == {"abc": "AQ-token"}


async def test_readers_of_one_code_ask_once() -> None:
    """However many they are."""
    there = Elsewhere(abc="AQ-token")
    assert await answered(there.questions(), *["abc"] * 50) == ["AQ-token"] * 50
    assert there.asked == ["abc"]


async def test_a_code_that_nobody_has_is_not_asked_for_again() -> None:
    """For a moment."""
    there = Elsewhere()
    questions = there.questions()
    for _ in range(3):
        assert await answered(questions, "abc") == [""]
    assert there.asked == ["abc"]


async def test_who_guesses_has_few_questions_asked() -> None:
    """All others are answered at once: nobody can tell."""
    there = Elsewhere()
    guesses = [f"a{number}" for number in range(10 * MOST_A_SECOND)]
    told = await answered(there.questions(), *guesses)
    assert (set(told), len(there.asked)) == ({"", None}, told.count(""))
    assert len(there.asked) <= MOST_A_SECOND


async def test_a_reader_does_not_wait_for_a_database_that_is_silent() -> None:
    """But what it says in the end is learned."""
    there = Elsewhere(abc="AQ-token")
    there.silent.clear()
    questions = there.questions()
    assert await answered(questions, "abc") == [None]
    there.silent.set()
    await asyncio.to_thread(until, lambda: there.learned)
    questions.close()


async def test_a_code_that_nobody_has_is_known_to_be_none_once_that_was_told() -> None:
    """Also where that came too late for whoever asked first."""
    there = Elsewhere()
    there.silent.clear()
    questions = there.questions()
    assert await answered(questions, "abc") == [None]
    there.silent.set()
    await until_in_loop(lambda: questions._missed["abc"][1] == "")
    assert await answered(questions, "abc") == [""]
    questions.close()


async def test_whatever_goes_wrong_the_reader_is_answered() -> None:
    """Nobody could tell; and nobody is asked again at once."""
    asked = []

    def fail(code: str) -> str:
        asked.append(code)
        raise RuntimeError

    questions = Questions(fail, lambda _code, _token: None)
    assert [await answered(questions, "abc") for _ in range(3)] == [[None]] * 3
    assert asked == ["abc"]


async def test_a_database_that_is_silent_is_asked_nothing_more() -> None:
    """However long that lasts, few questions wait for it."""
    there = Elsewhere()
    there.silent.clear()
    questions = there.questions()
    for second in range(3):
        questions._asked_s.clear()
        await answered(questions, *(f"{second}x{number}" for number in range(MOST_A_SECOND)))
    there.silent.set()
    questions.close()
    await asyncio.to_thread(until, lambda: not questions._queue.qsize())
    assert len(there.asked) <= MOST_A_SECOND + 1
