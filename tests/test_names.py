"""Names that the public face lacks are answered with those it has."""

import pytest

import trivium as tv


@pytest.mark.parametrize(
    ("name", "where"),
    [
        ("MLP", "tv.models.MLP"),
        ("Adam", "tv.algorithms.Adam"),
        ("L2", "tv.objectives.L2"),
        ("Dense", "tv.layers.Dense"),
        ("grads", "tv.grad"),
    ],
)
def test_a_near_name_is_offered(name, where):
    with pytest.raises(AttributeError, match=f"no attribute '{name}'; did you mean {where}"):
        getattr(tv, name)


def test_a_name_unlike_all_is_refused_alone():
    with pytest.raises(AttributeError, match="no attribute 'xylophone'$"):
        _ = tv.xylophone
