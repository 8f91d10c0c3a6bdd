"""Prints the calls of a package's classes in a program, each with its keyword arguments, as JSON."""

import ast
import json
import sys

program, module = sys.argv[1:]


def describe(node):
    """A value as JSON: literals as they are, calls and words of the package by name, all else as unknown."""
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, (ast.List, ast.Tuple)):
        return [describe(item) for item in node.elts]
    if isinstance(node, ast.Dict):
        return {"dict": {describe(key): describe(value) for key, value in zip(node.keys, node.values)}}
    if isinstance(node, ast.JoinedStr):
        return "text"
    if isinstance(node, ast.Call) and is_in_package(node.func):
        return {"call": node.func.attr, "arguments": {word.arg: describe(word.value) for word in node.keywords}}
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute) and is_in_package(node.value):
        return {"enum": node.value.attr, "word": node.attr}
    return {"unknown": ast.unparse(node)}


def is_in_package(node):
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in names


with open(program, encoding="utf-8") as file:
    tree = ast.parse(file.read(), program)
names = {
    alias.asname or alias.name
    for node in ast.walk(tree)
    if isinstance(node, ast.Import)
    for alias in node.names
    if alias.name == module
}
statements = [node.value for node in tree.body if isinstance(node, (ast.Assign, ast.Expr))]
print(json.dumps([describe(call) for call in statements if isinstance(call, ast.Call) and is_in_package(call.func)]))
