"""Permissions are named and explained."""

import re

from plaudit.vocabulary.permissions import PERMISSIONS, PERMISSIONS_ZH


def test_names_are_words_with_dots_in_order() -> None:
    assert list(PERMISSIONS) == sorted(PERMISSIONS)
    assert all(re.fullmatch(r"[a-z]+(\.[a-z]+)?", name) for name in PERMISSIONS)


def test_each_has_its_own_sentence_in_both_languages() -> None:
    assert PERMISSIONS.keys() == PERMISSIONS_ZH.keys()
    for sentences, stop in ((PERMISSIONS, "."), (PERMISSIONS_ZH, "。")):
        assert len(set(sentences.values())) == len(sentences)
        assert all(sentence.endswith(stop) for sentence in sentences.values())
