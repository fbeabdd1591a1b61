/** CLOCK_MONOTONIC, milliseconds: the same for all processes of the host, and deaf to clock steps. */
export const monotonic = (): number => Number(process.hrtime.bigint()) / 1e6;
