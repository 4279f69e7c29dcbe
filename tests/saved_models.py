"""SavedModels with the interfaces of VGGish and YAMNet: their framing and log-mel, and small fixed weights.

In both, a patch is 96 log-mel spectra (64 bands, windows of 25 ms, 10 ms apart). VGGish's do not overlap, and what is
left at the end is dropped; YAMNet's overlap by half, and the end is padded.
"""

from pathlib import Path

import numpy as np

from genrebench.encoders import saved_model

WINDOW, YAMNET_HOP = 15600, 7680


def vggish_like(folder: Path, dimensions: int = 128) -> Path:
    """Save a model that maps a waveform (n,) to embeddings (frames, dimensions)."""
    return _save(folder, 96, dimensions, lambda waveform: waveform, lambda patches, embedded: embedded)


def yamnet_like(folder: Path, dimensions: int = 1024) -> Path:
    """Save a model that maps a waveform (n,) to scores (frames, 521), embeddings (frames, dimensions), log-mel."""
    tf = saved_model.tensorflow()

    def pad(waveform):
        missing = tf.maximum(WINDOW - tf.shape(waveform)[0], 0)
        beyond = tf.math.floormod(tf.shape(waveform)[0] + missing - WINDOW, YAMNET_HOP)
        return tf.pad(waveform, [[0, missing + tf.math.floormod(YAMNET_HOP - beyond, YAMNET_HOP)]])

    return _save(folder, 48, dimensions, pad, lambda patches, embedded: (embedded[:, :521], embedded, patches[:, 0]))


def _save(folder, hop, dimensions, prepare, outputs):
    tf = saved_model.tensorflow()
    random = np.random.default_rng(dimensions)

    def fixed(*shape):
        return tf.Variable(random.standard_normal(shape).astype(np.float32) * 0.1)

    class Network(tf.Module):
        def __init__(self):
            self.mel = tf.constant(tf.signal.linear_to_mel_weight_matrix(64, 257, 16000, 125, 7500))
            self.convolution, self.dense = fixed(3, 3, 1, 8), fixed(24 * 16 * 8, dimensions)

        @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
        def __call__(self, waveform):
            spectra = tf.abs(tf.signal.stft(prepare(waveform), 400, 160, 512))
            patches = tf.signal.frame(tf.math.log(spectra @ self.mel + 0.01), 96, hop, axis=0)
            maps = tf.nn.relu(tf.nn.conv2d(patches[..., None], self.convolution, 1, "SAME"))
            pooled = tf.nn.max_pool2d(maps, 4, 4, "VALID")
            return outputs(patches, tf.reshape(pooled, [-1, 24 * 16 * 8]) @ self.dense)

    tf.saved_model.save(Network(), str(folder))
    return folder
