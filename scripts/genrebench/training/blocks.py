"""What the networks share: convolutional and recurrent branches, and the classifier on top of them.

All functions take and return Keras tensors with a batch axis first, time second, and run under every backend.
"""

from math import ceil

import keras
from keras import layers

# Of the moving mean and variance. Keras' default, 0.99, needs hundreds of steps to forget where it started; a training
# set of a few hundred clips has ten to twenty steps per epoch, and validation would look at statistics of the past.
BATCH_NORM_MOMENTUM = 0.9


def batch_norm(x: keras.KerasTensor) -> keras.KerasTensor:
    """Batch normalisation with the momentum of all networks."""
    return layers.BatchNormalization(momentum=BATCH_NORM_MOMENTUM)(x)


def residual_stack(plane: keras.KerasTensor, filters: list[int], kernel: int, dropout: float) -> keras.KerasTensor:
    """A convolution and residual blocks: (rows, columns) to (rows / 2^n, columns / 2^n, filters[-1]), rounded up.

    The first has no shortcut (as in He et al. 2016): of a single map it would be the map itself. Dropout is of whole
    maps (Tompson et al. 2015, "Efficient object localization using convolutional networks"), because neighbours in a
    map say nearly the same, and of the last ones only: between the blocks, where maps are few, it kept the network from
    learning (of GTZAN's mel spectrograms, 30% dropped, 22% of the training clips were right after 11 epochs; then 64%).
    """
    first, *blocks = filters
    x = layers.Reshape((*plane.shape[1:], 1))(plane)
    x = layers.Conv2D(first, kernel, strides=2, padding="same", use_bias=False)(x)
    x = layers.Activation("relu")(batch_norm(x))
    for width in blocks:
        x = residual_block(x, width, kernel)
    return layers.SpatialDropout2D(dropout)(x)


def residual_block(x: keras.KerasTensor, filters: int, kernel: int) -> keras.KerasTensor:
    """Two convolutions and a shortcut around them (He et al. 2016, "Deep residual learning", figure 2).

    The first halves both axes, as do the residual blocks that Won et al. (2020, "Evaluation of CNN-based automatic
    music tagging models") found best on short spectrograms. No biases: batch normalisation would subtract them.
    """
    # Averaged before the 1x1 convolution (He et al. 2019, "Bag of tricks", figure 2c): a stride of its own would skip
    # three values in four, and oneDNN, which TensorFlow uses on CPUs, corrupts memory with it on several threads.
    shortcut = layers.AveragePooling2D(2, padding="same")(x)
    shortcut = layers.Conv2D(filters, 1, use_bias=False)(shortcut)
    x = layers.Conv2D(filters, kernel, strides=2, padding="same", use_bias=False)(x)
    x = layers.Activation("relu")(batch_norm(x))
    x = layers.Conv2D(filters, kernel, padding="same", use_bias=False)(x)
    return layers.Activation("relu")(layers.Add()([batch_norm(x), batch_norm(shortcut)]))


def shorten(sequence: keras.KerasTensor, max_steps: int, filters: int) -> keras.KerasTensor:
    """A sequence of at most `max_steps`: (steps, values) as it is, or (ceil(steps / stride), filters) of a longer one.

    The stride is the smallest that does, and the convolution as wide as the stride, so that each step sees a stretch
    of its own and nothing is left out.
    """
    steps = sequence.shape[1]
    if steps <= max_steps:
        return sequence
    stride = ceil(steps / max_steps)
    x = layers.Conv1D(filters, stride, strides=stride, padding="same", use_bias=False)(sequence)
    return layers.Activation("relu")(batch_norm(x))


def bidirectional(sequence: keras.KerasTensor, units: int, return_sequences: bool = True) -> keras.KerasTensor:
    """An LSTM in each direction, side by side: (steps, values) to (steps, 2 units), or the last of each (2 units)."""
    return layers.Bidirectional(layers.LSTM(units, return_sequences=return_sequences))(sequence)


def classifier(parts: list[keras.KerasTensor], genres: int, dense: int, dropout: float) -> keras.KerasTensor:
    """Probabilities (genres,) from the vectors of all branches: concatenated, dense, dropout, softmax."""
    x = layers.Concatenate()(parts) if len(parts) > 1 else parts[0]
    x = layers.Dense(dense, activation="relu")(x)
    x = layers.Dropout(dropout)(x)
    return softmax(x, genres)


def softmax(x: keras.KerasTensor, genres: int) -> keras.KerasTensor:
    """Probabilities (genres,), in float32 under every policy of precision."""
    return layers.Dense(genres, activation="softmax", dtype="float32")(x)
