"""Play what `transcode` writes in Debian's Chromium: is it seen, and is it heard?

``python tools/browser.py`` (``make browser``) makes a small film with the ffmpeg program, converts
it on the command line, and has a browser without a window play each result to its end. The page
says what the browser's own decoders did: how far it played, how many pictures it showed, and how
many bytes of sound and video it decoded. Then it plays segments, as they were given to
`on_segment`, through Media Source. Not part of the tests: a browser is 400 MB.
"""

from __future__ import annotations

import argparse
import http.server
import json
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

import media_source

PROGRAMS = "chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"
PACKAGE = "chromium-headless-shell"
PATIENCE = 120  # seconds for a film, on a machine that has other things to do
SECONDS = 3
# Input, output, and what of the command line is of interest.
FILMS = (
    ("film.mov", "film.webm", ()),
    ("film.mov", "film.mp4", ()),
    ("film.mov", "part.webm", ("--start", "1", "--stop", "2.5")),
)
PAGE = """<!doctype html><meta charset="utf-8"><title>ffwebcodecs</title><body><script>
const name = decodeURIComponent(location.hash.slice(1));
const tell = verdict => fetch("/verdict", {method: "POST", body: JSON.stringify(verdict)});
async function heard() {
  const data = await (await fetch(name)).arrayBuffer();
  const sound = await new OfflineAudioContext(2, 48000, 48000).decodeAudioData(data);
  const samples = sound.getChannelData(0);
  let peak = 0, first = null;
  for (let i = 0; i < samples.length; i++) {
    const level = Math.abs(samples[i]);
    if (level > peak) peak = level;
    if (first === null && level > 0.1) first = i / sound.sampleRate;
  }
  return {peak, first, seconds: sound.duration, channels: sound.numberOfChannels};
}
async function play() {
  const video = document.createElement("video");
  document.body.append(video);
  video.src = name;
  const ended = new Promise((resolve, reject) => {
    video.onended = resolve;
    video.onerror = () => reject(new Error(video.error.message || "code " + video.error.code));
  });
  await video.play();
  await ended;
  const quality = video.getVideoPlaybackQuality();
  return {
    played: video.currentTime, duration: video.duration,
    width: video.videoWidth, height: video.videoHeight, frames: quality.totalVideoFrames,
    audioBytes: video.webkitAudioDecodedByteCount, videoBytes: video.webkitVideoDecodedByteCount,
    agent: navigator.userAgent,
  };
}
const silent = error => ({error: `${error}`, peak: 0, first: null, seconds: 0, channels: 0});
play().then(async seen => tell({...seen, sound: await heard().catch(silent)}))
  .catch(error => tell({error: `${error}`}));
</script>
"""


PAGES = {"/page": PAGE, "/segments": media_source.PAGE}


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves a folder with the page, and takes what the page says."""

    server: Server

    def do_GET(self) -> None:
        """Answer with a page, or a file."""
        page = PAGES.get(self.path)
        if page is not None:
            self._answer(page.encode(), "text/html")
        else:
            super().do_GET()

    def do_POST(self) -> None:
        """Take the verdict."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.verdicts.put(json.loads(body))
        self._answer(b"", "text/plain")

    def _answer(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Be quiet."""


class Server(http.server.ThreadingHTTPServer):
    """Listens on this machine alone."""

    def __init__(self, folder: Path) -> None:
        self.verdicts: queue.Queue[dict[str, Any]] = queue.Queue()
        super().__init__(
            ("127.0.0.1", 0), lambda *args, **more: Handler(*args, directory=str(folder), **more)
        )


def browser() -> str:
    """Return the browser's program; as root on Debian it is installed if it is missing."""
    found = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        print(f"Installing {PACKAGE} with apt")
        command = ["apt-get", "-qq", "-y", "--no-install-recommends", "install", PACKAGE]
        subprocess.run(command, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
        found = shutil.which(PACKAGE)
    if found is None:
        raise SystemExit(f"no Chromium here; run: apt-get install {PACKAGE}")
    return found


def make_film(path: Path) -> None:
    """Write a film of H.264 and AAC in MOV, with a beep of a second's tenth each second."""
    beep = "0.5*sin(2*PI*1000*t)*between(mod(t\\,1)\\,0.4\\,0.5)"
    subprocess.run(
        [
            *("ffmpeg", "-v", "error", "-y", "-f", "lavfi"),
            *("-i", f"testsrc2=size=320x240:rate=25:duration={SECONDS}", "-f", "lavfi"),
            *("-i", f"aevalsrc={beep}|{beep}:sample_rate=48000:duration={SECONDS}"),
            *("-pix_fmt", "yuv420p", "-c:a", "aac", path),
        ],
        check=True,
    )


def play(program: str, server: Server, name: str, page: str = "/page") -> dict[str, Any]:
    """Return what the browser says of a file that the server has."""
    with tempfile.TemporaryDirectory() as profile:
        command = [
            *(program, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"),
            *("--autoplay-policy=no-user-gesture-required", f"--user-data-dir={profile}"),
            *("--remote-debugging-port=0", f"http://127.0.0.1:{server.server_port}{page}#{name}"),
        ]
        quiet = subprocess.DEVNULL
        with subprocess.Popen(command, stdout=quiet, stderr=quiet) as running:
            try:
                return server.verdicts.get(timeout=PATIENCE)
            except queue.Empty:
                return {"error": f"it did not end within {PATIENCE} s"}
            finally:
                running.terminate()
                running.wait()


def faults(told: dict[str, Any], seconds: float) -> list[str]:
    """Return what is wrong with what a browser said of a film of this length."""
    if "error" in told:
        return [told["error"]]
    sound = told["sound"]
    wrong = {
        f"it ended at {told['played']} s": abs(told["played"] - seconds) > 0.1,
        f"{told['frames']} pictures were decoded": told["frames"] < seconds * 25 * 0.8,
        "no video was decoded": not told["videoBytes"],
        "no sound was decoded": not told["audioBytes"],
        f"its sound lasts {sound['seconds']} s": abs(sound["seconds"] - seconds) > 0.1,
        f"the beep's peak is {sound['peak']}": not 0.3 < sound["peak"] < 0.8,
        f"the beep begins at {sound['first']} s": abs((sound["first"] or 0) - 0.4) > 0.01,
    }
    return [what for what, is_so in wrong.items() if is_so]


def main() -> int:
    """Convert, play, say what came of it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--keep", type=Path, metavar="DIR", help="write the films there")
    options = parser.parse_args()
    program = browser()
    failed = 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        make_film(folder / "film.mov")
        server = Server(folder)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for source, name, more in FILMS:
            command = [sys.executable, "-m", "ffwebcodecs", "transcode", source, name]
            subprocess.run([*command, *more, "--force", "--quiet"], cwd=folder, check=True)
            told = play(program, server, name)
            wrong = faults(told, 1.5 if more else SECONDS)
            failed += bool(wrong)
            print(f"{name}: {'; '.join(wrong) or 'seen and heard'}")
            print(f"    {json.dumps(told)}")
        for name in media_source.FILMS:
            listed = media_source.make(folder, name)
            told = play(program, server, listed, "/segments")
            wrong = media_source.faults(folder, name, listed, told)
            failed += bool(wrong)
            print(f"{name}, segments: {'; '.join(wrong) or 'played through Media Source'}")
            print(f"    {json.dumps(told)}")
        server.shutdown()
        server.server_close()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
