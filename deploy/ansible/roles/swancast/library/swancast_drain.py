#!/usr/bin/python3
"""Empties a gateway, for long enough for what is to be done there."""

import json
import subprocess
import time

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = """
module: swancast_drain
short_description: Drains a gateway for a time, and keeps it drained as long as that is needed
description:
  - Orders C(swancast drain), and waits until the gateway is empty. The drain ends by itself, should nobody come back.
  - Where it is drained for long enough nothing is done; our own drain is ordered anew where it would end too early.
options:
  who:
    description: Who orders it, as C(swancast status) shows it.
    type: str
    required: true
  reason:
    description: Why.
    type: str
    required: true
  deadline:
    description: How many seconds clients may take to leave.
    type: int
    required: true
  lasts:
    description: After how many seconds the drain ends by itself.
    type: int
    required: true
  needed:
    description: How many seconds it has to last from now on.
    type: int
    required: true
"""

EXAMPLES = """
- name: Drain
  swancast_drain:
    who: ansible
    reason: a roll-out
    deadline: 300
    lasts: 1260
    needed: 960
"""

RETURN = """
remaining:
  description: In how many seconds it ends by itself; null for not at all.
  type: int
  returned: success
"""

PROGRAM = "/usr/bin/swancast"
# The gateway before this one may only just be back, and this one not have heard of it; or this one has just started.
PATIENCE_SECONDS = 10
# Beside the deadline: the order itself asks the others.
ORDER_SECONDS = 60


def ran(seconds, *arguments):
    try:
        done = subprocess.run(
            [PROGRAM, *arguments], capture_output=True, text=True, timeout=seconds, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return 1, "", str(error)
    return done.returncode, done.stdout, done.stderr.strip()


def current():
    """The drain that is in force, None for none. Raises ValueError when swancast does not say."""
    code, text, error = ran(20, "status", "--json")
    if not text.startswith("{"):
        raise ValueError(error or f"swancast status ended with exit code {code}")
    return (json.loads(text).get("sessions") or {}).get("drain")


def judged(drain, who, needed):
    """What is to be done about the drain in force: "nothing", "order", or "refuse", as it is somebody else's."""
    if drain is None:
        return "order"
    remaining = drain.get("remaining_seconds")
    lasts = remaining is None or remaining >= needed
    if drain["who"] != who and not lasts:
        return "refuse"
    # An order leaves somebody else's drain as it is, and waits for its end.
    return "nothing" if lasts and drain["phase"] == "done" and not drain["timed_out"] else "order"


def order(params, is_ours):
    """Why it did not work, "" when the gateway is empty."""
    arguments = ["drain", f"--as={params['who']}", f"--reason={params['reason']}", "--wait"]
    arguments += [f"--deadline={params['deadline']}s", f"--for={params['lasts']}s"]
    # It is out already: whatever speaks against that now, it is back soonest when the work goes on.
    arguments += ["--force"] if is_ours else []
    end = time.monotonic() + PATIENCE_SECONDS
    while True:
        code, text, error = ran(params["deadline"] + ORDER_SECONDS, *arguments)
        if code == 0:
            return ""
        if "refused" not in error or time.monotonic() >= end:
            return " ".join(f"{error} {text}".split()) or f"exit code {code}"
        time.sleep(1)


def main():
    module = AnsibleModule(
        {
            "who": {"type": "str", "required": True},
            "reason": {"type": "str", "required": True},
            "deadline": {"type": "int", "required": True},
            "lasts": {"type": "int", "required": True},
            "needed": {"type": "int", "required": True},
        },
        supports_check_mode=True,
    )
    params = module.params
    try:
        drain = current()
        what = judged(drain, params["who"], params["needed"])
        if what == "refuse":
            module.fail_json(
                msg=f"it is drained by {drain['who']} ({drain['reason']}) for {int(drain['remaining_seconds'])} s more, which "
                f"may not be enough: {params['needed']} s are needed. Drain it for longer, or undrain it"
            )
        if what == "order" and not module.check_mode:
            problem = order(params, is_ours=drain is not None and drain["who"] == params["who"])
            if problem:
                module.fail_json(msg=f"it could not be drained: {problem}")
            drain = current()
        module.exit_json(
            changed=what == "order",
            drained_by=(drain or {}).get("who", ""),
            remaining=(drain or {}).get("remaining_seconds"),
        )
    except (ValueError, KeyError) as error:
        module.fail_json(msg=f"swancast does not say whether it is drained: {error}")


if __name__ == "__main__":
    main()
