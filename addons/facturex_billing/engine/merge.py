"""Merge fields of a user's text: `{customer}` and nothing else is replaced.

A text is data. It is never compiled nor evaluated: what is no known field in braces
stays what it is, and values are put in as they are, in one pass, so that a customer
named `{iban}` or `{{ 7*7 }}` stays that name.
"""

import re
from collections.abc import Collection, Mapping
from html import escape

FIELD = re.compile(r"\{([a-z_]{1,40})\}")
BREAKS = re.compile(r"[\x00-\x1f\x7f\u0085\u2028\u2029]+")


def used(text: str) -> frozenset[str]:
    """The names between single braces."""
    return frozenset(FIELD.findall(text or ""))


def problems(text: str, known: Collection[str]) -> tuple[str, ...]:
    """Unknown fields and stray braces, as written; empty: the text may be saved."""
    found = [f"{{{name}}}" for name in FIELD.findall(text or "") if name not in known]
    rest = FIELD.sub("", text or "")
    found += re.findall(r"[{}]{1,3}[^\s{}]{0,20}", rest)
    return tuple(dict.fromkeys(found))


def merge(text: str, values: Mapping[str, str]) -> str:
    """Plain text; an unknown field stays as it is written."""
    return FIELD.sub(lambda m: str(values.get(m[1], m[0])), text or "")


def merge_line(text: str, values: Mapping[str, str]) -> str:
    """One line, for a subject: no line break can become a header of a mail."""
    return BREAKS.sub(" ", merge(text, values)).strip()


def merge_html(text: str, values: Mapping[str, str]) -> str:
    """Paragraphs, everything escaped: no tag of a text or a value survives."""
    paragraphs = re.split(r"\n\s*\n", merge(text, values).strip())
    return "".join(
        "<p>" + "<br/>".join(escape(line) for line in part.splitlines()) + "</p>"
        for part in paragraphs
        if part.strip()
    )
