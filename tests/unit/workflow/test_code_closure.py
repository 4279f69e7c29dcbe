import subprocess
import sys

import pytest

from genrebench.workflow import code_closure


@pytest.mark.parametrize("script", sorted(path.name for path in code_closure.SCRIPTS.glob("*.py")))
def test_closure_is_what_python_really_imports(script):
    """The modules of the project that a script loads are in its closure."""
    code = (
        "import sys, runpy; sys.path.insert(0, 'scripts'); runpy.run_path({path!r}, run_name='imported');"
        "print(*(m.__file__ for n, m in sys.modules.items() if n.startswith('genrebench') and m.__file__))"
    )
    path = f"scripts/{script}"
    result = subprocess.run([sys.executable, "-c", code.format(path=path)], capture_output=True, text=True, check=True)
    loaded = {file[file.index("scripts/") :] for file in result.stdout.split()} - {"scripts/genrebench/__init__.py"}
    assert loaded <= set(code_closure.closure(path))


def test_a_model_does_not_depend_on_another_model_or_on_feature_code():
    closure = code_closure.closure("scripts/train_model.py", "scripts/genrebench/models/logistic.py")
    assert "scripts/genrebench/training/sklearn_model.py" in closure
    assert not {path for path in closure if "features/m" in path or path.endswith("sgd.py")}


def test_digest_sees_contents_and_not_names(tmp_path):
    for name, text in (("a", "1"), ("b", "1"), ("c", "2")):
        (tmp_path / name).write_text(text)
    a, b, c = (code_closure.digest([tmp_path / name]) for name in "abc")
    assert a == b != c
