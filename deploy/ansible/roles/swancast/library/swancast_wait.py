#!/usr/bin/python3
"""Waits until swancast says yes."""

import json
import subprocess
import time

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = """
module: swancast_wait
short_description: Waits for a gate of swancast to open
description:
  - Asks C(swancast fleet --gate) on the gateway, or its status where there is no fleet, until it says yes.
  - Fails when the time is over, with what was said last. Changes nothing.
options:
  gate:
    description: Whether this gateway may be taken out, or whether it announces all its prefixes with nothing failing.
    type: str
    choices: [drain, announced]
    required: true
  gateway:
    description: The name of this gateway, as in its configuration.
    type: str
    required: true
  fleet:
    description: Whether it knows others. Without them it is never told that it may be taken out.
    type: bool
    required: true
  minimum:
    description: How many others must announce.
    type: int
  seconds:
    description: How long to ask.
    type: int
    required: true
  advice:
    description: What to say when it does not open.
    type: str
    required: true
"""

EXAMPLES = """
- name: Wait
  swancast_wait:
    gate: announced
    gateway: gw1
    fleet: true
    seconds: 60
    advice: Nothing was touched.
"""

RETURN = """
seconds:
  description: How long it took.
  type: float
  returned: success
"""

PROGRAM = "/usr/bin/swancast"
EVERY_SECONDS = 0.25
# Of swancast fleet --gate: no fleet, no such gateway, no answer.
CANNOT_TELL = 2


def ran(*arguments):
    try:
        done = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return CANNOT_TELL, "", str(error)
    return done.returncode, done.stdout, done.stderr.strip()


def ask(params):
    """Why not, "" for yes."""
    if params["fleet"]:
        arguments = ["fleet", "--gate", params["gate"], "--gateway", params["gateway"]]
        if params["minimum"] is not None:
            arguments += ["--minimum", str(params["minimum"])]
        code, _, reasons = ran(*arguments)
        return "" if code == 0 else reasons or f"exit code {code}"
    if params["gate"] == "drain":
        return "no fleet is configured (fleet.gateways), so nobody can tell whether others can take its clients"
    code, text, reasons = ran("status", "--json")
    if code != 0:
        return reasons or f"exit code {code}"
    prefixes = json.loads(text)["prefixes"]
    return "; ".join(
        f"{each['prefix']}: {each['state']} ({each['reason']})"
        for each in prefixes
        if each["state"] != "announced" or not each["acknowledged"]
    )


def main():
    module = AnsibleModule(
        {
            "gate": {"type": "str", "choices": ["drain", "announced"], "required": True},
            "gateway": {"type": "str", "required": True},
            "fleet": {"type": "bool", "required": True},
            "minimum": {"type": "int"},
            "seconds": {"type": "int", "required": True},
            "advice": {"type": "str", "required": True},
        },
        supports_check_mode=True,
    )
    begun = time.monotonic()
    end = begun + module.params["seconds"]
    while True:
        try:
            reasons = ask(module.params)
        except (ValueError, KeyError) as error:
            reasons = f"swancast status --json is not what was expected ({error!r})"
        now = time.monotonic()
        if reasons == "":
            module.exit_json(changed=False, seconds=round(now - begun, 2))
        if now >= end:
            name, asked = module.params["gateway"], module.params["gate"]
            what = "may not be taken out" if asked == "drain" else "does not announce as it should"
            module.fail_json(msg=f"{name} {what}: {reasons}. {module.params['advice']}", reasons=reasons)
        time.sleep(EVERY_SECONDS)


if __name__ == "__main__":
    main()
