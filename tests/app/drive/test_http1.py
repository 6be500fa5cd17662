"""Answers are parsed right however their bytes are cut."""

import pytest

from plaudit.app.drive.http1 import Answer, AnswerParser, MalformedAnswerError

WITH_LENGTH = (
    b"HTTP/1.1 201 Created\r\nContent-Type: a/b\r\ncontent-length:  5\r\nRetry-After: 3\r\n\r\nhello"
)
CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"3\r\nhel\r\n2;name=value\r\nlo\r\n0\r\nTrailer: x\r\n\r\n"
)


@pytest.mark.parametrize("whole", [WITH_LENGTH, CHUNKED], ids=["length", "chunked"])
@pytest.mark.parametrize("step_bytes", [1, 2, 3, 7, 1000])
def test_body_is_whole_however_it_is_cut(whole: bytes, step_bytes: int) -> None:
    parser = AnswerParser()
    for _ in range(2):
        answers = [parser.feed(whole[at : at + step_bytes]) for at in range(0, len(whole), step_bytes)]
        assert answers[:-1] == [None] * (len(answers) - 1)
        last = answers[-1]
        assert isinstance(last, Answer)
        assert (last.body, last.keep_alive) == (b"hello", True)


def test_headers_are_found_without_regard_to_case() -> None:
    answer = AnswerParser().feed(WITH_LENGTH)
    assert answer is not None
    assert answer.header(name="retry-AFTER") == "3"
    assert answer.header(name="etag") is None


def test_interim_answers_are_skipped() -> None:
    answer = AnswerParser().feed(
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nA: b\r\n\r\n" + WITH_LENGTH
    )
    assert answer is not None
    assert answer.status == 201


@pytest.mark.parametrize("status", [204, 304])
def test_statuses_without_a_body(status: int) -> None:
    answer = AnswerParser().feed(b"HTTP/1.1 %d x\r\n\r\n" % status)
    assert answer is not None
    assert answer.body == b""


def test_body_until_the_end_of_the_connection() -> None:
    parser = AnswerParser()
    assert parser.feed(b"HTTP/1.0 200 OK\r\n\r\nhel") is None
    assert parser.feed(b"lo") is None
    answer = parser.end()
    assert answer is not None
    assert (answer.body, answer.keep_alive) == (b"hello", False)


@pytest.mark.parametrize("cut", [WITH_LENGTH[:-1], CHUNKED[:-1], WITH_LENGTH[:20], b""])
def test_an_answer_cut_off_is_none(cut: bytes) -> None:
    parser = AnswerParser()
    parser.feed(cut)
    assert parser.end() is None


@pytest.mark.parametrize(
    ("head", "keep_alive"),
    [
        (b"HTTP/1.1 204 x\r\nConnection: close", False),
        (b"HTTP/1.1 204 x\r\nconnection: Keep-Alive", True),
        (b"HTTP/1.0 204 x\r\nConnection: keep-alive", True),
        (b"HTTP/1.0 204 x", False),
    ],
)
def test_keep_alive(head: bytes, *, keep_alive: bool) -> None:
    answer = AnswerParser().feed(head + b"\r\n\r\n")
    assert answer is not None
    assert answer.keep_alive is keep_alive


@pytest.mark.parametrize(
    "nonsense",
    [
        b"SSH-2.0-server\r\n\r\n",
        b"HTTP/1.1 20 x\r\n\r\n",
        b"HTTP/1.1 101 Switching\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n",
        WITH_LENGTH + b"more",
        b"A" * 70_000,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1" * 5_000,
    ],
)
def test_what_is_no_answer_is_named(nonsense: bytes) -> None:
    with pytest.raises(MalformedAnswerError):
        AnswerParser().feed(nonsense)
