/** The listeners of the daemon, opened and closed together. */
import { Access, type AccessLog } from './access.ts';
import type { Config } from './config/config.ts';
import { serve, type Listener, type Views } from './http.ts';

/** Who answers: orders are taken, and clients named, on the control socket alone. */
export type DaemonViews = Required<Views>;

export class Listeners {
  readonly #servers: readonly Listener[];

  private constructor(servers: readonly Listener[]) {
    this.#servers = servers;
  }

  /**
   * The control socket first: it is what refuses a second sidecar on the same host. Rejects with HttpError, and
   * then leaves nothing open.
   */
  static async open(
    { control, http }: Pick<Config, 'control' | 'http'>,
    { orders, drains, sessions, ...views }: DaemonViews,
    log: AccessLog,
  ): Promise<Listeners> {
    const first = await serve({ path: control.socket }, { ...views, orders, drains, sessions });
    if (http.listen === undefined) return new Listeners([first]);
    try {
      return new Listeners([first, await serve(http.listen, views, new Access(http, log))]);
    } catch (error) {
      // An open listener would keep a process alive that does nothing, and refuse the next one.
      first.close();
      throw error;
    }
  }

  /** Takes nobody new; who is there may finish. */
  close(): void {
    for (const server of this.#servers) server.close();
  }

  /** Hangs up. */
  end(): void {
    this.close();
    for (const server of this.#servers) server.closeAllConnections();
  }
}
