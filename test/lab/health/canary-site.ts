/**
 * A canary beside the gateway that serves: a namespace of its own with a charon of its own and `swancast canary`,
 * which logs in at the anycast address and talks to a service behind the gateway.
 *
 *     sc-NAME-canary  eth0 10.7.1.2 ──veth── 10.7.1.1 canary  sc-NAME-gwN   lo: 10.10.250.1 (its traffic selector)
 */
import { copyFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { section } from '../../../health/vici/message.ts';
import { Charon } from '../charon.ts';
import { LabError } from '../lab-error.ts';
import { NETNS_DIRECTORY } from '../namespaces.ts';
import type { Daemon } from '../processes.ts';
import { runCommand } from '../run-command.ts';
import { ANYCAST4, canaryNamespace, SERVICE_IDENTITY, SERVICE_NET } from '../topology.ts';
import { withVici } from '../vici-command.ts';
import { issue } from './certificate.ts';
import { SERVICE_HOST } from './service.ts';
import type { Stage, TrialCheck } from './trial.ts';

/** What its tunnel covers; SERVICE_HOST is in it. */
const SELECTOR = '10.10.250.0/29';
const INSIDE = '10.10.250.1/32';
const LINK = { gateway: '10.7.1.1/30', canary: '10.7.1.2/30', via: '10.7.1.1' } as const;
const NAMES = ['bird', 'holder'] as const;
const INTERVAL_SECONDS = 1;

const identity = (name: string): string => `${name}.canary.example.org`;

/** The gateway's only address for canaries. */
const poolOf = ({ gateway }: Stage): string => gateway.plan.pool.replace('.0.0/16', '.255.1/32');

function gatewayConf(stage: Stage): string {
  const connection = `connections {
  canary {
    version = 2
    proposals = aes256-sha256-x25519
    local_addrs = ${ANYCAST4}
    mobike = no
    pools = canary
    local {
      auth = pubkey
      certs = gateway.pem
      id = ${SERVICE_IDENTITY}
    }
    remote {
      auth = pubkey
      id = ${identity('*')}
    }
    children { services { local_ts = ${SERVICE_NET} \n esp_proposals = aes256-sha256 } }
  }
`;
  return stage.gateway
    .swanctlConf({})
    .replace('connections {\n', () => connection)
    .replace('pools {\n', () => `pools {\n  canary { addrs = ${poolOf(stage)} }\n`);
}

const clientConf = (): string => {
  const one = (name: string): string => `  ${name} {
    version = 2
    proposals = aes256-sha256-x25519
    remote_addrs = ${ANYCAST4}
    vips = 0.0.0.0
    local {
      auth = pubkey
      certs = ${name}.pem
      id = ${identity(name)}
    }
    remote {
      auth = pubkey
      id = ${SERVICE_IDENTITY}
    }
    children { services { remote_ts = ${SELECTOR} \n esp_proposals = aes256-sha256 } }
  }
`;
  return `connections {\n${NAMES.map(one).join('')}}\n`;
};

export class CanarySite {
  readonly charon: Charon;
  readonly report: string;
  readonly #stage: Stage;
  readonly #namespace: string;
  readonly #directory: string;
  #daemon: Daemon | undefined;

  private constructor(stage: Stage, namespace: string, directory: string) {
    this.#stage = stage;
    this.#namespace = namespace;
    this.#directory = directory;
    this.report = join(directory, 'report.sock');
    this.charon = new Charon('canary', namespace, directory, stage.lab.processes);
  }

  /** Namespace, charon with a connection for the canary and one to hold the only address; the gateway lets them in. */
  static async raise(stage: Stage): Promise<CanarySite> {
    const { lab, gateway, signal } = stage;
    const namespace = canaryNamespace(lab.topology);
    const gone = async (): Promise<void> => {
      // The kernel takes its end of the link away only some time after the namespace.
      const link = ['ip', '-n', gateway.plan.namespace, 'link', 'delete', 'canary'] as const;
      await runCommand(link, AbortSignal.timeout(5000)).catch(() => undefined);
      if (!existsSync(join(NETNS_DIRECTORY, namespace))) return;
      await runCommand(['ip', 'netns', 'delete', namespace], AbortSignal.timeout(5000));
    };
    await gone();
    stage.defer(gone);
    const inside = ['-n', gateway.plan.namespace] as const;
    await runCommand(['ip', 'netns', 'add', namespace], signal);
    const commands: readonly (readonly string[])[] = [
      [...inside, 'link', 'add', 'canary', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace],
      [...inside, 'addr', 'add', LINK.gateway, 'dev', 'canary'],
      [...inside, 'link', 'set', 'canary', 'up'],
      [...inside, 'addr', 'replace', INSIDE, 'dev', 'lo'],
      ['-n', namespace, 'addr', 'add', LINK.canary, 'dev', 'eth0'],
      ['-n', namespace, 'link', 'set', 'lo', 'up'],
      ['-n', namespace, 'link', 'set', 'eth0', 'up'],
      ['-n', namespace, 'route', 'add', 'default', 'via', LINK.via],
      // Without its tunnel nothing shall find another way.
      ['-n', namespace, 'route', 'add', 'unreachable', SERVICE_NET],
    ];
    for (const words of commands) await runCommand(['ip', ...words], signal);

    const directory = join(lab.directory, 'canary');
    rmSync(directory, { recursive: true, force: true });
    mkdirSync(directory);
    const site = new CanarySite(stage, namespace, directory);
    copyFileSync(join(lab.directory, 'pki', 'ca.crt.pem'), join(directory, 'swanctl', 'x509ca', 'ca.pem'));
    for (const name of NAMES) {
      const { certificate, key } = await issue(stage, { name, names: [identity(name)] });
      copyFileSync(certificate, join(directory, 'swanctl', 'x509', `${name}.pem`));
      copyFileSync(key, join(directory, 'swanctl', 'private', `${name}.pem`));
    }
    site.charon.writeConf(clientConf());
    gateway.charon.writeConf(gatewayConf(stage));
    await gateway.charon.load(signal);
    await site.charon.start(signal);
    stage.defer(async () => site.charon.daemon.end('SIGKILL'));
    await site.charon.load(signal);
    return site;
  }

  /** Begins its rounds, through to this port of SERVICE_HOST. */
  start(port: number): void {
    const file = join(this.#directory, 'canary.yaml');
    writeFileSync(
      file,
      `canary: { name: canary, interval_seconds: ${String(INTERVAL_SECONDS)} }
strongswan: { vici_socket: ${this.charon.viciSocket} }
report: { socket: ${this.report} }
tunnels:
  - name: home
    connection: bird
    child: services
    timeout_seconds: 3
    traffic: { kind: tcp, address: ${SERVICE_HOST}, port: ${String(port)}, timeout_seconds: 1 }
`,
    );
    const daemon = this.#stage.lab.processes.start({
      name: 'canary-swancast',
      namespace: this.#namespace,
      argv: [process.execPath, this.#stage.gateway.entry, 'canary', '-c', file],
    });
    this.#daemon = daemon;
    this.#stage.defer(async () => daemon.end('SIGTERM'));
  }

  async stop(): Promise<void> {
    await this.#daemon?.end('SIGKILL');
  }

  /** Takes the pool's only address, and keeps it. */
  async hold(): Promise<void> {
    const { signal } = this.#stage;
    // The canary may have it just now.
    for (let left = 50; ; left -= 1) {
      try {
        await this.#vici('initiate', { ike: 'holder', child: 'services', timeout: '3000' });
        return;
      } catch (error) {
        if (!(error instanceof LabError) || left === 0) throw error;
        await this.release();
        await delay(100, undefined, { signal });
      }
    }
  }

  async release(): Promise<void> {
    await this.#vici('terminate', { ike: 'holder', timeout: '2000', force: 'yes' }).catch(
      (error: unknown) => {
        if (!(error instanceof LabError)) throw error;
      },
    );
  }

  check(limits: Readonly<Record<string, unknown>> = {}): TrialCheck {
    return {
      name: 'canary',
      type: 'canary',
      interval_seconds: 0.5,
      timeout_seconds: 0.4,
      limits: { report: this.report, report_age_seconds: 10, ...limits },
    };
  }

  async #vici(name: string, args: Readonly<Record<string, string>>): Promise<void> {
    await withVici(this.charon.viciSocket, this.#stage.signal, async (command) => {
      await command(name, Object.assign(section(), args));
    });
  }
}
