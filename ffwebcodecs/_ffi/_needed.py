"""The functions that every usable FFmpeg has, and what tells one release from the other."""

from __future__ import annotations

from typing import Any

# What this package calls in every release; `tests/ffi/test_wrong_library.py` compares it with the
# sources. A library without one of them is no FFmpeg, or not all of one.
FUNCTIONS = {
    "avutil": """
        av_buffer_alloc av_buffer_create av_buffer_is_writable av_buffer_ref av_buffer_unref
        av_dict_free av_dict_get
        av_dict_set av_frame_alloc av_frame_apply_cropping av_frame_copy av_frame_copy_props
        av_frame_free av_frame_get_buffer av_frame_new_side_data av_frame_ref
        av_frame_remove_side_data
        av_free av_freep av_get_bytes_per_sample av_get_media_type_string
        av_get_pix_fmt av_get_pix_fmt_name av_get_sample_fmt av_get_sample_fmt_name
        av_hwdevice_ctx_create av_hwdevice_find_type_by_name
        av_hwdevice_get_hwframe_constraints av_hwdevice_get_type_name av_hwdevice_iterate_types
        av_hwframe_constraints_free av_hwframe_ctx_alloc av_hwframe_ctx_init av_hwframe_get_buffer
        av_hwframe_transfer_data av_image_copy_plane av_image_get_linesize av_log_get_level
        av_log_set_level av_malloc av_mallocz av_opt_find av_opt_get av_opt_set
        av_opt_set_dict2 av_opt_set_int
        av_pix_fmt_count_planes av_pix_fmt_desc_get av_rescale_q av_sample_fmt_is_planar
        av_strdup av_strerror
        av_samples_copy av_version_info avutil_version
    """,
    "avcodec": """
        av_bsf_alloc av_bsf_free av_bsf_get_by_name av_bsf_init av_bsf_receive_packet
        av_bsf_send_packet av_codec_is_decoder av_codec_is_encoder av_codec_iterate
        av_get_audio_frame_duration2 av_new_packet
        av_packet_alloc av_packet_copy_props av_packet_free av_packet_move_ref
        av_packet_new_side_data av_packet_ref
        av_packet_rescale_ts av_packet_side_data_name av_packet_unref
        av_parser_close av_parser_init av_parser_parse2
        avcodec_alloc_context3 avcodec_decode_subtitle2 avcodec_default_get_buffer2
        avcodec_default_get_format avcodec_descriptor_get avcodec_descriptor_get_by_name
        avcodec_encode_subtitle
        avcodec_find_decoder avcodec_find_decoder_by_name avcodec_find_encoder
        avcodec_find_encoder_by_name avcodec_flush_buffers avcodec_free_context
        avcodec_get_hw_config avcodec_get_name avcodec_open2 avcodec_parameters_alloc
        avcodec_parameters_copy avcodec_parameters_free avcodec_parameters_from_context
        avcodec_parameters_to_context avcodec_receive_frame avcodec_receive_packet
        avcodec_send_frame avcodec_send_packet avcodec_version avsubtitle_free
    """,
    "swscale": """
        sws_alloc_context sws_freeContext sws_getCoefficients sws_init_context
        sws_isSupportedInput sws_isSupportedOutput sws_scale sws_setColorspaceDetails
        swscale_version
    """,
    "avformat": """
        av_codec_get_id av_codec_get_tag2 av_demuxer_iterate av_find_best_stream
        av_find_input_format av_guess_format
        av_guess_frame_rate av_guess_sample_aspect_ratio av_interleaved_write_frame av_read_frame
        av_index_search_timestamp av_seek_frame av_write_frame av_write_trailer
        avformat_alloc_context avformat_alloc_output_context2
        avformat_close_input avformat_find_stream_info avformat_free_context avformat_new_stream
        avformat_open_input avformat_query_codec avformat_seek_file avformat_version
        avformat_write_header avio_alloc_context avio_closep avio_context_free avio_flush
        avio_open2 avio_read avio_seek
    """,
    "swresample": """
        swr_alloc swr_config_frame swr_convert swr_free swr_get_out_samples swr_init
        swr_inject_silence swresample_version
    """,
    "avfilter": """
        av_buffersink_get_frame av_buffersrc_add_frame_flags avfilter_get_by_name
        avfilter_graph_alloc avfilter_graph_config avfilter_graph_create_filter
        avfilter_graph_free avfilter_link avfilter_version
    """,
}

# Major and minor versions that FFmpeg's releases went out with: libavutil, libavcodec, libswscale,
# libavformat. FFmpeg raises every library's minor version when it makes a release's branch, so a
# library with one release's numbers and one with another's were never built together, not even in
# between.
RELEASED = {
    "4.0": ((56, 14), (58, 18), (5, 1), (58, 12)),
    "4.1": ((56, 22), (58, 35), (5, 3), (58, 20)),
    "4.2": ((56, 31), (58, 54), (5, 5), (58, 29)),
    "4.3": ((56, 51), (58, 91), (5, 7), (58, 45)),
    "4.4": ((56, 70), (58, 134), (5, 9), (58, 76)),
    "5.0": ((57, 17), (59, 18), (6, 4), (59, 16)),
    "5.1": ((57, 28), (59, 37), (6, 7), (59, 27)),
    "6.0": ((58, 2), (60, 3), (7, 1), (60, 3)),
    "6.1": ((58, 29), (60, 31), (7, 5), (60, 16)),
    "7.0": ((59, 8), (61, 3), (8, 1), (61, 1)),
    "7.1": ((59, 39), (61, 19), (8, 3), (61, 7)),
    "8.0": ((60, 8), (62, 11), (9, 1), (62, 3)),
    "8.1": ((60, 26), (62, 28), (9, 5), (62, 12)),
}


def missing(library: str, lib: Any, error: type[Exception]) -> list[str]:
    """Return the functions that a library lacks; `error` is what cffi raises for one."""
    return [name for name in FUNCTIONS[library].split() if not _has(lib, name, error)]


def _has(lib: Any, name: str, error: type[Exception]) -> bool:
    try:
        getattr(lib, name)
    except (error, AttributeError):
        return False
    return True


def mixed(versions: dict[str, tuple[int, int, int]]) -> str | None:
    """Say which libraries are of two different releases, None if that cannot be said."""
    order = ("avutil", "avcodec", "swscale", "avformat")
    of: dict[str, str] = {}
    for release, numbers in RELEASED.items():
        for library, number in zip(order, numbers, strict=True):
            if versions.get(library, ())[:2] == number:
                of[library] = release
    if len(set(of.values())) < 2:
        return None
    return ", ".join(f"lib{library} is of FFmpeg {release}" for library, release in of.items())
