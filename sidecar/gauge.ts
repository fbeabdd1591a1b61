/** Gauges that are read when they are scraped. */
import { Gauge, type Registry } from 'prom-client';

export type MakeGauge = <L extends string>(
  name: string,
  help: string,
  labelNames: readonly L[],
  read: (gauge: Gauge<L>) => void,
) => void;

export const gaugeMaker =
  (registers: Registry[]): MakeGauge =>
  (name, help, labelNames, read) =>
    void new Gauge({
      name: `swancast_${name}`,
      help,
      labelNames,
      registers,
      collect() {
        // reset() would leave a gauge without labels at 0, and unknown is not zero.
        if (labelNames.length === 0) this.remove();
        else this.reset();
        read(this);
      },
    });
