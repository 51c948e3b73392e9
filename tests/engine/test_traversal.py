"""Walks over expressions that hypothesis draws: order, dependence, replacement."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import trivium as tv
from trivium.engine.traversal import depends_on, rebuild, same, substitute, topological, users


@st.composite
def graphs(draw):
    """Nodes of a random expression, its leaves first."""
    nodes = [tv.tensor(float(i)) for i in range(draw(st.integers(1, 3)))]
    leaves = list(nodes)
    for _ in range(draw(st.integers(0, 15))):
        x, y = (nodes[draw(st.integers(0, len(nodes) - 1))] for _ in range(2))
        nodes.append(draw(st.sampled_from([x + y, x * y, -x, tv.array.sin(y), x - y])))
    return leaves, nodes


def reachable(outputs):
    found = {}
    waiting = list(outputs)
    while waiting:
        node = waiting.pop()
        if id(node) not in found:
            found[id(node)] = node
            waiting.extend(node.inputs)
    return found


@given(graphs(), st.data())
def test_every_node_once_and_after_its_inputs(graph, data):
    _, nodes = graph
    outputs = data.draw(st.lists(st.sampled_from(nodes), max_size=4))
    order = topological(outputs)
    places = {id(node): i for i, node in enumerate(order)}
    assert len(places) == len(order) and places.keys() == reachable(outputs).keys()
    for node in order:
        assert all(places[id(source)] < places[id(node)] for source in node.inputs)
    again = topological(outputs)
    assert len(again) == len(order) and all(a is b for a, b in zip(again, order))


@given(graphs(), st.data())
def test_a_walk_stays_within(graph, data):
    _, nodes = graph
    allowed = {id(node) for node in nodes if data.draw(st.booleans())}
    order = topological([nodes[-1]], lambda node: id(node) in allowed)
    assert all(id(node) in allowed for node in order)
    assert bool(order) == (id(nodes[-1]) in allowed)


@given(graphs())
def test_dependence(graph):
    leaves, nodes = graph
    order = topological(nodes)
    reached = depends_on(order, leaves[:1])
    for node in order:
        assert (id(node) in reached) == (id(leaves[0]) in reachable([node]))


@given(graphs())
def test_rebuilding_without_a_change_gives_the_same_objects(graph):
    _, nodes = graph
    assert all(a is b for a, b in zip(rebuild(nodes, same), nodes))


@given(graphs(), st.data())
def test_substitution_is_evaluation_with_another_value(graph, data):
    _, nodes = graph
    old = data.draw(st.sampled_from(nodes))
    new = tv.tensor(0.5)
    replaced = substitute(nodes, {old: new})
    values = {}
    for node in topological(nodes):
        inputs = [values[id(source)] for source in node.inputs]
        if node is old:
            values[id(node)] = np.float64(0.5)
        elif node.inputs:
            values[id(node)] = node.primitive.evaluate(node.attributes, *inputs)
        else:
            values[id(node)] = node.value
    for node, other in zip(nodes, replaced):
        np.testing.assert_array_equal(other.value, values[id(node)])
    assert all(id(old) not in reachable([other]) or old is new for other in replaced)


def test_users_of_a_node_are_told_once_each():
    x = tv.variable(2.0)
    square, double = x * x, x + x
    total = square + double
    found = users(topological([total]))
    assert sorted(map(id, found[id(x)])) == sorted(map(id, (square, double)))
    assert [id(each) for each in found[id(square)]] == [id(total)]
    assert id(total) not in found
