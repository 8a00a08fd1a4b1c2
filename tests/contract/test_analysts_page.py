"""The page for analysts finds its own questions: its tests run the queries (end_to_end/test_analysts.py)."""

import re

from end_to_end.analysts_page import PAGE, examples


def test_every_question_is_in_the_table_with_the_tables_that_its_query_reads() -> None:
    page = PAGE.read_text(encoding="utf-8")
    listed = re.findall(r"^\| [^|]*\| \[(.+)\]\(#(.+)\) \| (.+) \|$", page, flags=re.MULTILINE)
    answered: dict[str, list[str]] = {}
    for example in examples():
        if f"\n### {example.question}\n" in page:
            answered.setdefault(example.question, []).extend(
                re.findall(r"(?:from|join) (?:marts|core)\.(\w+)", example.sql)
            )
    assert len(answered) > 60
    assert {question: re.findall(r"`(\w+)`", tables) for question, _, tables in listed} == answered
    # As GitHub makes anchors of headings.
    made = {question: re.sub(r"[^\w\- ]", "", question.lower()).replace(" ", "-") for question in answered}
    assert {question: anchor for question, anchor, _ in listed} == made
