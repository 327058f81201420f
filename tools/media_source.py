"""Segments for a browser's Media Source: what `on_segment` gives, appended one by one and played.

`tools/browser.py` asks for them. The page says after each segment what the browser has buffered,
plays all to the end, then goes to the second segment's beginning in another Media Source that has
only got that one: as whoever joins late does.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import ffwebcodecs

SECONDS = 3
RATE = 25
FAST = {"preset": "veryfast"}
# Name, and how `transcode` makes it of film.mov: 3 s of H.264 and AAC.
FILMS: dict[str, dict[str, Any]] = {
    "h264-aac.mp4": {"fragment_duration": 1.0, "encoder_options": FAST},
    "groups.mp4": {"encoder_options": {**FAST, "g": "25"}},
    "short.mp4": {"fragment_duration": 0.2, "latency_mode": "realtime"},
    "no-sound.mp4": {"fragment_duration": 1.0, "audio": False, "encoder_options": FAST},
    "vp9-opus.mp4": {"fragment_duration": 1.0, "codec": "vp9", "audio": "opus"},
    "vp9-opus.webm": {"fragment_duration": 1.0},
    "vp8-opus.webm": {"fragment_duration": 0.5, "codec": "vp8"},
    "sound.m4a": {"fragment_duration": 1.0},
    "sound.weba": {"fragment_duration": 1.0},
    "h264-aac.ts": {"fragment_duration": 1.0, "encoder_options": FAST},
}
PAGE = """<!doctype html><meta charset="utf-8"><title>ffwebcodecs</title><body><script>
const name = decodeURIComponent(location.hash.slice(1));
const tell = verdict => fetch("/verdict", {method: "POST", body: JSON.stringify(verdict)});
const once = (target, good) => new Promise((resolve, reject) => {
  target.addEventListener(good, resolve, {once: true});
  target.addEventListener("error", () => reject(new Error(
    `${good} never came: ${target.error ? target.error.message : "error"}`)), {once: true});
});
async function source(type) {
  const video = document.createElement("video");
  document.body.append(video);
  const media = new MediaSource();
  video.src = URL.createObjectURL(media);
  await once(media, "sourceopen");
  return {video, media, buffer: media.addSourceBuffer(type)};
}
async function append(made, piece) {
  const data = await (await fetch(piece)).arrayBuffer();
  const failed = new Promise((_, reject) => made.video.addEventListener(
    "error", () => reject(new Error(`${piece}: ${made.video.error.message}`))));
  made.buffer.appendBuffer(data);
  await Promise.race([once(made.buffer, "updateend"), failed]);
  const ranges = made.buffer.buffered;
  return Array.from({length: ranges.length}, (_, i) => [ranges.start(i), ranges.end(i)]);
}
async function late(film) {
  if (film.media.length < 2) return null;
  const made = await source(film.type);
  for (const one of film.init) await append(made, one);
  const buffered = await append(made, film.media[1]);
  made.media.endOfStream();  // else a short one is too little to begin with
  const there = once(made.video, "seeked");
  made.video.currentTime = Math.max(film.times[1], buffered[0][0]) + 0.02;
  await there;
  return {buffered, time: made.video.currentTime, ready: made.video.readyState};
}
async function play() {
  const film = await (await fetch(name)).json();
  if (!MediaSource.isTypeSupported(film.type)) throw new Error(`cannot play ${film.type}`);
  const made = await source(film.type), buffered = [];
  for (const one of film.init) await append(made, one);
  for (const one of film.media) buffered.push(await append(made, one));
  made.media.endOfStream();
  const video = made.video, ended = once(video, "ended");
  // A clock of MPEG-TS begins later. Going to where it is already would decode pictures twice.
  if (video.buffered.start(0) > 0.1) video.currentTime = video.buffered.start(0);
  await video.play();
  await ended;
  const quality = video.getVideoPlaybackQuality();
  return {
    buffered, played: video.currentTime, duration: video.duration,
    width: video.videoWidth, height: video.videoHeight,
    frames: quality.totalVideoFrames, dropped: quality.droppedVideoFrames,
    audioBytes: video.webkitAudioDecodedByteCount, videoBytes: video.webkitVideoDecodedByteCount,
    late: await late(film),
  };
}
setTimeout(() => tell({error: `it stood still: ${[...document.querySelectorAll("video")].map(
  video => `at ${video.currentTime} s, ready ${video.readyState}, seeking ${video.seeking}`)}`}),
  60_000);
play().then(tell).catch(error => tell({error: `${error}`}));
</script>
"""


def make(folder: Path, name: str) -> str:
    """Write a film's segments into a folder; return the name of the list that the page reads."""
    stem = name.replace(".", "-")
    film: dict[str, Any] = {"init": [], "media": [], "times": [], "ends": [], "keys": []}

    def take(data: bytes, info: ffwebcodecs.SegmentInfo) -> None:
        film["type"] = info.mime_type
        if not data:
            return  # MPEG-TS has no beginning
        piece = f"{stem}-{info.index}.{info.kind}"
        (folder / piece).write_bytes(data)
        film[info.kind].append(piece)
        if info.kind == "media":
            film["times"].append(info.timestamp / 1e6)
            film["ends"].append((info.timestamp + info.duration) / 1e6)
            film["keys"].append(info.key)

    ffwebcodecs.transcode(
        folder / "film.mov", folder / name, fragmented=True, on_segment=take, **FILMS[name]
    )
    (folder / f"{stem}.json").write_text(json.dumps(film))
    return f"{stem}.json"


def faults(folder: Path, name: str, listed: str, told: dict[str, Any]) -> list[str]:
    """Return what is wrong with what a browser said of a film's segments."""
    if "error" in told:
        return [told["error"]]
    film = json.loads((folder / listed).read_text())
    has_video = not name.startswith("sound")
    begin = told["buffered"][0][0][0]  # that of MPEG-TS is not 0
    wrong = {
        f"it ended at {told['played']} s": abs(told["played"] - begin - SECONDS) > 0.1,
        f"{told['frames']} pictures, not {SECONDS * RATE}": (
            has_video and told["frames"] != SECONDS * RATE
        ),
        f"{told['dropped']} pictures were dropped": has_video and told["dropped"] > RATE,
        f"it is {told['width']} wide": told["width"] != 320 * has_video,
        "no video was decoded": has_video and not told["videoBytes"],
        "no sound was decoded": name != "no-sound.mp4" and not told["audioBytes"],
        f"{len(film['media'])} segments": len(film["media"]) < 3,
    }
    for number, ranges in enumerate(told["buffered"]):
        what = f"after segment {number} {ranges} was buffered, not until {film['ends'][number]}"
        # Chromium's reader of MPEG-TS waits for what begins after a picture, and has another clock.
        is_right = name.endswith(".ts") or abs(ranges[0][1] - film["ends"][number]) <= 0.06
        wrong[what] = len(ranges) != 1 or not is_right
    late = told["late"]
    if late is not None and film["keys"][1]:
        wrong[f"whoever joined late saw {late}"] = late["ready"] < 2
    return [what for what, is_so in wrong.items() if is_so]
