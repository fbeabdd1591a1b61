#!/usr/bin/python3
"""What a new configuration would mean for this host, found out without touching it."""

import json
import os
import re
import shutil
import subprocess
import tempfile

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = """
module: swancast_rehearse
short_description: Checks a configuration of swancast and says what it would take to change to it
description:
  - Runs C(swancast config check) on the new configuration, with the new credentials, in a directory of its own.
  - Compares it with the one in use, and files of the host with what they are to be.
  - Changes nothing, so it also runs in check mode.
options:
  program:
    description: The swancast that is to run it. Empty, and nothing is checked.
    type: list
    elements: str
    required: true
  package:
    description: A package to unpack for I(program), which then is looked for below it.
    type: path
  config:
    description: The text of the new configuration.
    type: str
    required: true
  credentials:
    description: The new credentials by name.
    type: dict
    default: {}
  files:
    description: Paths and the texts that are to be in them. Where it is empty there is to be no such file.
    type: dict
    default: {}
  parts:
    description: Paths and whole lines that are to be a part of them.
    type: dict
    default: {}
  gtsm:
    description: Where the rules of C(swancast render gtsm) are to be; empty for nowhere.
    type: path
"""

EXAMPLES = """
- name: Rehearse
  swancast_rehearse:
    program: [/usr/bin/swancast]
    config: "{{ text }}"
  register: rehearsal
"""

RETURN = """
problem:
  description: Why the configuration is refused, "" when it is not.
  type: str
  returned: always
differs:
  description: The paths that are to change.
  type: list
  returned: always
"""

CONFIG = "/etc/swancast/swancast.yaml"
CREDENTIALS = "/etc/swancast/credentials"
DEADLINE_SECONDS = 60
# Whatever is in these sections, a running swancast cannot take over: see "Reload" in sidecar/README.md.
FIXED = ("gateway", "strongswan", "bgp", "lease", "http", "control")


class Trial:
    """A directory that nobody else can look into, with the new configuration and its credentials."""

    def __init__(self, directory, params):
        self.program = params["program"]
        self.config = os.path.join(directory, "swancast.yaml")
        self.credentials = os.path.join(directory, "credentials")
        os.mkdir(self.credentials, 0o700)
        write(self.config, params["config"])
        for name, value in params["credentials"].items():
            write(os.path.join(self.credentials, os.path.basename(name)), str(value))

    def run(self, *arguments, config=None):
        """Runs it as the unit would, with the new configuration or with the one that is in use."""
        credentials = self.credentials if config is None else CREDENTIALS
        env = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "SWANCAST_BGP_SUPERVISE": "false",
            **({"CREDENTIALS_DIRECTORY": credentials} if os.path.isdir(credentials) else {}),
        }
        command = [*self.program, *arguments, "-c", config or self.config]
        return subprocess.run(
            command, capture_output=True, text=True, timeout=DEADLINE_SECONDS, check=False, env=env
        )


def write(path, text):
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)


def content(path):
    """The text of a file, None when there is none."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except (FileNotFoundError, NotADirectoryError):
        return None


def has_lines(path, text):
    return f"\n{text.strip()}\n" in f"\n{content(path) or ''}\n"


def fixed_part(plain):
    """Without what a reload takes over although it is in a fixed section: sidecar/reload.ts."""
    part = {key: dict(plain.get(key) or {}) for key in FIXED}
    part["strongswan"].pop("restart_grace_ms", None)
    part["bgp"].pop("allowed_prefixes", None)
    part["bgp"]["neighbors"] = neighbors_of(plain)
    return part


def neighbors_of(plain):
    return [
        {key: value for key, value in neighbor.items() if key not in ("name", "side")}
        for neighbor in (plain.get("bgp") or {}).get("neighbors") or []
    ]


def compare(trial, directory, changed):
    """What the running daemons need to get there: swancast nothing, a reload or a restart, and ExaBGP the same."""
    worst = {"daemon": "restart", "speaker": "restart"}
    if content(CONFIG) is None:
        return worst
    old, new = (trial.run("config", "print", "--json", config=each) for each in (CONFIG, None))
    rendered = [trial.run("render", "exabgp", config=each) for each in (CONFIG, None)]
    if any(each.returncode != 0 for each in (old, new, *rendered)):
        return worst
    before, after = (json.loads(each.stdout) for each in (old, new))
    needed = speaker(trial, directory, after, [each.stdout for each in rendered], changed)
    # What ExaBGP has to be told anew, a running swancast refuses too: which neighbors carry several paths, say.
    is_fixed = needed == "restart" or fixed_part(before) != fixed_part(after)
    return {
        "daemon": "restart" if is_fixed else "none" if before == after else "reload",
        "speaker": needed,
    }


def speaker(trial, directory, after, rendered, changed):
    """A reload is for further neighbors: those that are set up otherwise or gone lose their session by it, too."""
    if rendered[0] == rendered[1]:
        return "none"
    if not neighbor_blocks(rendered[0]) <= neighbor_blocks(rendered[1]):
        return "restart"
    # A unit keeps the credentials that it was started with.
    if any(neighbor.get("password_credential") in changed for neighbor in neighbors_of(after)):
        return "restart"
    running = os.path.join(directory, "exabgp.conf")
    write(running, rendered[0])
    taken = trial.run("render", "exabgp", "--output", running, "--reload")
    return "reload" if taken.returncode == 0 else "restart"


def neighbor_blocks(rendered):
    """Of exabgp.conf: all that ExaBGP knows of a neighbor, our router id and ADD-PATH among it."""
    return set(re.findall(r"^neighbor \S+ \{\n(?:\t.*\n)*\}$", rendered, re.MULTILINE))


def changed_credentials(wanted):
    """The names of those that are new, others, or gone."""
    known = os.listdir(CREDENTIALS) if os.path.isdir(CREDENTIALS) else []
    return [
        name
        for name in sorted({*known, *wanted})
        if content(os.path.join(CREDENTIALS, name)) != (str(wanted[name]) if name in wanted else None)
    ]


def rehearse(module, directory, unpacked):
    params = module.params
    changed = changed_credentials(params["credentials"])
    trial = Trial(directory, params)
    if params["package"]:
        code, _, error = module.run_command(["dpkg-deb", "--extract", params["package"], unpacked])
        if code != 0:
            module.fail_json(msg=f"{params['package']} is no Debian package: {error.strip()}")
        trial.program = [unpacked + params["program"][0], *(unpacked + each for each in params["program"][1:])]
    files = dict(params["files"])
    problem, warnings, needs, rules = "", [], {"daemon": "restart", "speaker": "restart"}, None
    if trial.program:
        check = trial.run("config", "check")
        # The path is that of a directory which is gone by the time somebody reads it.
        said = check.stderr.replace(trial.config, CONFIG).strip()
        if check.returncode != 0:
            problem = said or f"swancast config check ended with exit code {check.returncode}"
        else:
            warnings = said.splitlines()
            needs = compare(trial, directory, changed)
            if params["gtsm"]:
                rules = files[params["gtsm"]] = trial.run("render", "gtsm").stdout
    differs = [path for path, text in files.items() if (content(path) or "") != (text or "")]
    differs += [path for path, text in params["parts"].items() if not has_lines(path, text)]
    known = os.listdir(CREDENTIALS) if os.path.isdir(CREDENTIALS) else []
    return {
        "problem": problem,
        "notes": warnings,
        "differs": sorted(differs),
        "credentials": changed,
        "strays": sorted(set(known) - set(params["credentials"])),
        "gtsm": rules,
        **needs,
    }


def main():
    module = AnsibleModule(
        {
            "program": {"type": "list", "elements": "str", "required": True},
            "package": {"type": "path"},
            "config": {"type": "str", "required": True},
            "credentials": {"type": "dict", "default": {}, "no_log": True},
            "files": {"type": "dict", "default": {}},
            "parts": {"type": "dict", "default": {}},
            "gtsm": {"type": "path"},
        },
        supports_check_mode=True,
    )
    # Secrets stay in memory; a package is too large for that.
    directory = tempfile.mkdtemp(prefix="swancast-rehearsal.", dir="/run")
    unpacked = tempfile.mkdtemp(prefix="swancast-rehearsal.", dir="/var/tmp")
    try:
        result = rehearse(module, directory, unpacked)
    except (OSError, subprocess.TimeoutExpired, ValueError) as error:
        module.fail_json(msg=f"the configuration could not be tried: {error}")
    finally:
        shutil.rmtree(directory, ignore_errors=True)
        shutil.rmtree(unpacked, ignore_errors=True)
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
