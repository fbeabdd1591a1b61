/** What warnings.ts finds in a configuration that is allowed. */
export interface Warning {
  readonly key: string;
  readonly message: string;
}
