"""Texts without what nobody else is to read: passwords and tokens in URLs."""

from __future__ import annotations

_HIDDEN = "***"
_WORDS = "auth|credential|key|pass|pwd|secret|session|sig|streamid|token"
_NAMES = "code|jwt|sas|sid"  # alone: longer ones are something else


def discreet(text: str) -> str:
    """Return a text in which URLs do not tell who the user is, nor what looks like a token in a
    query or a fragment.
    """
    if "://" not in text:
        return text
    import re  # here, for it costs an import that paths do not need

    def user(match: re.Match[str]) -> str:
        name, colon, _ = match[2].partition(":")
        return f"{match[1]}{name if colon else ''}{colon and ':'}{_HIDDEN}@"

    text = re.sub(r"([a-zA-Z][\w+.-]*://)([^\s/?#]*)@", user, text)
    word = rf"[^\s=&#?]*(?:{_WORDS})[^\s=&#]*|{_NAMES}"
    # A colon at the end is the sentence's.
    value = r"(=['\"]?)[^\s&#'\"]*[^\s&#'\":]"
    return re.sub(rf"([?&;#](?:{word})){value}", rf"\1\2{_HIDDEN}", text, flags=re.IGNORECASE)
