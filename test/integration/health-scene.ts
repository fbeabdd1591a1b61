/** What the tests of the checks have in common: a gateway and its clients (health-net.ts), and somebody who watches. */
import { spawn, type ChildProcess } from 'node:child_process';
import { afterEach, beforeEach } from 'vitest';
import { CHECK_TYPES, type CheckPlan, type CheckTypeName } from '../../health/registry.ts';
import { limitsOf } from '../health/checks/scripted.ts';
import { Agent, said } from './health-agent-process.ts';
import { ANYCAST_4, HealthNet } from './health-net.ts';

/** A type with its defaults but for these limits, looked at often. */
export function plan(type: CheckTypeName, own: Record<string, unknown> = {}): CheckPlan {
  const { timeoutMs } = CHECK_TYPES[type].defaults;
  const limits = limitsOf(type, own);
  return { name: type, type, intervalMs: 500, fastMs: 250, timeoutMs, dependsOn: [], limits };
}

export const SECRETS = 'secrets { ike-1 { secret = "only for this test" } }\n';

export const ESP = 'esp_proposals = aes128-sha256';

/** All clients of these tests come from one address: no cookies, and no limit, for so many logins at once. */
export const MANY_FROM_ONE =
  'cookie_threshold = 1000 \n cookie_threshold_ip = 1000 \n block_threshold = 1000';

/** The gateway's connection for clients with a pre-shared key. */
export const gatewayConf = (child: string, more = ''): string => `connections {
  clients {
    local_addrs = ${ANYCAST_4}
    local { auth = psk \n id = gateway.example }
    remote { auth = psk }
    pools = vips
    ${more}
    children { net { local_ts = 10.10.0.0/24 \n ${child} } }
  }
}
pools { vips { addrs = 10.3.1.0/24 } }
${SECRETS}`;

/** A client's connections home, home-1 … home-n, each with an identity of its own. */
export const clientConf = (count: number, child: string, auth = 'auth = psk', secrets = SECRETS): string => {
  const one = (n: number): string => `  home-${String(n)} {
    local_addrs = 10.1.1.1
    remote_addrs = ${ANYCAST_4}
    vips = 0.0.0.0
    local { ${auth} \n id = client-${String(n)}.example }
    remote { auth = psk \n id = gateway.example }
    children { net-${String(n)} { remote_ts = 10.10.0.0/24 \n ${child} } }
  }`;
  const all = Array.from({ length: count }, (_, index) => one(index + 1)).join('\n');
  return `connections {\n${all}\n}\n${secrets}`;
};

/** A fresh network for each test of a suite, and what was started in it ended with it. */
export class Scene {
  #net: HealthNet | undefined;
  #agent: Agent | undefined;
  #others: ChildProcess[] = [];

  /** To be called in the suite itself. */
  static forEachTest(): Scene {
    const scene = new Scene();
    beforeEach(({ onTestFailed }) => {
      scene.#net = new HealthNet();
      onTestFailed(() => {
        process.stderr.write(scene.#last());
      });
    });
    afterEach(async () => {
      await scene.#agent?.end();
      for (const other of scene.#others) other.kill('SIGKILL');
      scene.#others = [];
      scene.#net?.close();
    });
    return scene;
  }

  get net(): HealthNet {
    if (this.#net === undefined) throw new Error('there is a network only during a test');
    return this.#net;
  }

  watch(...plans: readonly CheckPlan[]): Agent {
    this.#agent = new Agent(this.net.gateway.namespace, this.net.gateway.socket, plans);
    return this.#agent;
  }

  /** Runs a program in the client's namespace until the test is over. */
  onClient(...argv: string[]): void {
    const words = ['netns', 'exec', this.net.client.namespace, ...argv];
    this.#others.push(spawn('ip', words, { stdio: 'ignore' }));
  }

  /** Whether client `n` got its whole tunnel up. */
  initiate(n: number, timeout = 10): boolean {
    try {
      this.net.client.swanctl('--initiate', '--child', `net-${String(n)}`, '--timeout', String(timeout));
      return true;
    } catch {
      return false;
    }
  }

  /** What was seen last, for whoever wonders why a test waited in vain. */
  #last(): string {
    const results = this.#agent?.results.slice(-12) ?? [];
    const lines = results.map((result) => `  ${result.check}: ${said(result)} ${result.value ?? ''}\n`);
    return `the last results:\n${lines.join('')}`;
  }
}
