#!/usr/bin/python3
"""What is there on a gateway, read and never changed."""

import glob
import grp
import hashlib
import json
import os
import socket
import subprocess

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = """
module: swancast_look
short_description: What of swancast and strongSwan is there on this host
description:
  - Reads versions of packages, states of units, the group of charon's VICI socket and the status of swancast.
  - Changes nothing, so it also runs in check mode.
options:
  cache:
    description: Where packages are kept on the host.
    type: path
    required: true
  vici_socket:
    description: charon's socket.
    type: path
    default: /run/charon.vici
  digest:
    description: Whether to say by a digest what ExaBGP is to be configured with.
    type: bool
    default: false
"""

EXAMPLES = """
- name: Look
  swancast_look:
    cache: /var/cache/swancast
  register: host
"""

RETURN = """
installed:
  description: The installed version of swancast, "" for none.
  type: str
  returned: always
daemon:
  description: The unit, and what swancast says of itself. Its state is "none" while it does not run.
  type: dict
  returned: always
"""

DEADLINE_SECONDS = 10


def said(*command, **settings):
    """Standard output of a command, "" when it fails or is not there."""
    env = {**os.environ, **settings}
    try:
        ran = subprocess.run(
            command, capture_output=True, text=True, timeout=DEADLINE_SECONDS, check=False, env=env
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return ran.stdout.strip() if ran.returncode == 0 else ""


def package(name):
    """State and version of a package, as dpkg has them; "" and "" where there never was one."""
    state, _, version = said("dpkg-query", "-W", "-f", "${db:Status-Status} ${Version}", name).partition(" ")
    return ("", "") if state in ("", "not-installed", "config-files") else (state, version)


def unit(name):
    """The properties of a unit that matter here."""
    lines = said("systemctl", "show", name, "-p", "LoadState,ActiveState,MainPID").splitlines()
    found = dict(line.split("=", 1) for line in lines if "=" in line)
    return {
        "there": found.get("LoadState") == "loaded",
        "active": found.get("ActiveState") in ("active", "reloading"),
        "pid": int(found.get("MainPID") or 0),
    }


def daemon():
    """What the running swancast says of itself; "none" is the state of one that does not run."""
    try:
        status = json.loads(said("/usr/bin/swancast", "status", "--json") or "{}")
    except ValueError:
        status = {}
    drain = (status.get("sessions") or {}).get("drain") or {}
    return {
        **unit("swancast.service"),
        "state": status.get("state", "none"),
        "gateway": status.get("gateway", ""),
        "fleet": "fleet" in status,
        "drained_by": drain.get("who", ""),
        "drain_reason": drain.get("reason", ""),
        "drain_remaining": drain.get("remaining_seconds"),
    }


def is_outdated(pid):
    """Whether a process of strongSwan still runs files that an upgrade has replaced."""
    try:
        with open(f"/proc/{pid}/maps", encoding="utf-8", errors="replace") as file:
            replaced = [line for line in file if line.rstrip().endswith("(deleted)")]
    except OSError:
        return False
    return any("/ipsec/" in line or "/charon" in line for line in replaced)


def packages_of(source):
    """The installed packages that were built from a source package."""
    lines = said("dpkg-query", "-W", "-f", "${source:Package} ${db:Status-Status} ${Package}\\n").splitlines()
    return sorted(line.split()[2] for line in lines if line.startswith(f"{source} installed "))


def speaker_digest():
    """Of the configuration that ExaBGP is to run with now; "" where there is none. It holds passwords."""
    credentials = "/etc/swancast/credentials"
    settings = {"CREDENTIALS_DIRECTORY": credentials} if os.path.isdir(credentials) else {}
    text = said("/usr/bin/swancast", "render", "exabgp", SWANCAST_BGP_SUPERVISE="false", **settings)
    return hashlib.sha256(text.encode()).hexdigest() if text else ""


def is_marked(path, marker):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return marker in file.read()
    except OSError:
        return False


def unfragmented():
    """The files of strongSwan in which IKE fragmentation is switched off."""
    pattern = r"^\s*fragmentation\s*=\s*(no|accept)"
    return said("grep", "-rlsE", pattern, "/etc/swanctl", "/etc/ipsec.conf", "/etc/ipsec.d").splitlines()


def group_of(path):
    """The group that owns it, "" when it is not there."""
    try:
        gid = os.stat(path).st_gid
    except OSError:
        return ""
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


def main():
    module = AnsibleModule(
        {
            "cache": {"type": "path", "required": True},
            "vici_socket": {"type": "path", "default": "/run/charon.vici"},
            "digest": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    cache = module.params["cache"]
    state, installed = package("swancast")
    strongswan = unit("strongswan.service")
    unfinished = os.path.exists(os.path.join(cache, "unfinished"))
    module.exit_json(
        changed=False,
        architecture=said("dpkg", "--print-architecture"),
        systemd=int((said("systemctl", "--version").split() or ["", "0"])[1].split("~")[0].split(".")[0]),
        installed=installed,
        package_state=state,
        unfragmented=unfragmented(),
        name=socket.gethostname(),
        strongswan={
            **strongswan,
            "outdated": is_outdated(strongswan["pid"]),
            "version": package("charon-systemd")[1],
            "packages": packages_of("strongswan"),
        },
        frr=package("frr")[1],
        bfd=is_marked("/etc/frr/frr.conf", "swancast_bfd"),
        nft=os.path.exists("/usr/sbin/nft"),
        has_rules=unit("swancast-nftables.service")["active"],
        daemon=daemon(),
        speaker={**unit("swancast-bgp.service"), "digest": speaker_digest() if module.params["digest"] else ""},
        vici_group=group_of(module.params["vici_socket"]),
        kept=sorted(os.path.basename(each) for each in glob.glob(os.path.join(cache, "*.deb"))),
        unfinished=unfinished,
        # What a roll-out begins with where there is something: it keeps that.
        never_finished=unfinished and not os.path.exists(os.path.join(cache, "previous.tar")),
    )


if __name__ == "__main__":
    main()
