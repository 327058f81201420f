"""One measurement of sound in one process, as `cases.py`; "frames" are samples of a channel."""

from __future__ import annotations

from .clock import Result, clock

BLOCK = 48000


def audio_decoder(path: str, queue: str = "") -> Result:
    import ffwebcodecs

    count, limit = 0, int(queue) if queue else None

    def output(data: ffwebcodecs.AudioData) -> None:
        nonlocal count
        count += data.number_of_frames
        data.close()

    def error(problem: BaseException) -> None:
        raise problem

    with (
        ffwebcodecs.Demuxer(path) as demuxer,
        ffwebcodecs.AudioDecoder(output, error, max_queue=limit) as decoder,
    ):
        decoder.configure(demuxer.audio_config)
        start = clock()
        for chunk in demuxer.audio_chunks():
            decoder.decode(chunk)
        decoder.flush().result(600)
        return count, clock() - start


def read_audio_data(path: str) -> Result:
    import ffwebcodecs

    count = 0
    pieces = ffwebcodecs.read_audio_data(path)
    start = clock()
    for data in pieces:
        count += data.number_of_frames
        data.close()
    return count, clock() - start


def read_audio(path: str) -> Result:
    import numpy as np

    import ffwebcodecs

    np.zeros(1)
    ffwebcodecs.ffmpeg_info()
    start = clock()
    samples = ffwebcodecs.read_audio(path)
    return len(samples.data), clock() - start


def pyav_decode(path: str) -> Result:
    import av

    with av.open(path) as container:
        stream = container.streams.audio[0]
        codec = stream.codec_context
        if codec.name == "opus" and "libopus" in av.codecs_available:
            extradata, codec = codec.extradata, av.CodecContext.create("libopus", "r")
            codec.extradata = extradata
            codec.options = {"request_sample_fmt": "flt"}
        start = clock()
        count = 0
        for packet in container.demux(stream):
            for frame in codec.decode(packet if packet.size else None):
                count += frame.samples
        return count, clock() - start


def pyav_read(path: str) -> Result:
    """The usual recipe: an array of each frame, all of them put together at the end."""
    import av
    import numpy as np

    with av.open(path) as container:
        start = clock()
        frames = container.decode(container.streams.audio[0])
        samples = np.concatenate([frame.to_ndarray() for frame in frames], axis=1)
        return samples.shape[1], clock() - start


def copy_to(source: str, target: str, rounds: str) -> Result:
    """Convert a block of stereo; of planar formats both planes, in two calls."""
    import ffwebcodecs

    size = {"u8": 1, "s1": 2, "s3": 4, "f3": 4}[source[:2]]
    planes = 2 if target.endswith("planar") else 1
    with ffwebcodecs.AudioData(
        format=source,
        sample_rate=48000,
        number_of_frames=BLOCK,
        number_of_channels=2,
        timestamp=0,
        data=bytes(2 * size * BLOCK),
    ) as data:
        memory = bytearray(data.allocation_size(plane_index=0, format=target))
        start = 0.0
        for round_ in range(-1, int(rounds)):
            if not round_:
                start = clock()
            for plane in range(planes):
                data.copy_to(memory, plane_index=plane, format=target)
        return int(rounds), clock() - start
