"""The code of ``docs/protocols/ag-ui.md``, as its reader would use it."""

import json
import re
import shutil
import subprocess
from typing import Any

import pytest

from tests.ag_ui.scene import Scene
from tests.ag_ui_verifier import FOLDER
from tests.emulators.converse.scripts import ToolUse, calls, says
from tests.server_process import ROOT

pytestmark = pytest.mark.slow

PAGE = (ROOT / "docs" / "protocols" / "ag-ui.md").read_text()
AGENT = 'import { HttpAgent } from "@ag-ui/client";\nconst agent = new HttpAgent({ url: URL });\n'


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def script(part: str) -> str:
    """The only piece of JavaScript that holds these words."""
    (code,) = [each for each in blocks("js") if part in each]
    return code


def run_script(scene: Scene, code: str, *functions: str) -> tuple[Any, ...]:
    """Run JavaScript; gives what it called the functions of the reader's page with."""
    node = shutil.which("node")
    assert node is not None
    url = json.dumps(f"{scene.url}/invocations")
    imports = [line for line in code.splitlines() if line.startswith("import ")]
    rest = code.replace("\n".join(imports), "")
    rest = rest.replace('"http://127.0.0.1:8080/invocations"', "URL")
    noting = "(value) => { noted.push(value); return true; };"
    noted = [f"const {each} = {noting}" for each in functions]
    whole = [*imports, f"const URL = {url}, noted = [];", *noted, rest]
    ended = "console.log(JSON.stringify(noted));"
    done = subprocess.run(
        [node, "--input-type=module"],
        cwd=FOLDER,
        input="\n".join([*whole, ended]),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return tuple(json.loads(done.stdout))


def test_the_first_lines_show_an_answer(scene: Scene) -> None:
    scene.plays(says("It is 391."))
    assert "".join(run_script(scene, script("17 times 23"), "show")) == "It is 391."


def test_a_tool_of_the_page_paints_and_the_model_is_told(scene: Scene) -> None:
    scene.plays(calls(ToolUse("paint", {"colour": "blue"})), says("It is blue."))
    assert run_script(scene, script("Set the background"), "paint") == ("blue",)
    assert "Painted." in str(scene.shown()[1]["messages"])


def test_a_question_of_the_server_is_answered(scene: Scene) -> None:
    scene.plays(calls(ToolUse("order", {"thing": "bread"})), says("It is ordered."))
    begun = AGENT + 'agent.addMessage({ id: "1", role: "user", content: "Order bread" });\n'
    assert run_script(scene, begun + script("confirm(message)"), "confirm") == ("Order bread?",)
    assert "Ordered bread: true." in str(scene.shown()[1]["messages"])
