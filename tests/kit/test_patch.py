"""PATCH bodies: RFC 6902 agrees with an independent evaluation, RFC 7396 with its appendix and its laws."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.kit.patch import MAX_OPERATIONS, PatchError, apply_patch, merge, patched

KEYS = st.sampled_from(["a", "b", "0", "1", "-", "", "a/b", "m~n", "ä"])
VALUES = st.recursive(
    st.sampled_from([None, True, False, 0, 1, 1.0, "", "x"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)
DOCUMENTS = st.dictionaries(KEYS, VALUES, max_size=4)


class Failed(Exception):
    pass


def pointer(tokens: list[str]) -> str:
    return "".join("/" + token.replace("~", "~0").replace("/", "~1") for token in tokens)


def paths(value: Any, prefix: list[str]) -> list[list[str]]:
    """Every location of a document, as tokens."""
    found = [prefix]
    if isinstance(value, dict):
        for key, inner in value.items():
            found += paths(inner, [*prefix, key])
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            found += paths(inner, [*prefix, str(i)])
    return found


@st.composite
def patches(draw: st.DrawFn) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A document and operations on locations in it, next to them, and elsewhere."""
    document = draw(DOCUMENTS)
    here = st.sampled_from(paths(document, []))
    extra = st.sampled_from(["a", "0", "1", "2", "-", "-1", "01", "x", "٠"])
    anywhere = st.one_of(
        here, st.builds(lambda path, token: [*path, token], here, extra), st.lists(extra, max_size=3)
    ).map(pointer)
    operation = st.one_of(
        st.builds(lambda op, p, v: {"op": op, "path": p, "value": v}, OPS_VALUE, anywhere, VALUES),
        st.builds(lambda op, p: {"op": op, "path": p}, st.sampled_from(["remove", "REMOVE"]), anywhere),
        st.builds(lambda op, f, p: {"op": op, "from": f, "path": p}, OPS_FROM, anywhere, anywhere),
    )
    return document, draw(st.lists(operation, max_size=5))


OPS_VALUE = st.sampled_from(["add", "replace", "test", "Add", "REPLACE"])
OPS_FROM = st.sampled_from(["move", "copy", "Move", "COPY"])


def tokens_of(path: str) -> list[str]:
    return [token.replace("~1", "/").replace("~0", "~") for token in path.split("/")[1:]]


def index_of(items: list[Any], token: str, *, end: bool) -> int:
    if end and token == "-":
        return len(items)
    if not (token.isascii() and token.isdigit()) or (len(token) > 1 and token[0] == "0"):
        raise Failed
    index = int(token)
    if index > len(items) or (index == len(items) and not end):
        raise Failed
    return index


def read(value: Any, tokens: list[str]) -> Any:
    for token in tokens:
        if isinstance(value, dict) and token in value:
            value = value[token]
        elif isinstance(value, list):
            value = value[index_of(value, token, end=False)]
        else:
            raise Failed
    return value


def write(value: Any, tokens: list[str], change: Any) -> Any:
    """A new value in which `change(container, token)` has been made at the last token."""
    if len(tokens) == 1:
        return change(value, tokens[0])
    inner = write(read(value, tokens[:1]), tokens[1:], change)
    if isinstance(value, dict):
        return {**value, tokens[0]: inner}
    index = index_of(value, tokens[0], end=False)
    return [*value[:index], inner, *value[index + 1 :]]


def added(document: Any, tokens: list[str], new: Any) -> Any:
    def change(container: Any, token: str) -> Any:
        if isinstance(container, dict):
            return {**container, token: new}
        if isinstance(container, list):
            index = index_of(container, token, end=True)
            return [*container[:index], new, *container[index:]]
        raise Failed

    return write(document, tokens, change) if tokens else new


def removed(document: Any, tokens: list[str]) -> Any:
    def change(container: Any, token: str) -> Any:
        read(container, [token])
        if isinstance(container, dict):
            return {key: value for key, value in container.items() if key != token}
        index = index_of(container, token, end=False)
        return [*container[:index], *container[index + 1 :]]

    if not tokens:
        raise Failed
    return write(document, tokens, change)


def same(a: Any, b: Any) -> bool:
    """JSON equality: 1 is 1.0, but not true."""
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    return (type(a) is type(b) and a == b) or (
        isinstance(a, int | float) and isinstance(b, int | float) and a == b
    )


def reference(document: Any, operations: list[dict[str, Any]]) -> Any:
    """RFC 6902 written out; raises `Failed`."""
    for operation in operations:
        op, to = operation["op"].lower(), tokens_of(operation["path"])
        if op == "add":
            document = added(document, to, operation["value"])
        elif op == "remove":
            document = removed(document, to)
        elif op == "replace":
            read(document, to)
            if to:
                document = write(document, to, lambda c, t, v=operation["value"]: placed(c, t, v))
            else:
                document = operation["value"]
        elif op == "test":
            if not same(read(document, to), operation["value"]):
                raise Failed
        else:
            source = tokens_of(operation["from"])
            value = read(document, source)
            if op == "move":
                if to == source:
                    continue
                if to[: len(source)] == source:
                    raise Failed
                document = removed(document, source)
            document = added(document, to, value)
        if not isinstance(document, dict):
            raise Failed
    return document


def placed(container: Any, token: str, new: Any) -> Any:
    if isinstance(container, dict):
        return {**container, token: new}
    index = index_of(container, token, end=False)
    return [*container[:index], new, *container[index + 1 :]]


@given(patches())
def test_operations_agree_with_an_independent_evaluation(
    case: tuple[dict[str, Any], list[dict[str, Any]]],
) -> None:
    document, operations = case
    before = copy.deepcopy(case)
    try:
        expected = reference(document, operations)
    except Failed:
        with pytest.raises(PatchError):
            apply_patch(document, operations)
    else:
        assert same(apply_patch(document, operations), expected)
    assert case == before


@given(DOCUMENTS, VALUES)
def test_the_result_shares_nothing_with_what_went_in(document: dict[str, Any], value: Any) -> None:
    before = copy.deepcopy((document, value))
    for body in ([{"op": "add", "path": "/new", "value": value}], {"new": value}):
        result = patched(document, body)
        for inner in [result, *result.values()]:
            if isinstance(inner, dict):
                inner["mark"] = 1
            elif isinstance(inner, list):
                inner.append(1)
        assert (document, value) == before


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ({"op": "replace", "path": "/status", "value": "ACTIVE"}, {"status": "ACTIVE", "tags": ["a", "b"]}),
        ({"op": "add", "path": "/tags/-", "value": "c"}, {"status": "X", "tags": ["a", "b", "c"]}),
        ({"op": "ADD", "path": "/tags/0", "value": "c"}, {"status": "X", "tags": ["c", "a", "b"]}),
        ({"op": "Remove", "path": "/tags/1"}, {"status": "X", "tags": ["a"]}),
        (
            {"op": "copy", "from": "/status", "path": "/tags/1"},
            {"status": "X", "tags": ["a", "X", "b"]},
        ),
        ({"op": "move", "from": "/tags/0", "path": "/status"}, {"status": "a", "tags": ["b"]}),
        ({"op": "test", "path": "/status", "value": "X"}, {"status": "X", "tags": ["a", "b"]}),
    ],
)
def test_each_operation(operation: dict[str, Any], expected: dict[str, Any]) -> None:
    assert apply_patch({"status": "X", "tags": ["a", "b"]}, [operation]) == expected


@pytest.mark.parametrize(
    ("operation", "message"),
    [
        ({"op": "replace", "path": "/none", "value": 1}, "does not exist"),
        ({"op": "remove", "path": "/none"}, "does not exist"),
        ({"op": "remove", "path": "/tags/2"}, "does not exist"),
        ({"op": "remove", "path": "/tags/-"}, "does not exist"),
        ({"op": "add", "path": "/mixins/x/y", "value": 1}, "does not exist"),
        ({"op": "add", "path": "/tags/3", "value": 1}, "does not exist"),
        ({"op": "add", "path": "/name/x", "value": 1}, "can't hold"),
        ({"op": "move", "from": "/none", "path": "/x"}, "does not exist"),
        ({"op": "move", "from": "/tags", "path": "/tags/0"}, "can't hold"),
        ({"op": "test", "path": "/name", "value": "secret"}, "not the one tested for"),
        ({"op": "test", "path": "/none", "value": None}, "not the one tested for"),
        ({"op": "remove", "path": ""}, "can't be applied"),
        ({"op": "replace", "path": "", "value": []}, "must stay an object"),
        ({"op": "append", "path": "/name", "value": "x"}, "op must be one of add, remove"),
        ({"op": 1, "path": "/name"}, "op must be one of"),
        ({"path": "/name"}, "op must be one of"),
        ({"op": "add", "path": "/name"}, "needs the member value"),
        ({"op": "copy", "path": "/name"}, "needs the member from"),
        ({"op": "copy", "path": "/name", "from": 5}, "from must be a JSON Pointer"),
        ({"op": "remove", "path": "name"}, "path must be a JSON Pointer"),
        ({"op": "remove", "path": "/na~me"}, "path must be a JSON Pointer"),
    ],
)
def test_what_can_not_be_applied_says_where(operation: dict[str, Any], message: str) -> None:
    document = {"name": "n", "tags": ["a", "b"]}
    first = {"op": "add", "path": "/done", "value": True}
    with pytest.raises(PatchError, match=message) as caught:
        apply_patch(document, [first, operation])
    assert (caught.value.index, caught.value.path) == (1, operation["path"])
    assert document == {"name": "n", "tags": ["a", "b"]}


@pytest.mark.parametrize("operations", [{}, None, "x", ["x"], [None], [{"op": "remove"}], [{"path": 1}]])
def test_what_is_no_patch(operations: object) -> None:
    with pytest.raises(PatchError):
        apply_patch({}, operations)


def test_the_number_of_operations_is_limited() -> None:
    one = {"op": "add", "path": "/a", "value": 1}
    assert apply_patch({}, [one] * MAX_OPERATIONS) == {"a": 1}
    with pytest.raises(PatchError, match="at most"):
        apply_patch({}, [one] * (MAX_OPERATIONS + 1))


def test_copies_can_not_double_a_document_without_end() -> None:
    with pytest.raises(PatchError, match="copies too much"):
        apply_patch({"a": ["x"]}, [{"op": "copy", "from": "/a", "path": "/a/-"}] * 60)
    with pytest.raises(PatchError, match="copies too much"):
        apply_patch({"a": "x" * 100_000, "b": []}, [{"op": "copy", "from": "/a", "path": "/b/-"}] * 20)


def test_deep_documents_are_refused_not_a_crash() -> None:
    deep: dict[str, Any] = {}
    for _ in range(2000):
        deep = {"a": deep}
    for document, body in [
        (deep, []),
        ({}, [{"op": "add", "path": "/x", "value": deep}]),
        ({}, deep),
        (deep, {}),
    ]:
        with pytest.raises(PatchError, match="nested too deeply"):
            patched(document, body)


@pytest.mark.parametrize(
    "body",
    [
        {"id": "other"},
        {"id": None},
        [{"op": "replace", "path": "/id", "value": "other"}],
        [{"op": "remove", "path": "/id"}],
        [{"op": "add", "path": "/id/x", "value": 1}],
        [{"op": "move", "from": "/id", "path": "/name"}],
        [{"op": "copy", "from": "/name", "path": "/id"}],
        [{"op": "replace", "path": "", "value": {"name": "n"}}],
        [{"op": "replace", "path": "/id", "value": "x"}, {"op": "replace", "path": "/id", "value": "7"}],
    ],
)
def test_immutable_members_stay(body: Any) -> None:
    with pytest.raises(PatchError) as caught:
        patched({"id": "7", "name": "n"}, body, frozenset({"id", "type"}))
    assert caught.value.path == (body[0]["path"] if isinstance(body, list) else "/id")


def test_immutable_members_may_be_repeated() -> None:
    document, immutable = {"id": "7", "name": "n"}, frozenset({"id", "type"})
    assert patched(document, {"id": "7", "name": "m"}, immutable) == {"id": "7", "name": "m"}
    assert patched(document, [{"op": "add", "path": "/id", "value": "7"}], immutable) == document
    with pytest.raises(PatchError, match="type can't be changed"):
        patched(document, {"type": "x"}, immutable)


@pytest.mark.parametrize("body", [None, 1, "x", True])
def test_a_body_is_an_array_or_an_object(body: object) -> None:
    with pytest.raises(PatchError, match="array of JSON Patch operations or an object"):
        patched({}, body)


@pytest.mark.parametrize(
    ("original", "patch", "result"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_the_examples_of_rfc_7396(original: Any, patch: Any, result: Any) -> None:
    before = copy.deepcopy((original, patch))
    assert merge(original, patch) == result
    assert (original, patch) == before


def without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_nulls(inner) for key, inner in value.items() if inner is not None}
    return value


@given(DOCUMENTS, DOCUMENTS)
def test_merge_laws(document: dict[str, Any], patch: dict[str, Any]) -> None:
    once = merge(document, patch)
    assert merge(once, patch) == once
    assert merge(document, {}) == document
    assert merge({}, patch) == without_nulls(patch)
    assert set(once) == (set(document) | set(patch)) - {key for key in patch if patch[key] is None}
    assert all(once[key] == document[key] for key in document if key not in patch)
