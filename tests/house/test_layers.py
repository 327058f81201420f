"""The house stands: imports go down its floors and along its wings, nowhere in a circle."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from clips import ROOT
from house import (
    Module,
    circles,
    floor_of,
    modules,
    modules_imported,
    names_imported,
    shown,
    struct_fields,
    tree,
    walk,
    wing_of,
)

# Which floors each floor may import.
ALLOWED = {
    "leaf": {"leaf"},
    "_spec": {"_spec", "leaf"},
    "_ffi": {"_ffi", "_spec", "leaf"},
    "_av": {"_av", "_ffi", "_spec", "leaf"},
    "_runtime": {"_runtime", "_av", "_ffi", "_spec", "leaf"},
    "public": {"public", "_runtime", "_av", "_ffi", "_spec", "leaf"},
    "cli": {"cli", "public", "leaf"},
}
# The command line writes raw pixels itself, to files that appear when they are complete.
ALSO = {"cli": {("_av", "files", "complete_file")}}
# What computes with a film's 200,000 packets or samples at once does it with numpy.
ALSO_NUMPY = {
    (("_spec", *where), "numpy")
    for where in (
        ("files", "packet_table"),
        ("files", "whole_stream"),
        ("frames", "sample_conversion"),
    )
}
# Within a floor: from a wing to those before it, never back.
ORDER = {
    "_spec": ("frames", "codecs", "encoders", "files", "images"),
    "_av": ("frames", "scale", "codecs", "files"),
    "public": ("frames", "codecs", "files"),
}
LIBRARIES = {"avutil", "avcodec", "swscale", "avformat", "avfilter", "swresample"}
MODULES = sorted(modules())


def each_module(test: Callable[[Module], None]) -> Callable[[], None]:
    """Make one test of it for all modules, which says of which ones it is not true."""

    def wrong_with(module: Module) -> str:
        try:
            test(module)
        except AssertionError as error:
            return f"{shown(module)}: {error}"
        return ""

    def test_of_all() -> None:
        assert list(filter(None, map(wrong_with, MODULES))) == []

    test_of_all.__name__ = test.__name__
    return test_of_all


@each_module
def test_imports_go_down_the_floors(module: Module) -> None:
    floor = floor_of(module)
    wrong = [
        f"line {line}: {shown(other)} ({floor_of(other)})"
        for other, line in modules_imported(module).items()
        if floor_of(other) not in ALLOWED[floor] and other not in ALSO.get(floor, ())
    ]
    assert not wrong, f"{floor} may not import " + "; ".join(wrong)


@each_module
def test_imports_go_along_the_wings(module: Module) -> None:
    floor, wing = floor_of(module), wing_of(module)
    order = ORDER.get(floor, ())
    place = order.index(wing) if wing in order else -1
    wrong = []
    for other, line in modules_imported(module).items():
        if floor_of(other) != floor or wing_of(other) not in order:
            continue
        # What lies beside the wings is for all of them, so it may use none.
        if order.index(wing_of(other) or "") > place and module:
            wrong.append(f"line {line}: {shown(other)}")
    assert not wrong, f"{wing} may not import " + "; ".join(wrong)


def test_nothing_is_imported_in_a_circle() -> None:
    # What only a type checker imports counts too: who knows the type of another is tied to it.
    graph = {module: set(modules_imported(module, types=True)) for module in MODULES}
    # Importing a module imports its packages: those say what they are, and import nothing.
    graph[()] = set()
    assert [[shown(one) for one in group] for group in circles(graph)] == []


def test_the_build_scripts_import_nothing_in_a_circle() -> None:
    scripts = {path.stem: path for folder in (ROOT, ROOT / "tools") for path in folder.glob("*.py")}
    graph: dict[Module, set[Module]] = {}
    for name, path in scripts.items():
        used = {
            part
            for node in ast.walk(tree(path))
            if isinstance(node, ast.Import | ast.ImportFrom)
            for part in (
                [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else [alias.name for alias in node.names]
            )
        }
        graph[(name,)] = {(part,) for part in used & set(scripts)}
    assert len(graph) > 3
    assert circles(graph) == []


def test_the_circle_finder_finds_circles() -> None:
    graph = {("a",): {("b",)}, ("b",): {("c",)}, ("c",): {("a",)}, ("d",): {("a",), ("d",)}}
    assert sorted(sorted(group) for group in circles(graph)) == [[("a",), ("b",), ("c",)], [("d",)]]


@each_module
def test_only_ffi_imports_cffi(module: Module) -> None:
    names = {name[0] for _, name in names_imported(module)}
    assert floor_of(module) == "_ffi" or not names & {"cffi", "_cffi_backend"}


def test_spec_uses_neither_ffmpeg_nor_threads_nor_numpy() -> None:
    forbidden = {"threading", "queue", "asyncio", "numpy", "ctypes", "subprocess"}
    found = {
        f"{shown(module)}:{line} {name[0]}"
        for module in MODULES
        if floor_of(module) == "_spec"
        for line, name in names_imported(module)
        if name[0] in forbidden and (module, name[0]) not in ALSO_NUMPY
    }
    assert not found


def named(module: Module) -> Iterator[tuple[int, str]]:
    """Yield (line, name) for everything that a module names: variables, attributes, imports."""
    for node in walk(tree(modules()[module])):
        if isinstance(node, ast.Name):
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute):
            yield node.lineno, node.attr
        elif isinstance(node, ast.ImportFrom | ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name.rpartition(".")[2]


@each_module
def test_only_files_name_libavformat(module: Module) -> None:
    if floor_of(module) == "_ffi" or wing_of(module) == "files":
        return
    lines = [line for line, name in named(module) if name == "avformat"]
    assert not lines, f"{shown(module)} names avformat in lines {lines}"


@each_module
def test_only_av_uses_the_libraries(module: Module) -> None:
    if floor_of(module) in ("_ffi", "_av"):
        return
    wrong = [
        f"line {line}: {name[-1]}"
        for line, name in names_imported(module)
        if name[:2] == ("ffwebcodecs", "_ffi") and name[-1] in LIBRARIES | {"ffi"}
    ]
    assert not wrong, f"{shown(module)} imports " + "; ".join(wrong)


def is_native(node: ast.AST) -> bool:
    """Tell whether an expression is a raw pointer: those are called `ptr`, or end with `_ptr`."""
    name = getattr(node, "id", None) or getattr(node, "attr", "")
    return bool(name == "ptr" or name.endswith("_ptr"))


def fields_touched(source: ast.AST) -> list[tuple[int, str]]:
    """Return (line, text) wherever a field or an element of a raw pointer is read or written."""
    touched: list[ast.AST] = []
    for node in walk(source):
        if isinstance(node, ast.Attribute | ast.Subscript):
            owner: ast.AST | None = node.value
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("getattr", "setattr"):
            owner = node.args[0]
        else:
            continue
        if owner is not None and is_native(owner):
            touched.append(node)
    return [(getattr(node, "lineno", 0), ast.unparse(node)) for node in touched]


@each_module
def test_only_av_touches_fields_of_native_structs(module: Module) -> None:
    if floor_of(module) in ("_ffi", "_av"):
        return
    assert fields_touched(tree(modules()[module])) == []


@each_module
def test_raw_pointers_are_called_so_above_av(module: Module) -> None:
    # Of the fields of FFmpeg's structs, those that nothing of ours is called.
    unmistakable = struct_fields() & {
        "pts", "dts", "linesize", "codecpar", "pict_type", "extradata_size", "nb_streams",
        "stream_index", "side_data_elems", "color_trc", "hw_frames_ctx", "coded_side_data",
    }  # fmt: skip
    assert len(unmistakable) > 8
    if floor_of(module) in ("_ffi", "_av", "_spec"):
        return
    found = [
        (node.lineno, ast.unparse(node))
        for node in walk(tree(modules()[module]))
        if isinstance(node, ast.Attribute)
        and node.attr in unmistakable
        and ast.unparse(node.value) not in ("entry", "table")  # of a Timeline, a PacketTable
    ]
    assert found == []


def test_the_field_finder_finds_fields() -> None:
    text = "a = ptr.pts\nself._ptr.width = 1\npicture.ptr.data[0]\npacket_ptr[0]\nframe.width"
    assert [line for line, _ in fields_touched(ast.parse(text))] == [1, 2, 3, 4]


def test_only_av_calls_what_allocates_and_frees() -> None:
    endings = ("_alloc", "_alloc3", "_free", "_freep", "_unref", "_close", "_close_input")
    found = [
        f"{shown(module)}:{node.lineno} {node.attr}"
        for module in MODULES
        if floor_of(module) not in ("_av", "_ffi")
        for node in walk(tree(modules()[module]))
        if isinstance(node, ast.Attribute)
        and node.attr.endswith(endings)
        and isinstance(node.value, ast.Name)
        and node.value.id in LIBRARIES
    ]
    assert not found
