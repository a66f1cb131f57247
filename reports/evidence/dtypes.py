"""The order in which readers meet dtypes."""

_COMMON = (
    "float64",
    "float32",
    "bfloat16",
    "float16",
    "complex128",
    "complex64",
    "complex32",
)
# What is asked without a dtype comes after every dtype.
_NO_DTYPE = ("any", "")


def dtype_key(dtype: str) -> tuple[int, str]:
    """Order dtypes: real, complex, others by name, none at last."""
    last = len(_COMMON) + (dtype in _NO_DTYPE)
    return (_COMMON.index(dtype) if dtype in _COMMON else last, dtype)
