"""Runs the steps of contrib/gitlab-ci.yml and contrib/action.yml as their services do, up to what those do themselves."""

import os
import subprocess
import sys
from pathlib import Path

import yaml

contrib = Path(__file__).resolve().parent.parent
project, work, dist = (Path(word) for word in sys.argv[1:])


def run(line, environment, status=0):
    print("$", line.strip(), flush=True)
    shell = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", line]
    ended = subprocess.run(shell, env=os.environ | environment, cwd=project, stdin=subprocess.DEVNULL, text=True, stdout=subprocess.PIPE)
    print(ended.stdout, end="", flush=True)
    if ended.returncode != status:
        sys.exit(f"exit status {ended.returncode}, not {status}")
    return ended.stdout


# GitLab: the wheel from here, the job's own lines; the last one fails, and leaves a report.
job = yaml.safe_load((contrib / "gitlab-ci.yml").read_text())["tcpcheck"]
subprocess.run(["python3", "-m", "venv", work / "venv"], check=True)
environment = job["variables"] | {
    "PATH": f"{work / 'venv/bin'}:{os.environ['PATH']}",
    "PIP_NO_INDEX": "1",
    "PIP_FIND_LINKS": str(dist),
}
for line in job["before_script"]:
    run(line, environment)
(line,) = job["script"]
run(line, environment, status=1)
assert "<failure" in (project / job["artifacts"]["reports"]["junit"]).read_text()

# GitHub: the steps that are shell, with the inputs' defaults; the installer takes a release of this machine.
action = yaml.safe_load((contrib / "action.yml").read_text())
inputs = {name: given.get("default", "captures") for name, given in action["inputs"].items()}
paths, summary = work / "paths", work / "summary.md"
paths.touch()
environment = {
    "HOME": str(work / "home"),
    "GITHUB_PATH": str(paths),
    "GITHUB_ACTION_PATH": str(contrib),
    "GITHUB_STEP_SUMMARY": str(summary),
    "TCPCHECK_RELEASES": f"file://{work / 'releases'}",
}
steps = [step for step in action["runs"]["steps"] if "run" in step]
for number, step in enumerate(steps, 1):
    own = {}
    for name, value in step.get("env", {}).items():
        for given, word in inputs.items():
            value = value.replace("${{ inputs.%s }}" % given, word)
        own[name] = value
    path = ":".join([*paths.read_text().split(), "/usr/bin:/bin"])
    said = run(step["run"], environment | own | {"PATH": path}, status=int(number == len(steps)))
assert "::error file=tcpcheck.toml,line=3," in said
assert summary.read_text().startswith("## tcpcheck: failed")
