"""Fuzzing of what reads outside data: `checks` says what must hold, `readers` what it starts from, `read` runs long.

`tests/test_fuzz_seeds.py` reads the inputs that are kept in `tests/data/fuzz`; nothing but `read` needs Atheris.
"""
