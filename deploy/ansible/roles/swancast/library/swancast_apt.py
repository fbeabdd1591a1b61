#!/usr/bin/python3
"""Upgrades packages that are installed, from files or from repositories, and says beforehand which."""

import os
import re

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = """
module: swancast_apt
short_description: Upgrades several packages at once that need each other
description:
  - What C(ansible.builtin.apt) cannot do with files, since it looks at each of them alone.
  - In check mode says what would be upgraded.
options:
  packages:
    description: Names of installed packages, or absolute paths of packages.
    type: list
    elements: str
    required: true
"""

EXAMPLES = """
- name: Upgrade
  swancast_apt:
    packages: [charon-systemd, strongswan-swanctl]
"""

RETURN = """
upgrades:
  description: What is (or would be) upgraded, "NAME OLD -> NEW" each.
  type: list
  returned: success
removals:
  description: What apt would remove for it. Nothing is done then.
  type: list
  returned: always
"""

OPTIONS = ["--yes", "--quiet", "--no-install-recommends", "--allow-downgrades", "-o", "Dpkg::Options::=--force-confold"]


def main():
    module = AnsibleModule(
        {"packages": {"type": "list", "elements": "str", "required": True}}, supports_check_mode=True
    )
    packages = module.params["packages"]
    # A file may bring a package that was not there: then it is not an upgrade alone.
    only = [] if any(each.startswith("/") for each in packages) else ["--only-upgrade"]
    command = ["apt-get", "install", *OPTIONS, *only]
    env = {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    code, said, error = module.run_command([*command, "--simulate", *packages], environ_update=env)
    if code != 0:
        module.fail_json(msg=f"apt-get cannot upgrade {' '.join(map(os.path.basename, packages))}: {error.strip()}")
    upgrades = [
        f"{name} {old or 'none'} -> {new}"
        for name, old, new in re.findall(r"^Inst (\S+)(?: \[([^\]]+)\])? \((\S+)", said, re.MULTILINE)
    ]
    removals = re.findall(r"^Remv (\S+)", said, re.MULTILINE)
    if upgrades and not removals and not module.check_mode:
        code, said, error = module.run_command([*command, *packages], environ_update=env)
        if code != 0:
            module.fail_json(msg=f"apt-get failed: {error.strip()}", stdout=said)
    module.exit_json(changed=bool(upgrades), upgrades=upgrades, removals=removals)


if __name__ == "__main__":
    main()
