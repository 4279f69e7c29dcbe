"""What holds of every network, whatever its architecture."""

import keras
import numpy as np

EXAMPLES = 8


def batch_of(model):
    """Random examples for each input, and labels of all genres."""
    random = np.random.default_rng(0)
    values = {x.name: random.standard_normal((EXAMPLES, *x.shape[1:]), np.float32) for x in model.inputs}
    return values, np.eye(model.output_shape[-1], dtype=np.float32)[np.arange(EXAMPLES) % model.output_shape[-1]]


def gives_probabilities(model):
    predicted = model.predict(batch_of(model)[0], verbose=0)
    assert predicted.dtype == np.float32
    assert np.all(predicted >= 0)
    np.testing.assert_allclose(predicted.sum(axis=1), 1, rtol=1e-5)
    assert np.ptp(predicted, axis=0).max() > 0  # examples are told apart


def trains_every_weight(model):
    """One step changes each; the regularisers have to be off, as they would do so without any gradient."""
    assert not any(float(loss) for loss in model.losses)
    keras.utils.set_random_seed(0)  # of what dropout leaves
    # to trace Adam, or to have XLA compile, would take longer than all else
    model.compile(keras.optimizers.SGD(1.0), "categorical_crossentropy", jit_compile=False)
    before = [keras.ops.convert_to_numpy(variable).copy() for variable in model.trainable_variables]
    model.train_on_batch(*batch_of(model))
    after = [keras.ops.convert_to_numpy(variable) for variable in model.trainable_variables]
    kept = [v.path for v, a, b in zip(model.trainable_variables, before, after, strict=True) if np.array_equal(a, b)]
    assert not kept
    assert all(np.isfinite(values).all() for values in after)


def saves_its_weights(build, folder):
    """Weights that are read into a model built anew, from other random numbers, predict the same."""
    keras.utils.set_random_seed(0)
    first = build()
    first.save_weights(folder / "x.weights.h5")
    keras.utils.set_random_seed(1)
    second = build()
    values, _ = batch_of(first)
    expected = first.predict(values, verbose=0)
    assert not np.allclose(second.predict(values, verbose=0), expected, atol=1e-4)
    second.load_weights(folder / "x.weights.h5")
    np.testing.assert_allclose(second.predict(values, verbose=0), expected, atol=1e-6)
