"""A stage of serverless.yml as CloudFormation gets it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.packages import NODE, install
from tests.running import ROOT

OSLS = ROOT / "infra" / "node_modules" / ".bin" / "osls"
NOWHERE = "http://127.0.0.1:9"
"""A proxy that nobody runs: whoever asks another host for something fails."""


@dataclass(frozen=True)
class Stack:
    """The template of one stage, references and functions not resolved."""

    path: Path
    template: Mapping[str, Any]

    def __getitem__(self, name: str) -> dict[str, Any]:
        """The properties of a resource."""
        properties: dict[str, Any] = self.template["Resources"][name].get("Properties", {})
        return properties

    def __contains__(self, name: str) -> bool:
        return name in self.template["Resources"]

    def of(self, kind: str) -> dict[str, dict[str, Any]]:
        """The properties of all resources of a type, by their names."""
        return {name: self[name] for name, each in self.template["Resources"].items() if each["Type"] == kind}


def package(stage: str, folder: Path, *changes: tuple[str, str]) -> Stack:
    """Package a stage in an empty folder, without network and credentials; `changes` are made to serverless.yml first.

    The archive is a stand-in: what is in it does not show in a template.
    """
    install(ROOT / "infra")
    text = (ROOT / "serverless.yml").read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (folder / "serverless.yml").write_text(text)
    shutil.copytree(ROOT / "infra", folder / "infra", ignore=shutil.ignore_patterns("node_modules"))
    (folder / "build").mkdir()
    (folder / "build" / "lambda.zip").write_bytes(b"PK\x05\x06" + bytes(18))
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "https_proxy": NOWHERE, "http_proxy": NOWHERE}
    command = [NODE, OSLS, "package", "--stage", stage, "--package", "out"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return packaged(folder)


def packaged(folder: Path) -> Stack:
    """What `package` has left in a folder."""
    path = folder / "out" / "cloudformation-template-update-stack.json"
    return Stack(path, json.loads(path.read_text()))


def referred(value: object) -> Iterator[str]:
    """The names of the resources that a value is made of, by `Ref`, `Fn::GetAtt` or `Fn::Sub`."""
    match value:
        case {"Ref": str(name)}:
            yield name
        case {"Fn::GetAtt": [str(name), _]}:
            yield name
        case {"Fn::Sub": str(text)}:
            yield from (each.split("}")[0].split(".")[0] for each in text.split("${")[1:])
        case {"Fn::Sub": [str(text), {**given}]}:
            yield from (each for each in referred({"Fn::Sub": text}) if each not in given)
            yield from referred([*given.values()])
        case dict():
            for each in value.values():
                yield from referred(each)
        case list():
            for each in value:
                yield from referred(each)


def name_of(value: object) -> str:
    """The one resource that a value is made of."""
    [name] = referred(value)
    return name
