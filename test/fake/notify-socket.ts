/** systemd's end of sd_notify(3): a datagram socket, by way of python3, as node has none. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const RECEIVER = `
import json, socket, sys
line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
line.bind(sys.argv[1])
print("bound", flush=True)
while True:
    print(json.dumps(line.recv(65536).decode()), flush=True)
`;

/** Where it is not, tests that need it are skipped, and say so. */
export const hasPython = spawnSync('python3', ['-c', ''], { stdio: 'ignore' }).status === 0;

export class NotifySocket {
  readonly directory = mkdtempSync(join(tmpdir(), 'swancast-notify-'));
  readonly path = join(this.directory, 'notify');
  /** Whole datagrams, oldest first. */
  readonly heard: string[] = [];
  readonly #child: ChildProcess;
  readonly #waiting = new Set<() => void>();

  private constructor() {
    this.#child = spawn('python3', ['-c', RECEIVER, this.path], { stdio: ['ignore', 'pipe', 'inherit'] });
  }

  static async listen(): Promise<NotifySocket> {
    const socket = new NotifySocket();
    if (socket.#child.stdout === null) throw new Error('no pipe to the receiver');
    const lines = createInterface({ input: socket.#child.stdout });
    await once(lines, 'line');
    lines.on('line', (line) => {
      socket.heard.push(JSON.parse(line) as string);
      for (const look of socket.#waiting) look();
    });
    return socket;
  }

  /** Resolves with the first datagram from number `from` on that matches. */
  until(what: RegExp, from = 0): Promise<string> {
    return new Promise((resolve) => {
      const look = (): void => {
        const message = this.heard.slice(from).find((each) => what.test(each));
        if (message === undefined) return;
        this.#waiting.delete(look);
        resolve(message);
      };
      this.#waiting.add(look);
      look();
    });
  }

  /** Frozen, it takes nothing from its queue. */
  freeze(): void {
    this.#child.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child.kill('SIGCONT');
  }

  /** Nobody listens there any more. */
  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGKILL');
    await once(this.#child, 'exit');
  }

  async stop(): Promise<void> {
    await this.end();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
