"""Recipes of degraded recordings, and the conditions under which models are tried. Quick to import.

A `Recipe` says what happens to a clip, always in the order in which a recording is made: the music is played (speed,
pitch) in a room, with noise, and goes through a filter, a sampling rate, an amplifier and a codec.
"""

from typing import Self

from pydantic import Field, model_validator

from genrebench.common.strict_model import StrictModel


class Recipe(StrictModel):
    """What happens to a clip, in this order; what is not given does not happen."""

    speed: float | None = Field(
        None, ge=0.5, le=2, description="Times as fast, at the same pitch (time stretching); the length changes."
    )
    pitch: float | None = Field(None, ge=0.5, le=2, description="Times as high, at the same speed.")
    rt60_s: float | None = Field(
        None,
        gt=0,
        le=10,
        description="Reverberation of a room: seconds in which it falls by 60 dB. The level of the clip stays.",
    )
    direct_to_reverberant_db: float = Field(
        0.0, ge=-40, le=40, description="Energy of the direct sound relative to that of the reverberation, in dB."
    )
    snr_db: float | None = Field(
        None, ge=-40, le=100, description="White noise: power of the clip relative to that of the noise, in dB."
    )
    high_pass_hz: float | None = Field(None, ge=1, le=1500, description="A high-pass from this frequency, in Hz.")
    low_pass_hz: float | None = Field(None, ge=100, le=96_000, description="A low-pass up to this frequency, in Hz.")
    sample_rate: int | None = Field(
        None, ge=4000, le=192_000, description="Hz, to which the clip is resampled in between; a lower one cuts highs."
    )
    gain_db: float | None = Field(None, ge=-80, le=80, description="Amplification in dB.")
    clip: bool = Field(False, description="Whether samples beyond full scale are clipped.")
    mp3_kbit_s: int | None = Field(
        None, ge=8, le=320, description="Encoding as MP3 at this constant bit rate, in kbit/s, and decoding."
    )

    @model_validator(mode="after")
    def _has_a_band(self) -> Self:
        if self.high_pass_hz and self.low_pass_hz and self.high_pass_hz >= self.low_pass_hz:
            raise ValueError(
                f"high_pass_hz is {self.high_pass_hz:g}, but must be below low_pass_hz, {self.low_pass_hz:g}"
            )
        return self


# The conditions under which models are tried, by name.
CONDITIONS = {
    "quiet": Recipe(gain_db=-20),
    "clipped": Recipe(gain_db=12, clip=True),
    "mp3_64": Recipe(mp3_kbit_s=64),
    "low_pass": Recipe(low_pass_hz=4000),
    "telephone": Recipe(high_pass_hz=300, low_pass_hz=3400, sample_rate=8000),
    "noise_20": Recipe(snr_db=20),
    "noise_10": Recipe(snr_db=10),
    "reverberation": Recipe(rt60_s=0.8),
    "microphone": Recipe(rt60_s=0.8, snr_db=15, high_pass_hz=150, low_pass_hz=7000),
    "faster": Recipe(speed=1.03),
    "slower": Recipe(speed=0.97),
    "higher": Recipe(pitch=1.03),
    "lower": Recipe(pitch=0.97),
}
