"""Which formats may be opened from which source, and what they may open: the rules of
docs/security.md.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from ..._later import pattern
from ..._spec.discreet import discreet
from ..._spec.files import playlist_text
from ...errors import NotSupportedError
from . import scripts
from .opening import Opening
from .rules import Beside, Network, Rule, host_of
from .source import InputFile
from .stream import location, open_stream, probe, read_text

if TYPE_CHECKING:
    from ..._ffi._types import AVInputFormat, AVIOContext

_NOTHING = "none"  # the name of no protocol
_LOCAL = "file,crypto"
_NETWORK = "http,https,tls,tcp,httpproxy,crypto"
_SESSION = f"{_NETWORK},rtp,rtcp,srtp,udp,rtsp,rtsps,sdp"
_SCHEME = pattern(r"[A-Za-z0-9+.-]+[:,]")
_LOCAL_ONLY = "file,pipe,fd,concat,concatf,subfile,cache,async,data"
_HTTP = pattern("https?://", re.IGNORECASE)
_WEB = pattern(r"(hls[+:])?https?://", re.IGNORECASE)
_ADVICE = "see docs/security.md"
_MOST_ENTRIES = 20000


class Permit:
    """What an input is opened with.

    Attributes
    ----------
    options : dict of str to str
        Of the AVFormatContext and the format, but for those that the program gives.
    rule : Rule or None
        What a playlist may open.
    """

    __slots__ = ("options", "rule")

    def __init__(self, options: dict[str, str], rule: Rule | None = None) -> None:
        self.options = options
        self.rule = rule


def for_stream(source: InputFile, opening: Opening) -> dict[str, str]:
    """Return options for opening the stream itself: what answers at a URL sends nobody to a file.

    The one protocol that reads playlists by itself, ``hls+http`` of old releases, would.
    """
    if "protocol_whitelist" in opening.options or "protocol_blacklist" in opening.options:
        return {}
    return {"protocol_blacklist": _LOCAL_ONLY} if _WEB.match(source.name) else {}


def for_content(
    format: AVInputFormat, pb: AVIOContext, source: InputFile, opening: Opening
) -> Permit:
    """Return what a stream of this format is opened with; it stays to be read.

    Raises
    ------
    NotSupportedError
        It is refused.
    """
    script = scripts.script(format)
    if script is None:
        return Permit(_but_given({"protocol_whitelist": _NOTHING}, opening))
    if not source.by_name:
        raise _refusal(source, script, "bytes and file objects may not; give a path or a URL")
    local = _path_of(source.name)
    widened = "protocol_whitelist" in opening.options
    streams = script in (scripts.HLS, scripts.DASH) and _HTTP.match(source.name) is not None
    if local is None and not streams and not widened:
        raise _refusal(source, script, "from a URL only HLS and DASH may, by http or https")
    _require_permission(script, source, opening, streams)
    if script not in scripts.PLAYLISTS:
        if widened:
            return Permit({})
        raise _refusal(
            source, script, "name the protocols: options={'protocol_whitelist': 'file,...'}"
        )
    try:
        permit = _for_playlist(script, format, pb, source, opening)
    except NotSupportedError as error:
        raise refused(source, str(error)) from None
    return Permit(_but_given(permit.options, opening), permit.rule)


def for_name(format: AVInputFormat, source: InputFile, opening: Opening) -> dict[str, str]:
    """Return options for a format that opens the name itself: pictures, protocols such as RTSP.

    Raises
    ------
    NotSupportedError
        It is refused.
    """
    name = scripts.names(format)
    if not source.by_name:
        raise _refusal(source, name, "bytes and file objects may not; give a path or a URL")
    options = {"protocol_whitelist": _LOCAL if _path_of(source.name) else _SESSION}
    if name == scripts.IMAGES and "pattern_type" not in opening.options:
        allowed = opening.playlists is True or opening.format is not None
        if os.path.exists(source.name) or "%" not in source.name:
            # A picture of this very name: not a pattern for the names of many.
            options["pattern_type"] = "none"
        elif not allowed:
            raise _refusal(source, name, "a pattern needs format='image2'")
    return _but_given(options, opening)


def _require_permission(script: str, source: InputFile, opening: Opening, streams: bool) -> None:
    named = opening.format is not None and script in opening.format.split(",")
    if opening.playlists is False:
        raise _refusal(source, script, "playlists=False")
    if not (opening.playlists is True or named or streams):
        way = f"playlists=True or format={script!r} (--playlists yes on the command line)"
        raise _refusal(source, script, f"allow it with {way}")


def _for_playlist(
    script: str, format: AVInputFormat, pb: AVIOContext, source: InputFile, opening: Opening
) -> Permit:
    local = _path_of(source.name)
    rule = _rule(script, pb, source, opening, local)
    options = {
        "format_whitelist": f"{scripts.content()},{scripts.names(format)}",
        "protocol_whitelist": _NETWORK if local is None else _LOCAL,
    }
    if script == scripts.HLS:
        rule.check_list(read_text(pb), nested=False)
        # Else it goes on asking over an open connection, and nobody is asked.
        options.update(http_persistent="0", http_multiple="0")
    elif script == scripts.CONCAT:
        _check_concat(read_text(pb), rule, source.name if local is None else local)
        return Permit(options)
    else:
        _check_manifest(read_text(pb), rule)
    return Permit(options, rule)


def _rule(
    script: str, pb: AVIOContext, source: InputFile, opening: Opening, local: str | None
) -> Rule:
    if "protocol_whitelist" in opening.options:
        return Rule()
    if local is not None:
        return Beside(local)
    same = opening.playlists == "same-host"
    if script == scripts.DASH and same:
        from . import dash

        if not dash.asks():
            raise NotSupportedError("this FFmpeg's DASH cannot be kept to a host; 7.1 can")
    return Network(host_of(location(pb) or source.name) if same else None)


def _check_manifest(text: bytes, rule: Rule) -> None:
    """Check the names in a DASH manifest, as far as FFmpeg does not ask before it opens them."""
    local = isinstance(rule, Beside)
    if not local and not isinstance(rule, Network):
        return
    if fault := playlist_text.dash_fault(text, web=not local):
        what = "a file beside it or below" if local else "relative, http or https"
        raise NotSupportedError(f"{fault} is not {what}")
    from . import dash

    if isinstance(rule, Beside):
        if not dash.asks():
            _check_links(rule)
    elif not dash.heeds_protocols() and playlist_text.dash_is_live(text):
        raise NotSupportedError(
            "this FFmpeg opens whatever a live DASH manifest names later; 7.1 does not"
        )


def _check_links(rule: Beside) -> None:
    """Raise NotSupportedError if a link in the folder leads out: where FFmpeg does not ask for each
    file, none may.
    """
    count = 0
    for folder, folders, files in os.walk(rule.folder):
        for name in (*folders, *files):
            count += 1
            if count > _MOST_ENTRIES:
                raise NotSupportedError("its folder has too many files to look at all of them")
            path = os.path.join(folder, name)
            if os.path.islink(path):
                rule.check(os.path.realpath(path), name)


def _check_concat(text: bytes, rule: Rule, path: str) -> None:
    """Check the files of a concat script, for the demuxer does not ask.

    Names as its ``safe=1`` has them; none is a script itself, which would let a script name itself.
    """
    for name in playlist_text.concat_files(text):
        if not name:
            raise NotSupportedError("it sets options")
        if not playlist_text.is_absolute(name):
            url = f"file:{os.path.join(os.path.dirname(os.path.abspath(path)), name)}"
        else:
            url = f"file:{name}" if name.startswith("/") else name
        if isinstance(rule, Beside):
            if playlist_text.is_absolute(name) or playlist_text.leaves(name):
                raise NotSupportedError(f"{discreet(name)!r} is not a file beside it or below")
            rule.check(os.path.realpath(url[5:]), name)
            if os.path.exists(url[5:]) and not os.path.isfile(url[5:]):
                raise NotSupportedError(f"{discreet(name)!r} is no regular file")
        file, code = open_stream(os.fsencode(url))
        found = probe(file[0], os.fsencode(url))[0] if code >= 0 else None
        if found is not None and scripts.script(found):
            raise NotSupportedError(
                f"{discreet(name)!r} is a playlist itself ({scripts.names(found)})"
            )


def _but_given(options: dict[str, str], opening: Opening) -> dict[str, str]:
    """Return the options but for those that the program gives."""
    return {key: value for key, value in options.items() if key not in opening.options}


def _path_of(name: str) -> str | None:
    """Return the path of a local file, None for any other URL."""
    if "://" not in name or (scheme := _SCHEME.match(name)) is None:
        return name
    return name[5:] if scheme[0] == "file:" else None


def refused(source: InputFile, why: str) -> NotSupportedError:
    """Return the error for a playlist that names what it may not."""
    return NotSupportedError(f"the playlist {source.shown} is refused: {why}; {_ADVICE}")


def _refusal(source: InputFile, script: str, why: str) -> NotSupportedError:
    return NotSupportedError(
        f"{source.shown} is of the format {script}, which names other files: {why}; {_ADVICE}"
    )
