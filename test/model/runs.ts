/** How many stories are played: enough for every `make test`; more, or one again, on request. */
const { MODEL_RUNS, MODEL_SEED } = process.env;

export const runs = (count: number): { numRuns: number; seed?: number } => ({
  numRuns: MODEL_RUNS === undefined ? count : Number(MODEL_RUNS),
  ...(MODEL_SEED === undefined ? {} : { seed: Number(MODEL_SEED) }),
});

/** A ceiling for a loaded machine, not a measure: a suite takes seconds. */
export const TIMEOUT_MS = 120_000;
