/** How many stories are played: enough for every `make test`; more, or one again, on request. */
const { MODEL_RUNS, MODEL_SEED } = process.env;

export const runs = (count: number): { numRuns: number; seed?: number } => ({
  numRuns: MODEL_RUNS === undefined ? count : Number(MODEL_RUNS),
  ...(MODEL_SEED === undefined ? {} : { seed: Number(MODEL_SEED) }),
});

/** A ceiling for a loaded machine, not a measure: a suite takes seconds. Whoever asks for more has the time. */
export const TIMEOUT_MS = MODEL_RUNS === undefined ? 120_000 : 3_600_000;
