/** A Prometheus on the machine that manages the hosts, with the rules that ship: which alerts fire. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { patient } from '../lab/dataplane.ts';
import { LabError } from '../lab/lab-error.ts';
import { runCommand } from '../lab/run-command.ts';
import { CONTROL_ADDRESS, PROMETHEUS_PORT } from './plan.ts';
import type { HostsSite } from './site.ts';

const SHIPPED = fileURLToPath(new URL('../../deploy/prometheus/', import.meta.url));
const LOOK_MS = 500;
const BASE = `http://${CONTROL_ADDRESS}:${PROMETHEUS_PORT}`;

export interface Alert {
  readonly name: string;
  readonly gateway: string | undefined;
  readonly state: string;
}

export class Alerts {
  readonly #site: HostsSite;

  constructor(site: HostsSite) {
    this.#site = site;
  }

  /** @param targets the file that the Ansible role writes @param token that the listeners ask for */
  async start(targets: string, token: string, signal: AbortSignal): Promise<void> {
    const site = this.#site;
    const directory = join(site.directory, 'prometheus');
    mkdirSync(join(directory, 'data'), { recursive: true });
    const tokenFile = join(directory, 'token');
    writeFileSync(tokenFile, token, { mode: 0o600 });
    const config = {
      global: { evaluation_interval: '1s' },
      rule_files: ['recording.rules.yml', 'alerts.rules.yml'].map((file) => join(SHIPPED, file)),
      scrape_configs: [
        {
          ...{ job_name: 'swancast', scrape_interval: '1s', scrape_timeout: '1s' },
          authorization: { credentials_file: tokenFile },
          file_sd_configs: [{ files: [targets], refresh_interval: '5s' }],
        },
      ],
    };
    const file = join(directory, 'prometheus.json.yml');
    writeFileSync(file, JSON.stringify(config));
    site.processes.start({
      name: 'control-prometheus',
      namespace: site.control.namespace,
      argv: [
        ...(['prometheus', `--config.file=${file}`] as const),
        ...[
          `--storage.tsdb.path=${join(directory, 'data')}`,
          `--web.listen-address=${CONTROL_ADDRESS}:${PROMETHEUS_PORT}`,
        ],
      ],
    });
    const all = site.hosts.length;
    await this.until('every host is scraped', async () => (await this.#up(signal)) === all, 60_000, signal);
  }

  /** Those that are pending or firing. */
  async now(signal: AbortSignal): Promise<Alert[]> {
    const answer = (await this.#ask('/api/v1/alerts', signal)) as {
      data: { alerts: readonly { labels: Record<string, string>; state: string }[] };
    };
    return answer.data.alerts.map(({ labels, state }) => ({
      name: labels['alertname'] ?? '',
      gateway: labels['gateway'],
      state,
    }));
  }

  /** @throws LabError LAB_DEADLINE */
  async untilFiring(name: string, gateway: string, withinMs: number, signal: AbortSignal): Promise<void> {
    const fires = async (): Promise<boolean> =>
      (await this.now(signal)).some(
        (alert) => alert.name === name && alert.gateway === gateway && alert.state === 'firing',
      );
    await this.until(`the alert ${name} fires for ${gateway}`, fires, withinMs, signal);
  }

  async until(
    what: string,
    is: () => Promise<boolean>,
    withinMs: number,
    signal: AbortSignal,
  ): Promise<void> {
    const deadline = performance.now() + patient(withinMs);
    while (!(await is())) {
      if (performance.now() > deadline)
        throw new LabError(
          'LAB_DEADLINE',
          `expected within ${withinMs} ms: ${what}; alerts now: ${JSON.stringify(await this.now(signal).catch(() => []))}`,
        );
      await delay(LOOK_MS, undefined, { signal });
    }
  }

  async #up(signal: AbortSignal): Promise<number> {
    try {
      const answer = (await this.#ask('/api/v1/query?query=up', signal)) as {
        data: { result: readonly { value: readonly [number, string] }[] };
      };
      return answer.data.result.filter(({ value }) => value[1] === '1').length;
    } catch (error) {
      // It does not listen yet.
      if (!(error instanceof LabError) || signal.aborted) throw error;
      return 0;
    }
  }

  /** By a program in its namespace: ours has no way there. */
  async #ask(path: string, signal: AbortSignal): Promise<unknown> {
    const script =
      'import sys,urllib.request; sys.stdout.write(urllib.request.urlopen(sys.argv[1],timeout=5).read().decode())';
    const namespace = this.#site.control.namespace;
    const argv = ['ip', 'netns', 'exec', namespace, 'python3', '-c', script, `${BASE}${path}`] as const;
    return JSON.parse(await runCommand([...argv], signal)) as unknown;
  }
}
