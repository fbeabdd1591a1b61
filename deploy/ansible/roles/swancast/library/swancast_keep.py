#!/usr/bin/python3
"""Keeps what is on a host before a roll-out, and brings it back."""

import glob
import json
import os
import shutil
import tarfile

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = """
module: swancast_keep
short_description: Keeps the state of swancast before a roll-out, and brings it back
description:
  - Keeps files (those that are not there, too) and the version of the package that was installed.
  - Packages themselves lie beside it, as they were installed from.
options:
  cache:
    description: Where to keep it.
    type: path
    required: true
  state:
    description:
      - C(kept) keeps what is there now, and remembers that a roll-out has begun. What an interrupted one kept stays, as
        what is there now may be half of one and half of the other.
      - C(back) brings the files back.
      - C(undone) is C(finished) after a roll-out that failed and was put back: what was kept before it counts again.
      - C(finished) forgets that a roll-out has begun, and removes packages that are of no use any more.
      - C(read) only says what was kept.
    type: str
    choices: [kept, back, undone, finished, read]
    required: true
  version:
    description: The installed version of swancast; empty, and there is nothing to keep.
    type: str
    default: ""
  paths:
    description: Files and directories that belong to the state.
    type: list
    elements: path
    default: []
  packages:
    description: The packages that are still of use.
    type: list
    elements: str
    default: []
"""

EXAMPLES = """
- name: Keep what is there
  swancast_keep:
    cache: /var/cache/swancast
    state: kept
    version: 0.1.0
    paths: [/etc/swancast/swancast.yaml]
"""

RETURN = """
version:
  description: The version that was installed when it was kept, "" when nothing was kept.
  type: str
  returned: always
there:
  description: The files that were there then.
  type: list
  returned: when C(state) is C(read) or C(back)
"""


def snapshot(paths):
    """Mode, owner and content of everything below the paths, to compare by."""
    found = {}
    for top in paths:
        for path in [top, *(os.path.join(at, name) for at, _, names in os.walk(top) for name in names)]:
            if os.path.isfile(path):
                with open(path, "rb") as file:
                    stat = os.fstat(file.fileno())
                    found[path] = (stat.st_mode, stat.st_uid, stat.st_gid, file.read())
    return found


NAMES = ("previous.tar", "previous.json")


def move(cache, source, target):
    for name in NAMES:
        try:
            os.replace(os.path.join(cache, f"{source}{name}"), os.path.join(cache, f"{target}{name}"))
        except FileNotFoundError:
            pass


def remove(cache, prefix):
    for name in NAMES:
        try:
            os.unlink(os.path.join(cache, f"{prefix}{name}"))
        except FileNotFoundError:
            pass


def read_record(cache):
    try:
        with open(os.path.join(cache, "previous.json"), encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError):
        return {"version": "", "paths": []}


def keep(archive, record, version, paths):
    partial = f"{archive}.partial"
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        with tarfile.open(fileobj=file, mode="w") as tar:
            for path in filter(os.path.lexists, paths):
                tar.add(path)
    os.replace(partial, archive)
    with open(record, "w", encoding="utf-8") as file:
        json.dump({"version": version, "paths": paths}, file)


def contained(archive):
    """The paths that were there."""
    if not os.path.exists(archive):
        return []
    with tarfile.open(archive) as tar:
        return [f"/{name}" for name in tar.getnames()]


def bring_back(archive, paths):
    before = snapshot(paths)
    for path in paths:
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        elif os.path.lexists(path):
            os.unlink(path)
    with tarfile.open(archive) as tar:
        # Our own archive, below a directory of root: with its owners, which the default of Python 3.14 drops.
        known = {"filter": "fully_trusted"} if hasattr(tarfile, "fully_trusted_filter") else {}
        tar.extractall("/", **known)
    return before != snapshot(paths)


def finish(cache, packages, is_undone):
    if is_undone:
        remove(cache, "")
        move(cache, "older-", "")
    else:
        remove(cache, "older-")
    version = read_record(cache)["version"].replace(":", "%3a")
    for path in glob.glob(os.path.join(glob.escape(cache), "swancast_*.deb")):
        name = os.path.basename(path)
        if name not in packages and not (version != "" and name.startswith(f"swancast_{version}_")):
            os.unlink(path)
    try:
        os.unlink(os.path.join(cache, "unfinished"))
    except FileNotFoundError:
        pass


def begin(cache, archive, record, params):
    os.makedirs(cache, mode=0o700, exist_ok=True)
    marker = os.path.join(cache, "unfinished")
    is_whole = not os.path.exists(marker) or not os.path.exists(archive)
    # Without a version there was nothing before: also when the first installation goes on.
    if is_whole and params["version"] != "":
        move(cache, "", "older-")
        keep(archive, record, params["version"], params["paths"])
    with open(marker, "w", encoding="utf-8") as file:
        file.write("A roll-out of Ansible has begun here and not ended. The next one goes on.\n")


def main():
    module = AnsibleModule(
        {
            "cache": {"type": "path", "required": True},
            "state": {"type": "str", "choices": ["kept", "back", "undone", "finished", "read"], "required": True},
            "version": {"type": "str", "default": ""},
            "paths": {"type": "list", "elements": "path", "default": []},
            "packages": {"type": "list", "elements": "str", "default": []},
        },
        supports_check_mode=True,
    )
    params = module.params
    cache, state = params["cache"], params["state"]
    archive, record = (os.path.join(cache, name) for name in NAMES)
    known = read_record(cache)
    try:
        known["there"] = contained(archive)
        if state == "read" or (module.check_mode and state != "back"):
            module.exit_json(changed=False, **known)
        if state == "kept":
            begin(cache, archive, record, params)
            module.exit_json(changed=True)
        if state in ("finished", "undone"):
            finish(cache, params["packages"], is_undone=state == "undone")
            module.exit_json(changed=False)
        if not os.path.exists(archive):
            module.fail_json(msg=f"nothing was kept in {cache}: there is no state to bring back")
        changed = True if module.check_mode else bring_back(archive, known["paths"])
        module.exit_json(changed=changed, **known)
    except (OSError, tarfile.TarError) as error:
        module.fail_json(msg=f"{cache}: {error}")


if __name__ == "__main__":
    main()
