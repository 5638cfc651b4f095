"""An amount in words as a person writes it, from the words a library counts."""

import re

# after these words "cent" and "vingt" keep their s
_NOUNS = ("million", "millions", "milliard", "milliards", "euro", "euros")
_CENTS = re.compile(r"\bcents (?=(\w+))")
_EIGHTY = re.compile(r"\bquatre-vingt(?=\s+(?:euro|centime|million|milliard)|$)")
_AND = {"fr": "et", "nl": "en", "en": "and", "de": "und"}


def agree(words: str) -> str:
    """French numerals: "deux cent septante", "quatre-vingts euros"."""
    words = _CENTS.sub(lambda match: match[0] if match[1] in _NOUNS else "cent ", words)
    return _EIGHTY.sub("quatre-vingts", words)


def join(whole: str, part: str, *, has_whole: bool, has_part: bool, lang: str) -> str:
    """One sentence of whole units and hundredths; what is zero is not said.

    :param whole: words of the units, with their currency
    :param part: words of the hundredths, with theirs
    :param lang: ISO code of the language, such as fr_BE
    """
    conjunction = _AND.get(lang[:2], "")
    chosen = [
        words.strip() for words, said in ((whole, has_whole), (part, has_part)) if said
    ]
    if not chosen:
        chosen = [whole.strip()]
    text = (f" {conjunction} " if conjunction else ", ").join(chosen)
    if lang[:2] == "fr":
        text = agree(text)
    return text[:1].upper() + text[1:]
