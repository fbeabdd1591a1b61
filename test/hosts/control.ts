/** The machine from which the hosts are managed: a namespace with ssh, Ansible and a package repository. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Mapping } from '../lab/routing/site-config.ts';
import type { Processes } from '../lab/processes.ts';
import { runCommand } from '../lab/run-command.ts';
import { CONTROL_ADDRESS, REPOSITORY_PORT, type HostsPlan } from './plan.ts';

export class Control {
  readonly namespace: string;
  readonly directory: string;
  /** The directory that the hosts' apt reads. */
  readonly repository: string;
  readonly key: string;
  readonly #plan: HostsPlan;

  private constructor(plan: HostsPlan, directory: string) {
    this.#plan = plan;
    this.namespace = plan.control;
    this.directory = directory;
    this.repository = join(directory, 'repository');
    this.key = join(directory, 'id_ed25519');
  }

  static async create(
    plan: HostsPlan,
    directory: string,
    processes: Processes,
    signal: AbortSignal,
  ): Promise<Control> {
    const control = new Control(plan, directory);
    mkdirSync(control.repository, { recursive: true });
    await runCommand(
      ['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', 'hosts', '-f', control.key],
      signal,
    );
    const server = processes.start({
      name: 'control-repository',
      namespace: control.namespace,
      argv: [
        ...(['/usr/bin/python3', '-m', 'http.server', String(REPOSITORY_PORT)] as const),
        ...['--bind', CONTROL_ADDRESS, '--directory', control.repository],
      ],
      env: { PYTHONUNBUFFERED: '1' },
      stdout: 'pipe',
    });
    const stdout = server.child.stdout;
    if (stdout === null) throw new RangeError('it was asked for');
    // "Serving HTTP on …": the whole line, or the rest of it would break the pipe.
    for await (const chunk of stdout) if (String(chunk).includes('\n')) break;
    return control;
  }

  get publicKey(): string {
    return `${this.key}.pub`;
  }

  get inventory(): string {
    return join(this.directory, 'inventory.yml');
  }

  /** As JSON, which is YAML. @param vars of one host, and of all of them */
  writeInventory(vars: Readonly<Record<string, Mapping>>, common: Mapping): void {
    const hosts = this.#plan.hosts.map(({ name, management }) => [
      name,
      { ansible_host: management, ...vars[name] },
    ]);
    const connection = {
      ansible_user: 'root',
      ansible_ssh_private_key_file: this.key,
      // They are made anew each time, and nobody is between us and them.
      ansible_ssh_common_args:
        '-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR',
    };
    const gateways = { hosts: Object.fromEntries(hosts), vars: { ...connection, ...common } };
    writeFileSync(this.inventory, `${JSON.stringify({ all: { children: { gateways } } }, null, 2)}\n`);
  }
}
