"""Which files hold audio, by their names: the one list for datasets, predictions and the page.

The rules import this module, so it has to be light.
"""

# libsndfile reads the first group. PyAV, which has FFmpeg, reads the others too: audio, and video with a sound track.
SUFFIXES = set(
    ".wav .wave .bwf .rf64 .w64 .au .snd .flac .ogg .oga .opus .mp3 .aif .aiff .aifc .caf .voc"
    " .aa .aa3 .aac .aax .ac3 .adts .amr .ape .asf .dff .dsf .dts .dtshd .eac3 .ec3 .m4a .m4b .m4p .m4r .mka .mlp"
    " .mp+ .mp1 .mp2 .mpa .mpc .ofr .oma .ra .rm .shn .spx .tak .thd .tta .wma .wv"
    " .3g2 .3gp .avi .f4v .flv .m2ts .m4v .mkv .mov .mp4 .mpeg .mpg .mts .ogm .ogv .ogx .ts .vob .webm .wmv".split()
)
MACOS = "._"  # how macOS names its notes about a file, on disks of other systems


def is_audio(name: str) -> bool:
    """Whether a file of this name is taken for audio: by its suffix, in any case; a name may begin with a dot."""
    stem, dot, suffix = name.rpartition(".")
    return bool(stem) and f"{dot}{suffix}".lower() in SUFFIXES and not name.startswith(MACOS)
