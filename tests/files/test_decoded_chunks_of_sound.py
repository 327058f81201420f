"""What AudioDecoder makes of a file's chunks has their times, whatever clock the file has."""

from __future__ import annotations

import pytest
from sound_clips import film

from ffwebcodecs import AudioData, AudioDecoder, Demuxer


@pytest.mark.parametrize("name", ["heard.mp4", "heard.ts", "heard.mkv"])
def test_decoded_sound_has_the_times_of_its_chunks(name: str) -> None:
    found: list[tuple[int, int]] = []

    def heard(data: AudioData) -> None:
        with data:
            found.append((data.timestamp, data.duration))

    with Demuxer(film(name)) as demuxer, AudioDecoder(heard, error=print) as decoder:
        decoder.configure(demuxer.audio_config)
        chunks = list(demuxer.audio_chunks())
        for chunk in chunks:
            decoder.decode(chunk)
        decoder.flush().result()
    assert [time for time, _ in found] == [chunk.timestamp for chunk in chunks]
    assert found[-1][0] > 500_000
