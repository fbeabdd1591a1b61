#!/usr/bin/python3
"""Gets a version of the package from the repositories of the host."""

import glob
import os

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = """
module: swancast_fetch
short_description: Downloads a version of the package swancast without installing it
description:
  - apt checks it by the signatures of the repository.
options:
  version:
    description: The version, as apt knows it.
    type: str
    required: true
  cache:
    description: Where to put it.
    type: path
    required: true
"""

EXAMPLES = """
- name: Fetch
  swancast_fetch:
    version: 0.2.0
    cache: /var/cache/swancast
"""

RETURN = """
path:
  description: The package, "" in check mode when it is not there.
  type: str
  returned: success
"""


def main():
    module = AnsibleModule(
        {"version": {"type": "str", "required": True}, "cache": {"type": "path", "required": True}},
        supports_check_mode=True,
    )
    version, cache = module.params["version"], module.params["cache"]
    # apt writes the colon of an epoch so.
    pattern = os.path.join(glob.escape(cache), f"swancast_{version.replace(':', '%3a')}_*.deb")
    changed = not glob.glob(pattern)
    if changed and not module.check_mode:
        code, _, error = module.run_command(["apt-get", "--quiet", "download", f"swancast={version}"], cwd=cache)
        if code != 0 or not glob.glob(pattern):
            module.fail_json(msg=f"swancast {version} cannot be had from the repositories: {error.strip()}")
    module.exit_json(changed=changed, path=next(iter(glob.glob(pattern)), ""))


if __name__ == "__main__":
    main()
