"""Says what became of a gateway that could not be reached any more in the middle of a play."""

import os

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: swancast_lost
type: notification
short_description: Says which gateway was lost, in what state, and the way out
description:
  - Ansible rescues nothing on a host that it cannot reach. It stops, as the whole batch is lost, and touches no other.
  - Beside the plays, it is loaded without being asked for.
"""

# What is lost at any other task may have begun, and gone on without us.
LOOKS = ("swancast_look", "swancast_wait", "swancast_rehearse", "stat", "assert", "set_fact", "debug")
PREFLIGHT = "All that can be found out before anything is touched"


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "swancast_lost"

    def __init__(self):
        super().__init__()
        self.playbook = ""
        self.is_preflight = False
        self.hosts = []
        self.touched = set()
        self.drained = {}
        self.done = set()
        self.lost = []

    def v2_playbook_on_start(self, playbook):
        self.playbook = os.path.basename(playbook._file_name)

    def v2_playbook_on_play_start(self, play):
        """Also before each batch of hosts."""
        self.is_preflight = play.get_name() == PREFLIGHT
        # The hosts of the play in their order, as --limit leaves them, and not those of this batch alone.
        inventory = play.get_variable_manager()._inventory
        hosts = inventory.get_hosts(play.hosts, ignore_restrictions=True, order=play.order)
        self.hosts = [host.name for host in hosts]

    def v2_runner_on_ok(self, result):
        host, task, said = result._host.name, result._task, result._result
        if task.action == "swancast_drain":
            self.drained[host] = said.get("remaining")
        elif task.action == "swancast_keep" and task.args.get("state") == "finished":
            self.done.add(host)
        elif "undrain" in str(task.args.get("argv", "")):
            self.drained.pop(host, None)
        if not self.is_preflight and said.get("changed"):
            self.touched.add(host)

    def v2_runner_on_unreachable(self, result):
        task, host = result._task, result._host.name
        looks = task.check_mode or task.action.split(".")[-1] in LOOKS
        if not self.is_preflight and not task.delegate_to and not looks:
            self.touched.add(host)
            if "drain" in task.get_name().lower():
                self.drained[host] = None
        self.lost.append((host, task.get_name().split(" : ")[-1], task.delegate_to, self.is_preflight))

    def v2_playbook_on_stats(self, stats):
        for host, task, delegate, is_preflight in self.lost:
            for line in self.sentences(host, task, delegate, is_preflight):
                self._display.display(line, color="red")

    def sentences(self, host, task, delegate, is_preflight):
        yield f"LOST {host}: it could not be reached any more, at the task: {task}"
        if delegate:
            yield f"  the host that this task is for, on behalf of {host}: {delegate}"
        yield f"  its state: {self.state(host, is_preflight)}"
        if is_preflight:
            yield "  no host was touched"
        elif host in self.hosts:
            untouched = self.hosts[self.hosts.index(host) + 1 :]
            yield f"  not touched: {', '.join(untouched)}" if untouched else "  it was the last one"
        yield f"  the way out, once it can be reached: the same command again (ansible-playbook … {self.playbook})" + (
            "" if is_preflight else ", which goes on there"
        )

    def state(self, host, is_preflight):
        if is_preflight or host not in self.touched:
            return "as it was, nothing was touched on it"
        if host in self.done:
            return "as it is to be: there is nothing more to do on it"
        if host not in self.drained:
            between = "not drained: it announces while swancast runs there and its checks pass"
        elif self.drained[host] is None:
            between = "perhaps drained (`swancast status` there says so, and until when)"
        else:
            minutes = max(1, round(self.drained[host] / 60))
            between = f"drained, which ends by itself {minutes} minutes later"
        return f"between what it was and what it is to be; {between}"
